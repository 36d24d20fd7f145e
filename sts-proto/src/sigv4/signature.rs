//! Step 4: the signature, and the header that it stands in.

use hmac::Mac;
use http::HeaderValue;
use zeroize::Zeroizing;

use super::canonical::Canonical;
use super::key::SigningKey;
use super::string_to_sign::{self, Scope};
use super::{ALGORITHM, header_value};
use crate::credentials::Credentials;
use crate::error::Error;

/// The signature in hexadecimal digits.
pub(super) fn sign(key: &SigningKey, scope: &Scope<'_>, canonical_sha256: &[u8; 32]) -> [u8; 64] {
    let mut mac = key.0.clone();
    string_to_sign::write(scope, canonical_sha256, |part| mac.update(part));
    hex(&mac.finalize().into_bytes().into())
}

/// Step 5: the value of the `authorization` header.
pub(super) fn authorization(
    credentials: &Credentials,
    scope: &Scope<'_>,
    canonical: &Canonical<'_>,
    signature: &[u8; 64],
) -> Result<HeaderValue, Error> {
    let mut out = Zeroizing::new(String::with_capacity(256));
    out.push_str(ALGORITHM);
    out.push_str(" Credential=");
    out.push_str(credentials.access_key_id());
    out.push('/');
    scope.parts().iter().for_each(|part| out.push_str(part));
    out.push_str(", SignedHeaders=");
    canonical.signed_headers(|part| out.push_str(part));
    out.push_str(", Signature=");
    out.push_str(text(signature));
    let mut value = header_value(&out)?;
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
