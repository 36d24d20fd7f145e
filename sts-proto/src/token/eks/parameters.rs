//! The parameters of a token's URL.

use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time};
use zeroize::Zeroizing;

use super::rejection::Rejection;
use crate::form;
use crate::operation::API_VERSION;
use crate::sigv4::ALGORITHM;

/// How long after `X-Amz-Date` a token is taken, and how long before: STS's own limit for presigned requests.
const MAX_AGE: Duration = Duration::minutes(15);

/// The greatest `X-Amz-Expires`, in seconds.
const MAX_EXPIRES: u32 = 900;

/// The parameters of a token's URL, in lower case.
const PARAMETERS: [&str; 9] = [
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

/// The values of [`PARAMETERS`], decoded, in that order.
pub(super) struct Parameters([Option<Zeroizing<String>>; PARAMETERS.len()]);

impl Parameters {
    pub(super) fn read(query: &str) -> Result<Self, Rejection> {
        let mut values = [const { None }; PARAMETERS.len()];
        for pair in query.split('&').filter(|_| !query.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(Rejection::UnknownParameter)?;
            let known =
                PARAMETERS.iter().zip(&mut values).find(|(known, _)| known.eq_ignore_ascii_case(name));
            let (name, slot) = known.ok_or(Rejection::UnknownParameter)?;
            let value = decode(value).ok_or(Rejection::Url)?;
            if slot.replace(value).is_some() {
                return Err(Rejection::Repeated { name });
            }
        }
        Ok(Self(values))
    }

    fn get(&self, name: &'static str) -> Result<&str, Rejection> {
        let found = PARAMETERS.iter().zip(&self.0).find(|(known, _)| **known == name);
        found
            .and_then(|(_, value)| value.as_ref())
            .map(|value| value.as_str())
            .ok_or(Rejection::Missing { name })
    }

    /// Applies the rules to the values; gives the access key id.
    pub(super) fn check(&self, now: OffsetDateTime) -> Result<String, Rejection> {
        let ensure = |holds: bool, rejection| if holds { Ok(()) } else { Err(rejection) };
        ensure(self.get("action")? == "GetCallerIdentity", Rejection::Action)?;
        ensure(self.get("version")? == API_VERSION, Rejection::Version)?;
        ensure(self.get("x-amz-algorithm")? == ALGORITHM, Rejection::Algorithm)?;
        ensure(are_signed_headers(self.get("x-amz-signedheaders")?), Rejection::SignedHeaders)?;
        let expires = self.get("x-amz-expires")?;
        let is_number = (1..=4).contains(&expires.len()) && expires.bytes().all(|b| b.is_ascii_digit());
        let seconds = expires.parse::<u32>().ok().filter(|_| is_number);
        ensure(seconds.is_some_and(|seconds| seconds <= MAX_EXPIRES), Rejection::Expires)?;
        let date = self.get("x-amz-date")?;
        let signed_at = moment(date).ok_or(Rejection::Date)?;
        let access_key_id =
            access_key_id(self.get("x-amz-credential")?, date).ok_or(Rejection::Credential)?;
        let signature = self.get("x-amz-signature")?;
        let is_hex = signature.len() == 64 && signature.bytes().all(|b| b.is_ascii_hexdigit());
        ensure(is_hex, Rejection::Signature)?;
        ensure(self.get("x-amz-security-token").map(str::is_empty) != Ok(true), Rejection::SecurityToken)?;
        let age = now - signed_at;
        ensure(age <= MAX_AGE, Rejection::Expired { age_seconds: age.whole_seconds() })?;
        ensure(age >= -MAX_AGE, Rejection::NotYetValid { ahead_seconds: -age.whole_seconds() })?;
        Ok(access_key_id.to_owned())
    }
}

/// Percent-decoded; `None` for an escape that is none, for what is no UTF-8 and for control characters.
pub(super) fn decode(value: &str) -> Option<Zeroizing<String>> {
    let is_escape =
        |rest: &str| rest.as_bytes().get(..2).is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit));
    if !value.split('%').skip(1).all(is_escape) {
        return None;
    }
    let bytes = form::decode_bytes(value.as_bytes(), false).into_owned();
    let text = String::from_utf8(bytes).ok().map(Zeroizing::new)?;
    Some(text).filter(|text| !text.chars().any(char::is_control))
}

/// `host` and `x-k8s-aws-id`, in any order and any letters.
fn are_signed_headers(value: &str) -> bool {
    let mut names: Vec<_> = value.split(';').map(str::to_ascii_lowercase).collect();
    names.sort();
    names == ["host", "x-k8s-aws-id"]
}

/// The access key id of `AKID/20150830/region/sts/aws4_request`.
fn access_key_id<'c>(credential: &'c str, date: &str) -> Option<&'c str> {
    let mut parts = credential.split('/');
    let (id, day, region) = (parts.next()?, parts.next()?, parts.next()?);
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b',');
    let is_right = is_plain(id)
        && is_plain(region)
        && date.get(..8) == Some(day)
        && parts.next() == Some("sts")
        && parts.next() == Some("aws4_request")
        && parts.next().is_none();
    is_right.then_some(id)
}

/// `20150830T123600Z`
fn moment(text: &str) -> Option<OffsetDateTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let is_right = date.len() == 8
        && time.len() == 6
        && [date, time].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let number =
        |part: &str, at: usize, length| part.get(at..at + length).filter(|_| is_right)?.parse::<u16>().ok();
    let two = |part, at| number(part, at, 2).and_then(|n| u8::try_from(n).ok());
    let month = Month::try_from(two(date, 4)?).ok()?;
    let date = Date::from_calendar_date(number(date, 0, 4)?.into(), month, two(date, 6)?).ok()?;
    let time = Time::from_hms(two(time, 0)?, two(time, 2)?, two(time, 4)?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        assert_eq!(moment("20150830T123600Z").unwrap().unix_timestamp(), 1_440_938_160);
        for text in [
            "",
            "20150830T123600",
            "20150830123600Z",
            "20151330T123600Z",
            "20150830T243600Z",
            "2015083T1123600Z",
            "+0150830T123600Z",
            "20150830T12360 Z",
            "٢٠١٥T123600Z",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
