//! Identifiers that look like AWS's own.
//!
//! Randomness is the standard library's hasher keys: unpredictable enough for a server that listens on
//! loopback for the length of a test, and no dependency.

use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What today's session tokens of STS begin with.
const TOKEN_PREFIX: &str = "IQoJb3JpZ2luX2Vj";
/// About what STS sends for a plain role session.
const TOKEN_LENGTH: usize = 584;

/// Sixty-four random bits.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// `len` random bytes.
pub(super) fn random_bytes(len: usize) -> Vec<u8> {
    std::iter::repeat_with(|| random().to_le_bytes()).flatten().take(len).collect()
}

/// The same number for the same text, in every run.
pub(super) fn stable_hash(text: &str, salt: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (salt, text).hash(&mut hasher);
    hasher.finish()
}

/// A key id in the layout that names its account: a set bit, 40 bits of account, 39 bits of noise, in base32.
pub(super) fn access_key_id(prefix: &str, account: &str) -> String {
    key_id(prefix, account, random())
}

/// The same with noise that follows from a text.
pub(super) fn stable_access_key_id(prefix: &str, account: &str, text: &str) -> String {
    key_id(prefix, account, stable_hash(text, 0))
}

fn key_id(prefix: &str, account: &str, noise: u64) -> String {
    let account = u128::from(account.parse::<u64>().unwrap_or_default() & 0xff_ffff_ffff);
    let noise = u128::from(noise >> 25);
    base32(prefix, (1 << 79) | (account << 39) | noise, 16)
}

/// The account that a key id names, or `None` for ids of the older layout and for anything else.
pub(super) fn account_of(access_key_id: &str) -> Option<String> {
    if access_key_id.len() != 20 {
        return None;
    }
    let bits = access_key_id.bytes().skip(4).try_fold(0_u128, |bits, byte| {
        let digit = BASE32.iter().position(|&letter| letter == byte)?;
        Some((bits << 5) | digit as u128)
    })?;
    let account = (bits >> 39) & 0xff_ffff_ffff;
    (bits >> 79 == 1 && account < 1_000_000_000_000).then(|| format!("{account:012}"))
}

/// An IAM unique id such as `AROA…` (21 characters), always the same for the same ARN.
pub(super) fn unique_id(prefix: &str, arn: &str) -> String {
    let bits = (u128::from(stable_hash(arn, 0)) << 64) | u128::from(stable_hash(arn, 1));
    base32(prefix, bits, 17)
}

pub(super) fn secret_access_key() -> String {
    base64ish(40)
}

/// A session token of at least `minimum` bytes. It ends in padding, as many of AWS's tokens do.
pub(super) fn session_token(minimum: usize) -> String {
    let length = TOKEN_LENGTH.max(minimum) - TOKEN_PREFIX.len() - 2;
    format!("{TOKEN_PREFIX}{}==", base64ish(length))
}

/// A version 4 UUID.
pub(super) fn request_id() -> String {
    let (high, low) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        ((low >> 48) & 0x3fff) | 0x8000,
        low & 0xffff_ffff_ffff
    )
}

fn base32(prefix: &str, bits: u128, digits: u32) -> String {
    let digit = |place: u32| char::from(BASE32[(bits >> (5 * place)) as usize & 31]);
    prefix.chars().chain((0..digits).rev().map(digit)).collect()
}

fn base64ish(len: usize) -> String {
    random_bytes(len).into_iter().map(|byte| char::from(BASE64[usize::from(byte & 63)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_ids_name_their_account() {
        for account in ["123456789012", "000000000001", "999999999999"] {
            let id = access_key_id("ASIA", account);
            assert_eq!(id.len(), 20, "{id}");
            assert!(id.bytes().all(|byte| BASE32.contains(&byte)), "{id}");
            assert_eq!(account_of(&id).as_deref(), Some(account), "{id}");
        }
        for id in ["AKIAIOSFODNN7EXAMPLE", "", "ASIA", "ASIAééééééé\u{e9}xx", "ASIA0000000000000000"] {
            assert_eq!(account_of(id), None, "{id}");
        }
    }

    #[test]
    fn ids_have_their_shapes() {
        assert_eq!(unique_id("AROA", "arn:x").len(), 21);
        assert_eq!(unique_id("AROA", "arn:x"), unique_id("AROA", "arn:x"));
        assert_ne!(unique_id("AROA", "arn:x"), unique_id("AROA", "arn:y"));
        assert_eq!(secret_access_key().len(), 40);
        assert_eq!(session_token(0).len(), TOKEN_LENGTH);
        assert_eq!(session_token(4096).len(), 4096);
        let id = request_id();
        let lengths: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert_ne!(request_id(), id);
    }
}
