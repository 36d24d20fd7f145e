//! AssumeRole, then GetCallerIdentity as the role, against the URL that is given: by aws-sdk-sts, with region and
//! credentials from where aws-config finds them.

use std::env;

use aws_config::BehaviorVersion;
use aws_sdk_sts::Client;
use aws_sdk_sts::config::Credentials;
use aws_sdk_sts::types::Tag;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = env::args().nth(1).ok_or("usage: peer-sdk URL")?;
    let config = aws_config::defaults(BehaviorVersion::latest()).endpoint_url(url).load().await;
    let role = Client::new(&config)
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
    let as_role = aws_sdk_sts::config::Builder::from(&config).credentials_provider(credentials).build();
    let identity = Client::from_conf(as_role).get_caller_identity().send().await?;
    println!("{}", identity.arn().ok_or("no ARN in the reply")?);
    Ok(())
}
