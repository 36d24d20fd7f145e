//! GetCallerIdentity by the AWS SDK for Rust, with everything from where aws-config finds it. Prints the ARN, the region, and
//! the retry mode with its attempts.
//!
//! `tests/boto3/receivers.py` runs it where `sts` passes credentials on.

use aws_config::BehaviorVersion;
use aws_sdk_sts::Client;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    let identity = Client::new(&config).get_caller_identity().send().await?;
    println!("{}", identity.arn().ok_or("no ARN in the reply")?);
    println!("{}", config.region().map_or("", AsRef::as_ref));
    if let Some(retry) = config.retry_config() {
        println!("{:?} {}", retry.mode(), retry.max_attempts());
    }
    Ok(())
}
