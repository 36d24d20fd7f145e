//! Step 4: the signature, and the header that it stands in.

use http::HeaderValue;

use super::gather::Gather;
use super::key::SigningKey;
use super::string_to_sign::{self, Scope};
use super::{ALGORITHM, unsendable};
use crate::credentials::Credentials;
use crate::error::Error;

/// More than a string to sign has, unless the names in its scope are long.
const ROOM: usize = 192;

/// The signature in hexadecimal digits.
pub(super) fn sign(key: SigningKey, scope: &Scope<'_>, canonical_sha256: &[u8; 32]) -> [u8; 64] {
    let mut mac = key.into_hmac();
    let mut gather = Gather::<_, ROOM>::new(&mut mac);
    string_to_sign::write(scope, canonical_sha256, |part| gather.put(part));
    drop(gather);
    hex(&mac.finish())
}

/// Step 5: the value of the `authorization` header.
pub(super) fn authorization(
    credentials: &Credentials,
    scope: &Scope<'_>,
    signed_headers: &str,
    signature: &[u8; 64],
) -> Result<HeaderValue, Error> {
    let mut room = ALGORITHM.len() + " Credential=/, SignedHeaders=, Signature=".len() + signature.len();
    room += signed_headers.len();
    room += credentials.access_key_id().len() + scope.pieces().iter().map(|part| part.len()).sum::<usize>();
    // Exactly that: it becomes the header's own.
    let mut out = Vec::with_capacity(room);
    let mut put = |part: &[u8]| out.extend_from_slice(part);
    put(ALGORITHM.as_bytes());
    put(b" Credential=");
    put(credentials.access_key_id().as_bytes());
    put(b"/");
    scope.pieces().into_iter().for_each(&mut put);
    put(b", SignedHeaders=");
    put(signed_headers.as_bytes());
    put(b", Signature=");
    put(signature);
    let mut value = HeaderValue::try_from(out).map_err(|_| unsendable())?;
    value.set_sensitive(true);
    Ok(value)
}

pub(super) fn hex(digest: &[u8; 32]) -> [u8; 64] {
    let mut digits = [0; 64];
    // Fails only for a buffer of another length.
    let _ = hex::encode_to_slice(digest, &mut digits);
    digits
}

pub(super) fn text(digits: &[u8; 64]) -> &str {
    // Hexadecimal digits are ASCII.
    std::str::from_utf8(digits).unwrap_or_default()
}
