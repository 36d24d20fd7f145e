//! What the suites that compare signatures share.

use http::HeaderMap;
use sts_proto::Credentials;
use sts_proto::sigv4::Explanation;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::report::Report;

/// What another signer computed.
#[derive(Debug)]
pub struct Expected<'a> {
    /// Step 1.
    pub canonical_request: &'a str,
    /// Step 2.
    pub string_to_sign: &'a str,
    /// Step 4.
    pub signature: &'a str,
}

impl Expected<'_> {
    /// Compares what our signer computed, step by step; `kind` says for what.
    pub fn compare(&self, report: &mut Report, kind: &str, ours: &Explanation) {
        let canonical = ours.canonical_request.expose();
        report.same_text(&format!("{kind}, canonical request"), canonical, self.canonical_request);
        report.same_text(&format!("{kind}, string to sign"), &ours.string_to_sign, self.string_to_sign);
        report.same_text(&format!("{kind}, signature"), &ours.signature, self.signature);
    }
}

/// Credentials as files have them: the key's id, its secret, perhaps a token.
///
/// # Errors
/// They are none that can sign.
pub fn credentials(id: &str, secret: &str, token: Option<&str>) -> Result<Credentials, sts_proto::Error> {
    let credentials = Credentials::new(id, secret)?;
    match token {
        Some(token) => credentials.with_session_token(token),
        None => Ok(credentials),
    }
}

/// A time, as `2015-08-30T12:36:00Z` or without the punctuation.
///
/// # Errors
/// It is none.
pub fn time(text: &str) -> Result<OffsetDateTime, String> {
    let punctuated = match (text.len(), text.is_ascii()) {
        (16, true) => {
            let (year, month, day_and_hour) = (&text[..4], &text[4..6], &text[6..11]);
            format!("{year}-{month}-{day_and_hour}:{}:{}", &text[11..13], &text[13..])
        }
        _ => text.to_owned(),
    };
    OffsetDateTime::parse(&punctuated, &Rfc3339).map_err(|error| format!("{text}: {error}"))
}

/// The pairs of a query, decoded by another decoder than ours; sorted, for their order means nothing.
#[must_use]
pub fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    let mut pairs: Vec<_> =
        form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    pairs.sort();
    pairs
}

/// Headers by name, the values of one name in the order sent.
#[must_use]
pub fn headers(map: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut headers: Vec<_> =
        map.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    headers.sort_by(|a, b| a.0.cmp(&b.0));
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_punctuation() {
        for text in ["2015-08-30T12:36:01Z", "20150830T123601Z"] {
            assert_eq!(time(text).map(OffsetDateTime::unix_timestamp), Ok(1_440_938_161));
        }
        assert!(time("yesterday").is_err());
    }
}
