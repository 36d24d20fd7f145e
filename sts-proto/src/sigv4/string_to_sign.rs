//! Step 2: the string to sign, and the scope in it.

use std::borrow::Cow;

use http::HeaderValue;
use time::OffsetDateTime;

use super::{ALGORITHM, signature};
use crate::error::Error;
use crate::timestamp::Utc;

/// The last part of every scope.
const TERMINATOR: &str = "aws4_request";

/// A moment as `20150830T123600Z`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct DateTime([u8; 16]);

impl DateTime {
    pub(super) fn new(time: OffsetDateTime) -> Result<Self, Error> {
        Utc::of(time).map(|utc| Self(utc.basic()))
    }

    pub(super) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// `20150830`
    pub(super) fn date(&self) -> &[u8; 8] {
        self.0.first_chunk().unwrap_or(b"00000000")
    }

    pub(super) fn header(&self) -> HeaderValue {
        // Digits and two letters make a header.
        HeaderValue::from_bytes(&self.0).unwrap_or(HeaderValue::from_static(""))
    }
}

/// Where a signature holds: a region and a service, as a scope ends with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place(Box<str>);

impl Place {
    pub(super) fn new(region: &str, service: &str) -> Result<Self, Error> {
        for (name, part) in [("SigningRegion", region), ("SigningName", service)] {
            // An empty region is what some S3-compatible servers have.
            if !part.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'/' | b',')) {
                return Err(Error::setting(name, "must be visible ASCII without `/` and `,`"));
            }
        }
        Ok(Self(["/", region, "/", service, "/", TERMINATOR].concat().into()))
    }

    /// `/us-east-1/sts/aws4_request`
    fn as_str(&self) -> &str {
        &self.0
    }

    /// What a key is derived for besides the day: region, service and terminator.
    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.0.as_bytes().split(|b| *b == b'/').skip(1)
    }
}

/// What a signature holds for: a day, a region and a service.
pub(super) struct Scope<'a> {
    pub(super) date_time: DateTime,
    pub(super) place: Cow<'a, Place>,
}

impl Scope<'_> {
    pub(super) fn new(date_time: DateTime, region: &str, service: &str) -> Result<Self, Error> {
        Ok(Self { date_time, place: Cow::Owned(Place::new(region, service)?) })
    }

    /// `20150830/us-east-1/sts/aws4_request` in two pieces.
    pub(super) fn pieces(&self) -> [&[u8]; 2] {
        [self.date_time.date(), self.place.as_str().as_bytes()]
    }
}

/// Hands out the string to sign piece by piece.
#[inline]
pub(super) fn write(scope: &Scope<'_>, canonical_sha256: &[u8; 32], mut put: impl FnMut(&[u8])) {
    put(ALGORITHM.as_bytes());
    put(b"\n");
    put(scope.date_time.as_bytes());
    put(b"\n");
    scope.pieces().into_iter().for_each(&mut put);
    put(b"\n");
    put(&signature::hex(canonical_sha256));
}

pub(super) fn text(scope: &Scope<'_>, canonical_sha256: &[u8; 32]) -> String {
    let mut out = Vec::new();
    write(scope, canonical_sha256, |part| out.extend_from_slice(part));
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;

    #[test]
    fn a_moment_has_a_year_of_four_digits() {
        let time = OffsetDateTime::from_unix_timestamp(1_440_938_160).unwrap();
        assert_eq!(DateTime::new(time).unwrap().as_bytes(), b"20150830T123600Z");
        assert!(DateTime::new(OffsetDateTime::UNIX_EPOCH - Duration::days(800_000)).is_err());
    }

    #[test]
    fn names_in_a_scope_have_no_slash() {
        let time = DateTime::new(OffsetDateTime::UNIX_EPOCH).unwrap();
        assert!(Scope::new(time, "us-east-1/x", "sts").is_err());
        assert!(Scope::new(time, "us-east-1", "s ts").is_err());
        let scope = Scope::new(time, "", "s3").unwrap();
        assert_eq!(scope.pieces().concat(), b"19700101//s3/aws4_request");
        assert_eq!(scope.place.names().collect::<Vec<_>>(), [&b""[..], b"s3", b"aws4_request"]);
    }
}
