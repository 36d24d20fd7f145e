//! Tokens for Kubernetes clusters on EKS: made by a client, verified by a server.
//!
//! A token is a presigned GetCallerIdentity that has the cluster's name among the signed headers. Who holds it can ask STS
//! once who made it, and only in the name of that cluster. The form is that of `aws eks get-token` and of
//! aws-iam-authenticator.
//!
//! AWS: [get-token](https://docs.aws.amazon.com/cli/latest/reference/eks/get-token.html).
//!
//! ```
//! use sts_proto::endpoint::EndpointOptions;
//! use sts_proto::token::eks::{EksTokenRequest, ExecApiVersion, Verifier};
//! use sts_proto::{Credentials, Encoder};
//! use time::{Duration, OffsetDateTime};
//!
//! let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve()?);
//! let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")?;
//! let now = OffsetDateTime::from_unix_timestamp(1_795_194_528).unwrap();
//!
//! // The client: what `kubectl` wants from its exec plugin.
//! let token = EksTokenRequest::new("my-cluster").build(&encoder, &credentials, now)?;
//! assert!(token.expose().starts_with("k8s-aws-v1.aHR0cHM6Ly9zdHMuZXUtd2VzdC0xLmFtYXpvbmF3cy5jb20v"));
//! assert_eq!(token.expires_at(), now + Duration::minutes(14));
//! let json = token.exec_credential(ExecApiVersion::V1)?; // goes to stdout
//! assert!(json.as_ref().starts_with(br#"{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1""#));
//!
//! // The server: checks the text, then lets STS check the signature.
//! let verification = Verifier::new("my-cluster")?.verify(token.expose(), now)?;
//! let request = verification.expose_request()?;
//! assert_eq!(request.headers()["x-k8s-aws-id"], "my-cluster");
//! # let send = |_| http::Response::new(r#"{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{
//! #     "Account":"123456789012","Arn":"arn:aws:sts::123456789012:assumed-role/Admin/alice","UserId":"AROAEXAMPLE:alice"},
//! #     "ResponseMetadata":{"RequestId":"1"}}}"#);
//! let response = send(request); // within 10 s, following no redirect
//! let identity = verification.accept(&response)?;
//! assert_eq!(identity.canonical_arn, "arn:aws:iam::123456789012:role/Admin");
//! assert_eq!(identity.session_name.as_deref(), Some("alice"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use http::{HeaderName, HeaderValue, Uri};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

pub use exec_credential::ExecApiVersion;
pub use identity::EksIdentity;
pub use rejection::Rejection;
pub use verifier::{Verification, Verifier};

use super::text;
use crate::credentials::{Credentials, Secret};
use crate::encoder::{Encoder, Presign};
use crate::error::{Error, Rule, Violation};
use crate::operation::GetCallerIdentity;

mod exec_credential;
mod identity;
mod parameters;
mod rejection;
mod verifier;

/// What every token begins with.
pub const PREFIX: &str = "k8s-aws-v1.";

/// The longest token that a [`Verifier`] reads, in bytes. It protects memory, and is more than a token can have: a URL of the
/// `http` crate has less than 65,536 bytes. What other servers take is [`DOCUMENTED_TOKEN_BYTES`].
pub const MAX_TOKEN_BYTES: usize = 131_072;

/// The longest token that aws-iam-authenticator takes, in bytes. A longer one is made all the same: session tokens grow,
/// and servers with them.
pub const DOCUMENTED_TOKEN_BYTES: usize = 4096;

/// How long a token is said to live: a minute less than the 15 that STS allows, as aws-iam-authenticator and the AWS CLI
/// say it.
pub const LIFETIME: Duration = Duration::minutes(14);

/// A token that lives shorter than this comes with a warning.
pub const SHORT_LIFETIME: Duration = Duration::minutes(5);

/// The longest name of a cluster, in bytes. EKS allows 100; aws-iam-authenticator takes any id.
pub const MAX_CLUSTER_BYTES: usize = 256;

/// The header that holds the cluster's name.
const CLUSTER_HEADER: HeaderName = HeaderName::from_static("x-k8s-aws-id");

/// What `X-Amz-Expires` says. Servers count 15 minutes from `X-Amz-Date` whatever it is.
const EXPIRES: std::time::Duration = std::time::Duration::from_secs(60);

/// What a token is to be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EksTokenRequest {
    cluster: String,
}

impl EksTokenRequest {
    /// A token for the cluster of this name, or of this id where the cluster runs aws-iam-authenticator.
    #[must_use]
    pub fn new(cluster: impl Into<String>) -> Self {
        Self { cluster: cluster.into() }
    }

    /// Makes the token. Nothing is sent.
    ///
    /// The encoder's endpoint should be that of the cluster's region; the credentials are those of whom the cluster is to
    /// see.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the cluster's name is empty, has more than
    /// [`MAX_CLUSTER_BYTES`] or holds anything but visible ASCII; the credentials have expired; the endpoint has no
    /// signing region, or a path; or the session token is so long that the URL in the token would not be one.
    pub fn build(
        &self,
        encoder: &Encoder,
        credentials: &Credentials,
        now: OffsetDateTime,
    ) -> Result<EksToken, Error> {
        let cluster = cluster_header(&self.cluster)?;
        if encoder.endpoint().url().path() != "/" {
            return Err(Error::setting(
                "EndpointUrl",
                "must not have a path: servers refuse a token with one",
            ));
        }
        if credentials.expiration().is_some_and(|end| end <= now) {
            return Err(Error::setting("Credentials", "have expired, so no server would take the token"));
        }
        let options = Presign::new(EXPIRES).header(CLUSTER_HEADER, cluster);
        let url = encoder.presign(&GetCallerIdentity::new(), credentials, now, &options)?;
        if Uri::try_from(url.expose()).is_err() {
            let rule = format!("makes a URL of {} bytes, which no server can request", url.expose().len());
            return Err(Error::setting("SessionToken", rule));
        }
        let length = PREFIX.len() + (url.expose().len() * 4).div_ceil(3);
        let mut token = Zeroizing::new(String::with_capacity(length));
        token.push_str(PREFIX);
        text::push_base64url(url.expose().as_bytes(), &mut token);
        let end = now.saturating_add(LIFETIME);
        Ok(EksToken {
            token: Secret::from(std::mem::take(&mut *token)),
            issued_at: now,
            expires_at: credentials.expiration().map_or(end, |expiration| expiration.min(end)),
        })
    }
}

/// The value of the header.
fn cluster_header(cluster: &str) -> Result<HeaderValue, Error> {
    let is_plain = cluster.bytes().all(|b| b.is_ascii_graphic());
    HeaderValue::from_str(cluster)
        .ok()
        .filter(|_| is_plain && (1..=MAX_CLUSTER_BYTES).contains(&cluster.len()))
        .ok_or_else(|| {
            let rule = format!(
                "must be 1 to {MAX_CLUSTER_BYTES} visible ASCII characters, and is {} bytes of something else",
                cluster.len()
            );
            Error::setting("ClusterName", rule)
        })
}

/// A token that tells a cluster who one is.
///
/// Whoever has it is that caller to the cluster until it expires: no `Display`, a redacted `Debug`, and two exits,
/// [`expose`](Self::expose) and [`exec_credential`](Self::exec_credential).
#[derive(Clone)]
pub struct EksToken {
    token: Secret,
    issued_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

impl EksToken {
    /// The token, as it stands in an `Authorization: Bearer` header.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.token.expose()
    }

    /// When it is to be replaced: after 14 minutes, or when the credentials expire, whichever is first.
    #[must_use]
    pub fn expires_at(&self) -> OffsetDateTime {
        self.expires_at
    }

    /// Whether less than `left` of its time is left.
    #[must_use]
    pub fn expires_within(&self, left: Duration, now: OffsetDateTime) -> bool {
        self.expires_at - now < left
    }

    /// What speaks against the token: the credentials end it earlier than [`SHORT_LIFETIME`] after it was made, so refresh
    /// them first; or the session token makes it longer than [`DOCUMENTED_TOKEN_BYTES`]. Empty where nothing does.
    #[must_use]
    pub fn advice(&self) -> Vec<Violation> {
        let mut advice = Vec::new();
        let left = self.expires_at - self.issued_at;
        if left < SHORT_LIFETIME {
            let sentence = format!("expire in {} seconds, and the token with them", left.whole_seconds());
            advice.push(Violation::new("Credentials", Rule::Documented(sentence.into())));
        }
        let length = self.token.len();
        if length > DOCUMENTED_TOKEN_BYTES {
            let sentence = format!(
                "makes a token of {length} bytes; aws-iam-authenticator documents a limit of {DOCUMENTED_TOKEN_BYTES}"
            );
            advice.push(Violation::new("SessionToken", Rule::Documented(sentence.into())));
        }
        advice
    }
}

impl fmt::Debug for EksToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EksToken")
            .field("token", &self.token)
            .field("expires_at", &self.expires_at.to_string())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::EndpointOptions;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn credentials() -> Credentials {
        Credentials::new("AKIDEXAMPLE", "sEcReT").unwrap().with_session_token("tO/kEn==").unwrap()
    }

    fn build(cluster: &str, credentials: &Credentials) -> Result<EksToken, Error> {
        let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
        EksTokenRequest::new(cluster).build(&encoder, credentials, NOW)
    }

    #[test]
    fn the_url_is_that_of_the_aws_cli() {
        let token = build("cluster", &credentials()).unwrap();
        let url = text::from_base64url(token.expose().strip_prefix(PREFIX).unwrap()).unwrap();
        let (url, signature) = url.rsplit_once('=').unwrap();
        assert_eq!(
            url,
            "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15\
             &X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIDEXAMPLE%2F19700101%2Feu-west-1%2Fsts%2Faws4_request\
             &X-Amz-Date=19700101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id\
             &X-Amz-Security-Token=tO%2FkEn%3D%3D&X-Amz-Signature"
        );
        assert_eq!(signature.len(), 64);
        assert!(!format!("{token:?}").contains("k8s-aws"), "{token:?}");
    }

    #[test]
    fn it_ends_with_the_credentials() {
        let after = |seconds| credentials().with_expiration(NOW + Duration::seconds(seconds));
        for (seconds, left, warns) in
            [(10_000, 840, false), (840, 840, false), (300, 300, false), (299, 299, true)]
        {
            let token = build("c", &after(seconds)).unwrap();
            assert_eq!(token.expires_at(), NOW + Duration::seconds(left), "{seconds}");
            assert_eq!(!token.advice().is_empty(), warns, "{seconds}");
            assert!(token.expires_within(Duration::seconds(left + 1), NOW));
            assert!(!token.expires_within(Duration::seconds(left), NOW));
        }
        assert!(build("c", &after(0)).unwrap_err().to_string().contains("expired"));
        let text = build("c", &after(20)).unwrap().advice()[0].to_string();
        assert_eq!(text, "`Credentials` expire in 20 seconds, and the token with them");
    }

    #[test]
    fn token_of_a_long_session_is_made_with_advice() {
        let long = credentials().with_session_token("x".repeat(3000)).unwrap();
        let token = build("c", &long).unwrap();
        let text = token.advice()[0].to_string();
        let length = token.expose().len();
        assert!(text.contains(&format!("{length} bytes")) && text.contains("4096"), "{text}");
    }

    #[test]
    fn token_of_any_session_is_verified_or_not_made() {
        let verifier = Verifier::new("c").unwrap();
        // Slashes take three bytes in a URL.
        for (length, is_made) in [(4096, true), (21_000, true), (22_000, false)] {
            let long = credentials().with_session_token("/".repeat(length)).unwrap();
            match build("c", &long) {
                Ok(token) => {
                    assert!(is_made && token.expose().len() <= MAX_TOKEN_BYTES, "{length}");
                    verifier.verify(token.expose(), NOW).unwrap();
                }
                Err(error) => assert!(!is_made && error.to_string().contains("`SessionToken`"), "{error}"),
            }
        }
    }

    #[test]
    fn what_no_server_would_take() {
        for cluster in ["", "a b", "a\n", "é", &"x".repeat(MAX_CLUSTER_BYTES + 1)] {
            let error = build(cluster, &credentials()).unwrap_err().to_string();
            assert!(error.contains("`ClusterName`"), "{error}");
        }
        build(&"x".repeat(MAX_CLUSTER_BYTES), &credentials()).unwrap();
        let endpoint = EndpointOptions::new().url("http://localhost:1/path").region("eu-west-1");
        let encoder = Encoder::new(endpoint.resolve().unwrap());
        let error = EksTokenRequest::new("c").build(&encoder, &credentials(), NOW).unwrap_err();
        assert!(error.to_string().contains("path"), "{error}");
    }
}
