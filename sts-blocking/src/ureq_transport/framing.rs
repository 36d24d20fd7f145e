//! Replies that ureq itself has read, by an agent of the user's own.
//!
//! ureq lets a server leave open where its reply ends, and this crate does not: here are the rules of `sts_proto::http1`, as
//! far as they can be checked on the head that ureq hands over.

use std::io::{self, Read};

use sts_proto::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use sts_proto::http::response::Parts;
use sts_proto::http::{HeaderMap, Response, StatusCode, Version};
use sts_proto::http1::MAX_HEADERS;
use sts_proto::reply::MAX_REPLY_BYTES;
use sts_proto::{Body, Error, TransportKind};
use zeroize::Zeroizing;

use super::failure::Way;

/// What a reply is read into at first, where its length is not known.
const FIRST_BUFFER: usize = 4 << 10;

/// Reads the body, unless the head breaks a rule or a limit.
pub(super) fn read(response: Response<ureq::Body>, way: Way<'_>) -> Result<Response<Body>, Error> {
    let (parts, body) = response.into_parts();
    if parts.headers.len() > MAX_HEADERS {
        return Err(Error::transport(TransportKind::TooLarge, format!("more than {MAX_HEADERS} headers")));
    }
    if let Some(words) = fault(&parts) {
        return Err(Error::transport(TransportKind::Protocol, words));
    }
    let length = body.content_length();
    let body = read_body(body.into_reader(), length, way)?;
    Ok(Response::from_parts(parts, body))
}

/// Reads to the end of the body, without which ureq would not use the connection again, into buffers that are wiped.
fn read_body(mut reader: impl Read, length: Option<u64>, way: Way<'_>) -> Result<Body, Error> {
    let room = match length.map(usize::try_from) {
        // One byte more, so that the end is seen without growth.
        Some(Ok(length)) if length <= MAX_REPLY_BYTES => length + 1,
        Some(_) => return Err(too_large()),
        None => FIRST_BUFFER,
    };
    let mut buffer = Zeroizing::new(vec![0; room]);
    let mut filled = 0;
    loop {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(way.error(ureq::Error::from(error))),
        }
        if filled > MAX_REPLY_BYTES {
            return Err(too_large());
        }
        if filled == buffer.len() {
            let mut larger = Zeroizing::new(vec![0; (2 * filled).min(MAX_REPLY_BYTES + 1)]);
            larger[..filled].copy_from_slice(&buffer);
            buffer = larger;
        }
    }
    buffer.truncate(filled);
    Ok(Body::from(buffer))
}

fn too_large() -> Error {
    Error::transport(TransportKind::TooLarge, format!("more than {MAX_REPLY_BYTES} bytes"))
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
    use sts_proto::http::Uri;

    use super::*;

    #[test]
    fn bodies_of_unknown_length_grow_up_to_the_limit() {
        let url = Uri::from_static("http://x.test/");
        let read = |reader, length| read_body(reader, length, Way { url: &url, proxy: None });
        for length in [0, 1, FIRST_BUFFER, FIRST_BUFFER + 1, MAX_REPLY_BYTES] {
            let body = read(io::repeat(b'x').take(length as u64), None).unwrap();
            assert_eq!(body.len(), length);
        }
        let error = read(io::repeat(b'x').take(u64::MAX), None).unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportKind::TooLarge));
    }

    #[test]
    fn an_announced_length_is_checked_before_reading() {
        let url = Uri::from_static("http://x.test/");
        let read = |reader, length| read_body(reader, length, Way { url: &url, proxy: None });
        let error = read(&b""[..], Some(u64::MAX)).unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportKind::TooLarge));
        assert_eq!(read(&b"abc"[..], Some(3)).unwrap().as_ref(), b"abc");
    }

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
