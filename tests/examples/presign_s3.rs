//! Presigned URLs of S3 objects, signed with the credentials of a role that is assumed anew before they expire.
//!
//! The role comes from a local STS here; leave out `endpoint_url` for AWS's.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use std::time::Duration;

use sts_blocking::operation::AssumeRole;
use sts_blocking::sigv4::{Payload, PresignedUrl, Signer, Signing};
use sts_blocking::time::OffsetDateTime;
use sts_blocking::{AssumeRoleProvider, Client, Credentials, Error, Provider, http};
use sts_tests::server::Server;

const REGION: &str = "eu-west-1";

/// Presigns for as long as the process runs. Signing takes microseconds, and now and then a call of STS before.
struct Presigner {
    provider: Provider,
    /// Keeps the signing key of the day.
    signer: Signer,
}

impl Presigner {
    fn get(&self, bucket: &str, key: &str) -> Result<PresignedUrl, Error> {
        let credentials = self.provider.credentials()?;
        let request = http::Request::get(format!("https://{bucket}.s3.{REGION}.amazonaws.com/{key}"))
            .body([])
            .map_err(|_| Error::setting("Key", "must be percent-encoded"))?;
        let mut signing = Signing::new(&credentials, REGION, "s3", OffsetDateTime::now_utc());
        // S3 has rules of its own.
        signing.payload = Payload::Unsigned;
        signing.normalize_path = false;
        signing.double_encode_path = false;
        self.signer.presign(&request, &signing, Duration::from_secs(600))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start()?;
    let user = server.user();
    let client = Client::builder()
        .region(REGION)
        .endpoint_url(server.url())
        .credentials(Credentials::new(user.access_key_id(), user.secret_access_key())?)
        .build()?;
    let role = AssumeRole::new("arn:aws:iam::123456789012:role/Reader", "presigner");
    let presigner =
        Presigner { provider: AssumeRoleProvider::new(&client, role).build()?, signer: Signer::new() };

    for key in ["reports/2026.pdf", "reports/2027.pdf"] {
        let url = presigner.get("my-bucket", key)?;
        // Never later than the role's credentials.
        println!("until {}: {}", url.expires_at(), url.expose());
    }
    println!("to be refreshed at {:?}", presigner.provider.next_refresh_at());
    Ok(())
}
