//! Signing the requests that an encoder makes: forms sent by POST, all to one endpoint and with the same headers.
//!
//! [`Signer::sign`] reads a request's headers and puts them in order, and looks through the names in its scope. Here that is
//! done once for all requests, and what is signed comes to the same.

use std::borrow::Cow;

use http::Request;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::gather::Gather;
use super::string_to_sign::{DateTime, Place, Scope};
use super::{Signer, X_AMZ_DATE, X_AMZ_SECURITY_TOKEN, canonical, signature, token_value};
use crate::body::Body;
use crate::credentials::{Credentials, Secret};
use crate::endpoint::Endpoint;
use crate::error::Error;

/// More than such a canonical request has, but for the session token and the host of an endpoint with a long name.
const ROOM: usize = 320;

/// What signing the requests of an encoder takes, and is the same for all of them.
#[derive(Debug)]
pub(crate) struct FormSigning {
    /// What their canonical requests begin with: all up to the value of `x-amz-date`, which comes behind the other headers, and
    /// only the session token behind it.
    opening: Box<str>,
    place: Place,
}

impl FormSigning {
    /// For forms of that type, sent to that endpoint, if it has a region to sign for.
    pub(crate) fn new(endpoint: &Endpoint, content_type: &str, host: &str) -> Option<Self> {
        // As every service but S3 has it.
        let (normalize, encode_twice) = (true, true);
        let path = canonical::path(endpoint.url().path(), normalize, encode_twice);
        let opening =
            ["POST\n", &path, "\n\ncontent-type:", content_type, "\nhost:", host, "\nx-amz-date:"].concat();
        // An endpoint's region and name are labels of a host's name, all of which a scope takes.
        let place = Place::new(endpoint.signing_region()?, endpoint.signing_name()).ok()?;
        Some(Self { opening: opening.into(), place })
    }

    /// The SHA-256 of a canonical request, by a hash that is at its beginning.
    fn sha256(
        &self,
        hash: &mut Sha256,
        scope: &Scope<'_>,
        token: Option<&Secret>,
        payload: &[u8],
    ) -> [u8; 32] {
        let mut out = Gather::<_, ROOM>::new(hash);
        out.put(self.opening.as_bytes());
        out.put(scope.date_time.as_bytes());
        // In a token there is no white space to be trimmed.
        if let Some(token) = token {
            out.put(b"\nx-amz-security-token:");
            out.put(token.expose().as_bytes());
        }
        out.put(b"\n\n");
        out.put(signed_headers(token).as_bytes());
        out.put(b"\n");
        out.put(payload);
        drop(out);
        hash.finalize_reset().into()
    }
}

fn signed_headers(token: Option<&Secret>) -> &'static str {
    match token {
        None => "content-type;host;x-amz-date",
        Some(_) => "content-type;host;x-amz-date;x-amz-security-token",
    }
}

impl Signer {
    /// Signs such a request, as [`sign`](Self::sign) does by what [`Signing::new`](super::Signing::new) gives.
    pub(crate) fn sign_form(
        &self,
        request: &mut Request<Body>,
        credentials: &Credentials,
        time: OffsetDateTime,
        common: &FormSigning,
    ) -> Result<(), Error> {
        let token = credentials.session_token();
        let scope = Scope { date_time: DateTime::new(time)?, place: Cow::Borrowed(&common.place) };
        let mut hash = Sha256::new();
        hash.update(request.body());
        let payload = signature::hex(&hash.finalize_reset().into());
        let canonical = common.sha256(&mut hash, &scope, token, &payload);
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
