//! AssumeRole, then GetCallerIdentity as the role, against the URL that is given: by aws-sdk-sts alone, with region and
//! credentials from the environment.

use std::env;

use aws_sdk_sts::Client;
use aws_sdk_sts::config::{Credentials, Region};
use aws_sdk_sts::types::Tag;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = env::args().nth(1).ok_or("usage: peer-sdk-lean URL")?;
    let (id, secret) = (env::var("AWS_ACCESS_KEY_ID")?, env::var("AWS_SECRET_ACCESS_KEY")?);
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    let config = aws_sdk_sts::Config::builder()
        .http_client(http.build_https())
        .region(Region::new(env::var("AWS_REGION")?))
        .endpoint_url(url)
        .credentials_provider(Credentials::new(id, secret, None, None, "environment"))
        .build();
    let role = Client::from_conf(config.clone())
        .assume_role()
        .role_arn("arn:aws:iam::123456789012:role/Deploy")
        .role_session_name("build-42-of-the-main-branch-for-tests")
        .duration_seconds(3600)
        .tags(Tag::builder().key("Project").value("Automation").build()?)
        .tags(Tag::builder().key("CostCenter").value("12345").build()?)
        .send()
        .await?;
    let issued = role.credentials().ok_or("no credentials in the reply")?;
    let token = Some(issued.session_token().to_owned());
    let credentials =
        Credentials::new(issued.access_key_id(), issued.secret_access_key(), token, None, "AssumeRole");
    let as_role = config.to_builder().credentials_provider(credentials).build();
    let identity = Client::from_conf(as_role).get_caller_identity().send().await?;
    println!("{}", identity.arn().ok_or("no ARN in the reply")?);
    Ok(())
}
