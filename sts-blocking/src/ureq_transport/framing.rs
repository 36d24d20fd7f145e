//! What ureq lets a server leave open about where its reply ends, and this crate does not: the rules of
//! `sts_proto::http1`, as far as they can be checked on the head that ureq hands over.

use sts_proto::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use sts_proto::http::response::Parts;
use sts_proto::http::{HeaderMap, StatusCode, Version};
use sts_proto::{Error, TransportKind};

/// Refuses a head from which two readers could conclude two ends.
pub(super) fn check(parts: &Parts) -> Result<(), Error> {
    fault(parts).map_or(Ok(()), |words| Err(Error::transport(TransportKind::Protocol, words)))
}

fn fault(parts: &Parts) -> Option<&'static str> {
    if parts.status == StatusCode::SWITCHING_PROTOCOLS {
        return Some("the server switches to another protocol");
    }
    if let Some(words) = length_fault(&parts.headers) {
        return Some(words);
    }
    match chunks(&parts.headers) {
        None => None,
        Some(false) => Some("the transfer-encoding is not `chunked`"),
        Some(true) if parts.headers.contains_key(CONTENT_LENGTH) || parts.version == Version::HTTP_10 => {
            Some("there are a content-length and a transfer-encoding")
        }
        Some(true) => None,
    }
}

/// ureq takes a list of equal numbers for one of them.
fn length_fault(headers: &HeaderMap) -> Option<&'static str> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let digits = values.next()?.as_bytes();
    if values.next().is_some() {
        return Some("there are two content-lengths");
    }
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    (!is_number).then_some("the content-length is no number")
}

/// Whether the reply comes in chunks and in nothing else; none if it has no transfer-encoding.
fn chunks(headers: &HeaderMap) -> Option<bool> {
    let mut values = headers.get_all(TRANSFER_ENCODING).iter();
    let coding = values.next()?.as_bytes();
    Some(values.next().is_none() && coding.eq_ignore_ascii_case(b"chunked"))
}

#[cfg(test)]
mod tests {
    use sts_proto::http::Response;

    use super::*;

    fn words(version: Version, headers: &[(&str, &str)]) -> Option<&'static str> {
        let mut response = Response::builder().version(version);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        fault(&response.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn what_leaves_no_doubt_is_taken() {
        for headers in [
            &[][..],
            &[("content-length", "0")],
            &[("content-length", "17")],
            &[("transfer-encoding", "Chunked")],
            &[("content-type", "text/xml")],
        ] {
            assert_eq!(words(Version::HTTP_11, headers), None, "{headers:?}");
        }
    }

    #[test]
    fn what_leaves_doubt_is_refused() {
        let length = |value| ("content-length", value);
        let coding = |value| ("transfer-encoding", value);
        for (headers, part) in [
            (&[length("3"), length("3")][..], "two content-lengths"),
            (&[length("3, 3")], "no number"),
            (&[length("+3")], "no number"),
            (&[length("")], "no number"),
            (&[coding("gzip")], "not `chunked`"),
            (&[coding("gzip, chunked")], "not `chunked`"),
            (&[coding("chunked"), coding("chunked")], "not `chunked`"),
            (&[coding("chunked"), coding("identity")], "not `chunked`"),
            (&[length("3"), coding("chunked")], "and a transfer-encoding"),
        ] {
            let words = words(Version::HTTP_11, headers).expect("a refusal");
            assert!(words.contains(part), "{headers:?}: {words}");
        }
        assert!(words(Version::HTTP_10, &[coding("chunked")]).is_some());
    }
}
