//! Signatures in the query: URLs that anyone can use for a while.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, Method, Request, Uri};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::canonical::{self, Canonical};
use super::string_to_sign::Scope;
use super::{ALGORITHM, Explanation, SessionToken, Signer, Signing, signature};
use crate::credentials::Secret;
use crate::error::Error;
use crate::form::{DIGITS, UNRESERVED, decimal, decode, encode};

/// The longest that AWS lets a presigned URL live: a week. STS itself looks away after 15 minutes.
pub const MAX_EXPIRES: Duration = Duration::from_secs(604_800);

/// The parameters that signing adds.
const ADDED: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

/// A URL that carries a signature, and with it the right to make one request.
///
/// Whoever has it can make the request, so it is handled like a secret: no `Display`, a `Debug` without the query,
/// and two exits, [`expose`](Self::expose) and [`expose_request`](Self::expose_request).
#[derive(Clone)]
pub struct PresignedUrl {
    method: Method,
    url: Secret,
    headers: HeaderMap,
    expires_at: OffsetDateTime,
}

impl PresignedUrl {
    /// The URL itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.url.expose()
    }

    /// The method that the URL is signed for.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Headers that are signed and must be sent as they are, besides `host`.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// When it ceases to work: at the end of its own time, or of the credentials', if they expire before.
    #[must_use]
    pub fn expires_at(&self) -> OffsetDateTime {
        self.expires_at
    }

    /// The request that the URL is for, ready to be sent. Its `Debug` shows the URL.
    ///
    /// # Errors
    /// The URL is longer than what the `http` crate takes, 65,534 bytes.
    pub fn expose_request(&self) -> Result<Request<crate::Body>, Error> {
        let mut request = Request::new(crate::Body::default());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() =
            Uri::try_from(self.expose()).map_err(|_| Error::setting("Url", "is too long"))?;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }
}

impl fmt::Debug for PresignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.expose();
        f.debug_struct("PresignedUrl")
            .field("method", &self.method)
            .field("url", &format_args!("{}?[redacted]", url.split('?').next().unwrap_or_default()))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("expires_at", &self.expires_at.to_string())
            .finish()
    }
}

impl Signer {
    /// Signs by query: a URL for the request's method, path, query and headers, valid from the time of signing.
    ///
    /// All of the request's headers are signed, and `host`, so give it only those that the user of the URL is to
    /// send. The body is part of what is signed: for a URL whose user chooses the body, see
    /// [`Payload`](super::Payload).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): as for [`sign`](Self::sign); `expires` is not
    /// between 1 second and [`MAX_EXPIRES`]; or the URL has such a signature already.
    pub fn presign<B: AsRef<[u8]>>(
        &self,
        request: &Request<B>,
        signing: &Signing<'_>,
        expires: Duration,
    ) -> Result<PresignedUrl, Error> {
        let scope = signing.scope(request)?;
        let mut hash = Sha256::new();
        let payload = signing.payload_hash(&mut hash, request.body().as_ref());
        let query = added_query(request, signing, &scope, expires)?;
        let canonical = Canonical::of(request, signing, &query, payload.as_bytes())?;
        let key = self.key(signing.credentials, &scope);
        let signature = signature::sign(key, &scope, &canonical.sha256(&mut hash));

        let late_token = match signing.session_token {
            SessionToken::Signed => None,
            SessionToken::AfterSigning => signing.credentials.session_token(),
        };
        let expires_at = signing.time.saturating_add(time::Duration::seconds(expires.as_secs() as i64));
        Ok(PresignedUrl {
            method: request.method().clone(),
            url: url(request.uri(), &query, &signature, late_token),
            headers: request.headers().clone(),
            expires_at: signing.credentials.expiration().map_or(expires_at, |end| end.min(expires_at)),
        })
    }

    /// What [`presign`](Self::presign) would compute, step by step.
    ///
    /// # Errors
    /// As [`presign`](Self::presign).
    pub fn explain_presigned<B: AsRef<[u8]>>(
        &self,
        request: &Request<B>,
        signing: &Signing<'_>,
        expires: Duration,
    ) -> Result<Explanation, Error> {
        let scope = signing.scope(request)?;
        let mut hash = Sha256::new();
        let payload = signing.payload_hash(&mut hash, request.body().as_ref());
        let query = added_query(request, signing, &scope, expires)?;
        let canonical = Canonical::of(request, signing, &query, payload.as_bytes())?;
        Ok(self.explanation(signing, &scope, &canonical))
    }
}

/// Headers that would not be signed, or that would contradict the query, have no place in a presigned URL.
fn check_headers<B>(request: &Request<B>) -> Result<(), Error> {
    for name in request.headers().keys() {
        if !canonical::is_signed(name) || matches!(name.as_str(), "x-amz-date" | "x-amz-security-token") {
            return Err(Error::setting("Header", format!("{name} cannot be part of a presigned URL")));
        }
    }
    let given = request.headers().get(http::header::HOST).map(http::HeaderValue::as_bytes);
    let host = super::host(request.uri()).map(str::as_bytes);
    if given.is_some_and(|given| Some(given) != host) {
        return Err(Error::setting("Header", "host is another than the URL's"));
    }
    Ok(())
}

/// The parameters that are part of what is signed, percent-encoded.
fn added_query<B>(
    request: &Request<B>,
    signing: &Signing<'_>,
    scope: &Scope<'_>,
    expires: Duration,
) -> Result<Zeroizing<String>, Error> {
    // A `host` header is enough to sign, but not to make a URL.
    if super::host(request.uri()).is_none() {
        return Err(Error::setting("Url", "has no host"));
    }
    if expires < Duration::from_secs(1) || expires > MAX_EXPIRES {
        let sentence = format!("must be between 1 and {} seconds", MAX_EXPIRES.as_secs());
        return Err(Error::setting("Expires", sentence));
    }
    let query = request.uri().query().unwrap_or_default();
    let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    let is_added = |name: &str| ADDED.iter().any(|added| added.eq_ignore_ascii_case(name));
    if names.map(|name| decode(name, false)).any(|name| is_added(&name)) {
        return Err(Error::setting("Url", "has a parameter of a presigned one already"));
    }
    check_headers(request)?;
    let id = signing.credentials.access_key_id().as_bytes();
    let token = match signing.session_token {
        SessionToken::Signed => signing.credentials.session_token(),
        SessionToken::AfterSigning => None,
    };
    let headers = canonical::signed_headers_of(request)?;
    let scope_length: usize = scope.pieces().iter().map(|part| part.len()).sum();
    // Room for the worst case, so that no copy is left behind by growth.
    let values = ALGORITHM.len() + id.len() + scope_length + headers.len() + token.map_or(0, Secret::len);
    let mut out = Zeroizing::new(String::with_capacity(FIXED + 3 * values));
    push_pair(&mut out, "X-Amz-Algorithm", [ALGORITHM.as_bytes()]);
    push_pair(&mut out, "X-Amz-Credential", [id, b"/"].into_iter().chain(scope.pieces()));
    push_pair(&mut out, "X-Amz-Date", [&scope.date_time.as_bytes()[..]]);
    push_pair(&mut out, "X-Amz-Expires", [decimal(expires.as_secs() as u32, &mut [0; DIGITS])]);
    push_pair(&mut out, "X-Amz-SignedHeaders", [headers.as_bytes()]);
    if let Some(token) = token {
        push_pair(&mut out, TOKEN, [token.expose().as_bytes()]);
    }
    Ok(out)
}

/// More than the names, the date and the number of seconds have together.
const FIXED: usize = 256;

const SIGNATURE: &str = "X-Amz-Signature";
const TOKEN: &str = "X-Amz-Security-Token";

/// Adds a parameter, its value in parts.
fn push_pair<'v>(out: &mut String, name: &str, value: impl IntoIterator<Item = &'v [u8]>) {
    if !out.is_empty() {
        out.push('&');
    }
    out.push_str(name);
    out.push('=');
    value.into_iter().for_each(|part| push_encoded(out, part));
}

fn push_encoded(out: &mut String, text: &[u8]) {
    encode(text, &UNRESERVED, &mut |part| {
        out.push_str(std::str::from_utf8(part).unwrap_or_default());
    });
}

/// The request's URL with what was signed, the signature, and a token that is not signed.
fn url(uri: &Uri, signed: &str, signature: &[u8; 64], late_token: Option<&Secret>) -> Secret {
    let (scheme, authority) = (uri.scheme_str().unwrap_or("https"), uri.authority());
    let authority = authority.map_or("", http::uri::Authority::as_str);
    let query = uri.query().unwrap_or_default();
    let room =
        scheme.len() + authority.len() + uri.path().len() + query.len() + signed.len() + signature.len();
    let mut out = String::with_capacity(room + 3 * late_token.map_or(0, Secret::len) + FIXED);
    out.extend([scheme, "://", authority, uri.path(), "?"]);
    if !query.is_empty() {
        out.extend([query, "&"]);
    }
    out.push_str(signed);
    push_pair(&mut out, SIGNATURE, [&signature[..]]);
    if let Some(token) = late_token {
        push_pair(&mut out, TOKEN, [token.expose().as_bytes()]);
    }
    Secret::from(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Credentials;

    fn presign(expires: u64, uri: &str) -> Result<PresignedUrl, Error> {
        let credentials = Credentials::new("AKID", "secret").unwrap().with_session_token("t/k").unwrap();
        let credentials = credentials.with_expiration(OffsetDateTime::UNIX_EPOCH + Duration::from_secs(90));
        let request = Request::get(uri).header("x-k8s-aws-id", "cluster").body("").unwrap();
        let signing = Signing::new(&credentials, "eu-west-1", "sts", OffsetDateTime::UNIX_EPOCH);
        Signer::new().presign(&request, &signing, Duration::from_secs(expires))
    }

    #[test]
    fn the_url_holds_all_and_debug_nothing() {
        let url = presign(60, "https://sts.eu-west-1.amazonaws.com/?Action=X").unwrap();
        let text = url.expose();
        assert!(text.starts_with("https://sts.eu-west-1.amazonaws.com/?Action=X&X-Amz-Algorithm="), "{text}");
        assert!(
            text.contains("&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Security-Token=t%2Fk&"),
            "{text}"
        );
        assert!(!format!("{url:?}").contains("X-Amz"), "{url:?}");
        assert_eq!(url.expose_request().unwrap().headers()["x-k8s-aws-id"], "cluster");
    }

    #[test]
    fn it_expires_with_the_credentials() {
        let after = |seconds| OffsetDateTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(presign(60, "https://h/").unwrap().expires_at(), after(60));
        assert_eq!(presign(900, "https://h/").unwrap().expires_at(), after(90));
    }

    #[test]
    fn what_is_refused() {
        assert!(presign(0, "https://h/").is_err());
        assert!(presign(604_801, "https://h/").is_err());
        assert!(presign(60, "/relative").is_err());
        let credentials = Credentials::new("AKID", "secret").unwrap();
        let request = Request::get("/relative").header("host", "h").body("").unwrap();
        let signing = Signing::new(&credentials, "eu-west-1", "sts", OffsetDateTime::UNIX_EPOCH);
        assert!(Signer::new().presign(&request, &signing, Duration::from_secs(60)).is_err());
        assert!(presign(60, presign(60, "https://h/").unwrap().expose()).is_err());
        for query in ["X-Amz-Date=1", "x-amz-security-token=z", "X-Amz-Signatur%65=0"] {
            assert!(presign(60, &format!("https://h/?{query}")).is_err(), "{query}");
        }
        assert!(presign(60, "https://user:pw@h/").is_err());
        for (name, value) in
            [("user-agent", "x"), ("authorization", "Bearer x"), ("x-amz-date", "1"), ("host", "evil")]
        {
            let request = Request::get("https://h/").header(name, value).body("").unwrap();
            let error = Signer::new().presign(&request, &signing, Duration::from_secs(60)).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
