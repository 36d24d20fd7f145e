//! Signing what an encoder makes: forms sent by POST, all to one URL and with the same headers.
//!
//! [`Signer::sign`] reads a request's headers and puts them in order. Here that is done once for all requests, and what
//! is signed comes to the same.

use http::Request;
use http::header::{AUTHORIZATION, HeaderValue};
use sha2::{Digest, Sha256};

use super::gather::Gather;
use super::string_to_sign::{Place, Scope};
use super::{Signer, Signing, X_AMZ_DATE, X_AMZ_SECURITY_TOKEN, canonical, signature, token_value};
use crate::body::Body;
use crate::credentials::Secret;
use crate::endpoint::Endpoint;
use crate::error::Error;

/// More than such a canonical request has, but for the session token and the host of an endpoint with a long name.
const ROOM: usize = 320;

/// What the requests of an encoder have in common.
#[derive(Debug)]
pub(crate) struct Opening {
    /// What their canonical requests begin with: all up to the value of `x-amz-date`, which comes behind the other headers, and
    /// only the session token behind it.
    text: Box<[u8]>,
    /// Where they are signed for, if that can be signed for.
    place: Option<Place>,
}

impl Opening {
    /// Of forms of that type, sent to that endpoint.
    pub(crate) fn new(endpoint: &Endpoint, content_type: &HeaderValue, host: &HeaderValue) -> Self {
        let path = canonical::path(endpoint.url().path(), true, true);
        let parts: [&[u8]; 7] = [
            b"POST\n",
            path.as_bytes(),
            b"\n\ncontent-type:",
            content_type.as_bytes(),
            b"\nhost:",
            host.as_bytes(),
            b"\nx-amz-date:",
        ];
        let place = endpoint.signing_region().map(|region| Place::new(region, endpoint.signing_name()));
        Self { text: parts.concat().into(), place: place.and_then(Result::ok) }
    }

    /// The SHA-256 of the whole, by a hash that is at its beginning.
    fn sha256(
        &self,
        hash: &mut Sha256,
        scope: &Scope<'_>,
        token: Option<&Secret>,
        payload: &[u8],
    ) -> [u8; 32] {
        let mut out = Gather::<_, ROOM>::new(hash);
        out.put(&self.text);
        out.put(scope.date_time.as_bytes());
        match token {
            None => out.put(b"\n\ncontent-type;host;x-amz-date\n"),
            // In it there is no white space to be trimmed.
            Some(token) => {
                out.put(b"\nx-amz-security-token:");
                out.put(token.expose().as_bytes());
                out.put(b"\n\ncontent-type;host;x-amz-date;x-amz-security-token\n");
            }
        }
        out.put(payload);
        drop(out);
        hash.finalize_reset().into()
    }
}

/// The same names, for the `authorization` header.
fn signed_headers(token: Option<&Secret>) -> &'static str {
    match token {
        None => "content-type;host;x-amz-date",
        Some(_) => "content-type;host;x-amz-date;x-amz-security-token",
    }
}

impl Signer {
    /// The same as [`sign`](Self::sign) for a request that begins like that, to that endpoint.
    pub(crate) fn sign_form(
        &self,
        request: &mut Request<Body>,
        signing: &Signing<'_>,
        opening: &Opening,
    ) -> Result<(), Error> {
        let credentials = signing.credentials;
        let token = credentials.session_token();
        let made;
        let place = match &opening.place {
            Some(place) => place,
            // Which says what is wrong with it.
            None => {
                made = signing.place()?;
                &made
            }
        };
        let scope = signing.scope(request, place)?;
        let mut hash = Sha256::new();
        let payload = signing.payload_hash(&mut hash, request.body().as_ref());
        let canonical = opening.sha256(&mut hash, &scope, token, payload.as_bytes());
        let signature = signature::sign(self.key(credentials, &scope), &scope, &canonical);
        let authorization = signature::authorization(credentials, &scope, signed_headers(token), &signature)?;
        let headers = request.headers_mut();
        headers.insert(X_AMZ_DATE, scope.date_time.header());
        if let Some(token) = token {
            headers.insert(X_AMZ_SECURITY_TOKEN, token_value(token)?);
        }
        headers.insert(AUTHORIZATION, authorization);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::host;
    use super::*;
    use crate::Credentials;
    use crate::endpoint::EndpointOptions;

    #[test]
    fn what_is_signed_comes_to_the_same() {
        const FORM: HeaderValue =
            HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        let credentials =
            Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY").unwrap();
        for url in ["https://sts.eu-west-1.amazonaws.com/", "http://localhost:8080/a//b/c%20d"] {
            let endpoint = EndpointOptions::new().url(url).region("eu-west-1").resolve().unwrap();
            let host = HeaderValue::from_str(host(endpoint.url()).unwrap()).unwrap();
            for token in [None, Some("tOkEn".repeat(200))] {
                let credentials = match token {
                    Some(token) => credentials.clone().with_session_token(token).unwrap(),
                    None => credentials.clone(),
                };
                let signing =
                    Signing::new(&credentials, "eu-west-1", "sts", time::OffsetDateTime::UNIX_EPOCH);
                let mut form = Request::post(endpoint.url())
                    .body(Body::from(b"Action=GetCallerIdentity".to_vec()))
                    .unwrap();
                form.headers_mut().insert("content-type", FORM);
                form.headers_mut().insert("host", host.clone());
                form.headers_mut().insert("user-agent", HeaderValue::from_static("not signed"));
                let mut any = form.clone();
                let opening = Opening::new(&endpoint, &FORM, &host);
                Signer::new().sign_form(&mut form, &signing, &opening).unwrap();
                Signer::new().sign(&mut any, &signing).unwrap();
                assert_eq!(form.headers(), any.headers(), "{url}");
            }
        }
    }
}
