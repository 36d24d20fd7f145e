//! AWS Signature Version 4, for any service and any `http::Request`.
//!
//! One file for each step of AWS's document: canonical request, string to sign, signing key, signature; one for presigned
//! URLs, and one for what all requests of an encoder have in common.
//!
//! AWS: [Signature Version 4](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
//!
//! ```
//! use sts_proto::sigv4::{Signer, Signing};
//! use sts_proto::Credentials;
//! use time::OffsetDateTime;
//!
//! let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")?;
//! let mut request = http::Request::get("https://iam.amazonaws.com/?Action=ListUsers").body("").unwrap();
//! let now = OffsetDateTime::from_unix_timestamp(1_440_938_160).unwrap();
//! Signer::new().sign(&mut request, &Signing::new(&credentials, "us-east-1", "iam", now))?;
//! assert_eq!(request.headers()["x-amz-date"], "20150830T123600Z");
//! # Ok::<(), sts_proto::Error>(())
//! ```

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{Request, Uri};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

pub(crate) use form_signing::FormSigning;
pub use key::SigningKey;
pub use presign::{MAX_EXPIRES, PresignedUrl};
pub use signer::Signer;

use crate::credentials::{Credentials, Secret};
use crate::error::Error;
use canonical::Canonical;
use string_to_sign::{DateTime, Scope};

mod canonical;
mod form_signing;
mod gather;
mod key;
mod presign;
mod signature;
mod signer;
mod string_to_sign;

/// The one algorithm: HMAC with SHA-256.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The most headers of a request that is signed; the `http` crate itself panics above 24,576.
pub const MAX_HEADERS: usize = 1000;

/// The payload hash that stands for a payload which is not signed. S3 takes it; STS does not.
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

const X_AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
const X_AMZ_SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const X_AMZ_CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// What a request is signed with and for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Signing<'a> {
    /// Whose key signs.
    pub credentials: &'a Credentials,
    /// The region in the scope, such as `eu-west-1`.
    pub region: &'a str,
    /// The service's signing name in the scope, such as `sts`.
    pub service: &'a str,
    /// Wall-clock time. AWS allows it to be off by five to fifteen minutes.
    pub time: OffsetDateTime,
    /// How the session token is sent.
    pub session_token: SessionToken,
    /// What stands for the payload.
    pub payload: Payload,
    /// Whether `.`, `..` and empty segments of the path are resolved. On, except for S3.
    pub normalize_path: bool,
    /// Whether the path, which is percent-encoded as it stands in the URL, is encoded once more. On, except for S3.
    pub double_encode_path: bool,
    /// Whether `x-amz-content-sha256` is added and signed, when signing by header. Off, except for S3.
    pub content_sha256_header: bool,
}

/// How a session token is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionToken {
    /// Part of what is signed. All of AWS's services take that.
    #[default]
    Signed,
    /// Added after signing, as some services want it.
    AfterSigning,
}

/// What stands for the payload in what is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Payload {
    /// The SHA-256 of the request's body.
    #[default]
    Body,
    /// The SHA-256 of a body that is not at hand.
    Sha256([u8; 32]),
    /// Nothing: the payload is not signed. S3 takes that.
    Unsigned,
}

impl<'a> Signing<'a> {
    /// The usual way to sign, for every service but S3.
    #[must_use]
    pub fn new(
        credentials: &'a Credentials,
        region: &'a str,
        service: &'a str,
        time: OffsetDateTime,
    ) -> Self {
        Self {
            credentials,
            region,
            service,
            time,
            session_token: SessionToken::default(),
            payload: Payload::default(),
            normalize_path: true,
            double_encode_path: true,
            content_sha256_header: false,
        }
    }

    /// The scope of a signature for a request that can be signed.
    fn scope<B>(&self, request: &Request<B>) -> Result<Scope<'static>, Error> {
        if request.uri().authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(Error::setting("Url", "must not hold credentials"));
        }
        if request.headers().len() > MAX_HEADERS {
            return Err(Error::setting(
                "Header",
                format!("must not stand there more than {MAX_HEADERS} times"),
            ));
        }
        Scope::new(DateTime::new(self.time)?, self.region, self.service)
    }

    /// The payload hash in hexadecimal digits.
    fn payload_hash(&self, hash: &mut Sha256, body: &[u8]) -> PayloadHash {
        let digest = match self.payload {
            Payload::Body => {
                hash.update(body);
                hash.finalize_reset().into()
            }
            Payload::Sha256(digest) => digest,
            Payload::Unsigned => return PayloadHash::Unsigned,
        };
        PayloadHash::Hex(signature::hex(&digest))
    }
}

/// What stands in the last line of a canonical request.
enum PayloadHash {
    Hex([u8; 64]),
    Unsigned,
}

impl PayloadHash {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Hex(digits) => digits,
            Self::Unsigned => UNSIGNED_PAYLOAD.as_bytes(),
        }
    }
}

/// Every text on the way to a signature, to be compared with what a server or another library computes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// Step 1, with what is not UTF-8 replaced. It holds the session token, if that is signed.
    pub canonical_request: Secret,
    /// Step 2.
    pub string_to_sign: String,
    /// Step 4: 64 hexadecimal digits.
    pub signature: String,
}

impl Signer {
    /// Signs by header: adds `x-amz-date`, `x-amz-security-token` if there is one, and `authorization`, instead of
    /// those that the request has.
    ///
    /// All headers are signed but those that belong to the connection or that proxies change. `host` is signed
    /// whether the request has the header or not; it must be sent as it stands in the URL, without a default port.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the URL has no host, the region or the service
    /// cannot be part of a scope, or the year has not four digits.
    pub fn sign<B: AsRef<[u8]>>(&self, request: &mut Request<B>, signing: &Signing<'_>) -> Result<(), Error> {
        let scope = signing.scope(request)?;
        let mut hash = Sha256::new();
        let payload = signing.payload_hash(&mut hash, request.body().as_ref());
        let late_token = prepare_headers(request, signing, &scope, &payload)?;
        let canonical = Canonical::of(request, signing, "", payload.as_bytes())?;
        let key = self.key(signing.credentials, &scope);
        let signature = signature::sign(key, &scope, &canonical.sha256(&mut hash));
        let names = canonical.signed_headers();
        let authorization = signature::authorization(signing.credentials, &scope, &names, &signature)?;
        request.headers_mut().insert(AUTHORIZATION, authorization);
        if let Some(token) = late_token {
            request.headers_mut().insert(X_AMZ_SECURITY_TOKEN, token);
        }
        Ok(())
    }

    /// What [`sign`](Self::sign) would compute, step by step.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn explain<B: AsRef<[u8]>>(
        &self,
        request: &Request<B>,
        signing: &Signing<'_>,
    ) -> Result<Explanation, Error> {
        let scope = signing.scope(request)?;
        let mut hash = Sha256::new();
        let payload = signing.payload_hash(&mut hash, request.body().as_ref());
        let mut bare = Request::new(());
        *bare.method_mut() = request.method().clone();
        *bare.uri_mut() = request.uri().clone();
        *bare.headers_mut() = request.headers().clone();
        prepare_headers(&mut bare, signing, &scope, &payload)?;
        let canonical = Canonical::of(&bare, signing, "", payload.as_bytes())?;
        Ok(self.explanation(signing, &scope, &canonical))
    }

    fn explanation(
        &self,
        signing: &Signing<'_>,
        scope: &Scope<'_>,
        canonical: &Canonical<'_>,
    ) -> Explanation {
        let key = self.key(signing.credentials, scope);
        let digest = canonical.sha256(&mut Sha256::new());
        let signature = signature::sign(key, scope, &digest);
        Explanation {
            canonical_request: canonical.text(),
            string_to_sign: string_to_sign::text(scope, &digest),
            signature: signature::text(&signature).to_owned(),
        }
    }
}

/// Puts in the headers that are signed, and gives back the token if that comes afterwards.
fn prepare_headers<B>(
    request: &mut Request<B>,
    signing: &Signing<'_>,
    scope: &Scope<'_>,
    payload: &PayloadHash,
) -> Result<Option<HeaderValue>, Error> {
    let headers = request.headers_mut();
    headers.insert(X_AMZ_DATE, scope.date_time.header());
    if signing.content_sha256_header {
        let payload = HeaderValue::from_bytes(payload.as_bytes()).map_err(|_| unsendable())?;
        headers.insert(X_AMZ_CONTENT_SHA256, payload);
    }
    // An `authorization` that is there is not signed, and is replaced afterwards.
    let Some(token) = signing.credentials.session_token() else {
        headers.remove(X_AMZ_SECURITY_TOKEN);
        return Ok(None);
    };
    let token = token_value(token)?;
    match signing.session_token {
        SessionToken::Signed => {
            headers.insert(X_AMZ_SECURITY_TOKEN, token);
            Ok(None)
        }
        SessionToken::AfterSigning => {
            headers.remove(X_AMZ_SECURITY_TOKEN);
            Ok(Some(token))
        }
    }
}

fn token_value(token: &Secret) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(token.expose()).map_err(|_| unsendable())?;
    value.set_sensitive(true);
    Ok(value)
}

fn unsendable() -> Error {
    Error::setting("Header", "has a value that cannot be sent")
}

/// The host and, unless it is the scheme's own, the port: what the `host` header is to be.
pub(crate) fn host(uri: &Uri) -> Option<&str> {
    // What stands before an `@` is not part of the header.
    let host = uri.authority()?.as_str().rsplit('@').next()?;
    let without_port = match uri.scheme_str() {
        Some("https") => host.strip_suffix(":443"),
        Some("http") => host.strip_suffix(":80"),
        _ => None,
    };
    Some(without_port.unwrap_or(host))
}
