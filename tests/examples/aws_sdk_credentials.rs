//! A provider as a source of credentials for the AWS SDK for Rust: thirty lines, for a program that has both.
//!
//! It is no feature of `sts-async` because `aws-credential-types` needs a newer Rust than this library does.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use aws_credential_types::Credentials as SdkCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, future};
use sts_async::operation::AssumeRole;
use sts_async::smol::{Client, SmolConnector};
use sts_async::{AssumeRoleProvider, Credentials, HttpTransport, Provider};
use sts_tests::server::Server;

#[derive(Clone, Debug)]
struct ForSdk(Provider<HttpTransport<SmolConnector>>);

impl ForSdk {
    async fn get(&self) -> Result {
        let credentials = self.0.credentials().await.map_err(CredentialsError::provider_error)?;
        Ok(SdkCredentials::new(
            credentials.access_key_id(),
            credentials.secret_access_key().expose(),
            credentials.session_token().map(|token| token.expose().to_owned()),
            credentials.expiration().map(Into::into),
            "sts-async",
        ))
    }
}

impl ProvideCredentials for ForSdk {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.get())
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let server = Server::start()?;
    let user = server.user();
    let client = Client::builder()
        .region("eu-west-1")
        .endpoint_url(server.url())
        .credentials(Credentials::new(user.access_key_id(), user.secret_access_key())?)
        .build()?;
    let role = AssumeRole::new("arn:aws:iam::123456789012:role/Reader", "sdk");
    let for_sdk = ForSdk(AssumeRoleProvider::new(&client, role).build()?);
    println!("{:?}", futures_lite::future::block_on(for_sdk.provide_credentials())?);
    Ok(())
}
