//! Step 3: the signing key.

use std::fmt;

use hmac::KeyInit;
use hmac::block_api::HmacCore;
use sha2::Sha256;
use sha2::digest::Update;
use sha2::digest::block_api::{Buffer, FixedOutputCore, UpdateCore};
use zeroize::Zeroizing;

use super::string_to_sign::{DateTime, Scope};
use crate::credentials::Secret;
use crate::error::Error;
use crate::wipe;

/// A key with both pads hashed.
type Keyed = HmacCore<Sha256>;

/// What stands before the secret access key.
const PREFIX: &[u8] = b"AWS4";

/// More than a secret access key and the prefix have.
const ROOM: usize = 128;

/// The key for one day, one region and one service, derived from a secret access key.
///
/// Whoever has it can sign for that scope and cannot find out the secret access key: it can be handed to a part of
/// a program that needs no more. A [`Signer`](super::Signer) derives and keeps keys by itself.
#[derive(Clone)]
pub struct SigningKey(Keyed);

impl SigningKey {
    /// Derives the key for the day of `time`, in UTC.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the region or the service cannot be part of a
    /// scope, or the year has not four digits.
    pub fn derive(
        secret_access_key: &Secret,
        time: time::OffsetDateTime,
        region: &str,
        service: &str,
    ) -> Result<Self, Error> {
        Ok(Self::of(secret_access_key, &Scope::new(DateTime::new(time)?, region, service)?))
    }

    /// Four HMACs, one inside the other.
    pub(super) fn of(secret_access_key: &Secret, scope: &Scope<'_>) -> Self {
        let secret = secret_access_key.expose().as_bytes();
        // AWS's keys have 40 bytes: there is room for those that are longer, too.
        let mut room = [0; ROOM];
        room[..PREFIX.len()].copy_from_slice(PREFIX);
        let mut key = match room.get_mut(PREFIX.len()..PREFIX.len() + secret.len()) {
            Some(rest) => {
                rest.copy_from_slice(secret);
                hmac(&room[..PREFIX.len() + secret.len()], scope.date_time.date())
            }
            None => hmac(&Zeroizing::new([PREFIX, secret].concat()), scope.date_time.date()),
        };
        wipe::slice(&mut room);
        for name in scope.place.names() {
            key = hmac(&key, name);
        }
        let last = keyed(&key);
        wipe::slice(&mut key);
        Self(last)
    }

    /// An HMAC with that key, of a text to come.
    pub(super) fn into_hmac(self) -> HmacSha256 {
        HmacSha256 { key: self.0, buffer: Buffer::<Keyed>::default() }
    }

    /// The HMAC-SHA-256 of a string to sign, in hexadecimal digits.
    #[must_use]
    pub fn sign(&self, string_to_sign: &str) -> String {
        let mut mac = self.clone().into_hmac();
        mac.update(string_to_sign.as_bytes());
        hex::encode(mac.finish())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

/// An HMAC in the making. `hmac::Hmac` is the same in one type, which is copied as a whole with every key that is kept, and
/// moved three times when it ends. Both parts are wiped when they are dropped.
pub(super) struct HmacSha256 {
    key: Keyed,
    buffer: Buffer<Keyed>,
}

impl Update for HmacSha256 {
    #[inline]
    fn update(&mut self, data: &[u8]) {
        let Self { key, buffer } = self;
        buffer.digest_blocks(data, |blocks| key.update_blocks(blocks));
    }
}

impl HmacSha256 {
    pub(super) fn finish(mut self) -> [u8; 32] {
        let mut out = Default::default();
        self.key.finalize_fixed_core(&mut self.buffer, &mut out);
        out.into()
    }
}

fn keyed(key: &[u8]) -> Keyed {
    // HMAC takes keys of every length.
    Keyed::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"))
}

fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut mac = SigningKey(keyed(key)).into_hmac();
    mac.update(data);
    mac.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of AWS's documentation of the signing key, and the string to sign that goes with it.
    #[test]
    fn the_documented_example() {
        let secret = Secret::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let time = time::OffsetDateTime::from_unix_timestamp(1_440_938_160).unwrap();
        let key = SigningKey::derive(&secret, time, "us-east-1", "iam").unwrap();
        let string_to_sign = "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
                              f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
        let expected = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        assert_eq!(key.sign(string_to_sign), expected);
        assert_eq!(format!("{key:?}"), "SigningKey([redacted])");
    }
}
