//! A provider as the source of credentials for the AWS SDK for Rust, by the feature `aws-credential-types`.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use sts_async::operation::AssumeRole;
use sts_async::smol::Client;
use sts_async::{AssumeRoleProvider, Credentials};
use sts_tests::server::Server;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start()?;
    let user = server.user();
    let client = Client::builder()
        .region("eu-west-1")
        .endpoint_url(server.url())
        .credentials(Credentials::new(user.access_key_id(), user.secret_access_key())?)
        .build()?;
    let role = AssumeRole::new("arn:aws:iam::123456789012:role/Reader", "sdk");
    // What `credentials_provider` of the configuration of an SDK client takes.
    let provider = SharedCredentialsProvider::new(AssumeRoleProvider::new(&client, role).build()?);
    println!("{:?}", futures_lite::future::block_on(provider.provide_credentials())?);
    Ok(())
}
