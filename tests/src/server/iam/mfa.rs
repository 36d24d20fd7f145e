//! Devices that show six digits.

use std::fmt;

use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
use subtle::ConstantTimeEq as _;

/// How long a code is shown, in seconds (RFC 6238).
const PERIOD: i64 = 30;

/// A device of a user: its serial number, and how its codes are known.
#[derive(Clone, PartialEq, Eq)]
pub struct Mfa {
    serial: String,
    codes: Codes,
}

#[derive(Clone, PartialEq, Eq)]
enum Codes {
    Fixed(String),
    Totp(Vec<u8>),
}

/// A text that is no base32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidMfaSecret;

impl fmt::Display for InvalidMfaSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an MFA secret is written in base32, at least 16 letters of it")
    }
}

impl std::error::Error for InvalidMfaSecret {}

impl Mfa {
    /// A device that always shows the same code.
    #[must_use]
    pub fn fixed(serial: impl Into<String>, code: impl Into<String>) -> Self {
        Self { serial: serial.into(), codes: Codes::Fixed(code.into()) }
    }

    /// An authenticator app with this secret, in base32 as it is shown to people.
    ///
    /// # Errors
    ///
    /// When that is no base32.
    pub fn totp(serial: impl Into<String>, secret: &str) -> Result<Self, InvalidMfaSecret> {
        let secret = base32(secret).ok_or(InvalidMfaSecret)?;
        Ok(Self { serial: serial.into(), codes: Codes::Totp(secret) })
    }

    /// The serial number: an ARN for virtual devices.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// What the device shows at this time, in seconds since 1970.
    #[must_use]
    pub fn code(&self, at: i64) -> String {
        match &self.codes {
            Codes::Fixed(code) => code.clone(),
            Codes::Totp(secret) => totp(secret, at.div_euclid(PERIOD)),
        }
    }

    /// One period of tolerance, either way.
    pub(in crate::server) fn accepts(&self, code: &str, at: i64) -> bool {
        [0, -PERIOD, PERIOD].iter().any(|offset| {
            let expected = self.code(at.saturating_add(*offset));
            expected.as_bytes().ct_eq(code.as_bytes()).into()
        })
    }
}

impl fmt::Debug for Mfa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mfa").field("serial", &self.serial).finish_non_exhaustive()
    }
}

/// RFC 4226, 5.3.
fn totp(secret: &[u8], counter: i64) -> String {
    let mac = sign(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret), &counter.to_be_bytes());
    let mac = mac.as_ref();
    let offset = usize::from(mac[mac.len() - 1] & 0xf);
    let bits = mac[offset..offset + 4].iter().fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte));
    format!("{:06}", (bits & 0x7fff_ffff) % 1_000_000)
}

fn base32(text: &str) -> Option<Vec<u8>> {
    let letters = text.bytes().filter(|byte| !matches!(byte, b' ' | b'-' | b'='));
    let (mut bytes, mut bits, mut held, mut count) = (Vec::new(), 0_u32, 0, 0);
    for letter in letters {
        let digit = match letter.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            letter @ b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5) | u32::from(digit);
        (held, count) = (held + 5, count + 1);
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held).to_le_bytes()[0]);
        }
    }
    (count >= 16).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_codes_of_rfc_6238() {
        // "12345678901234567890", appendix B; the last six of its eight digits.
        let mfa = Mfa::totp("serial", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").expect("base32");
        for (at, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(mfa.code(at), code);
            assert!(mfa.accepts(code, at) && mfa.accepts(code, at + 30) && !mfa.accepts(code, at + 90));
        }
        assert!(!format!("{mfa:?}").contains("12345"));
        assert_eq!(Mfa::totp("serial", "GEZDGNB1"), Err(InvalidMfaSecret));
        assert_eq!(Mfa::totp("serial", "AAAA"), Err(InvalidMfaSecret));
    }
}
