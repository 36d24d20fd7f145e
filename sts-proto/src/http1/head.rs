//! The head of a reply: its bytes, and what it says about the body.

use std::mem::MaybeUninit;

use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Response, StatusCode, Version};

use super::{Fault, MAX_HEAD_BYTES, MAX_HEADERS};
use crate::reply::MAX_REPLY_BYTES;

/// How every head begins, interim ones too. RFC 9112, section 2.3: the name is written in capitals.
const BEGINNING: &[u8] = b"HTTP/1.";

/// How the body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
    /// To the end of the connection.
    Close,
}

/// A head that was read.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) response: Response<()>,
    pub(super) framing: Framing,
    pub(super) keep_alive: bool,
}

/// Bytes up to an empty line.
#[derive(Debug, Default)]
pub(super) struct HeadBytes {
    bytes: Vec<u8>,
    /// Bytes of heads that were read before: interim replies.
    before: usize,
    /// How much of the empty line, with the line end before it, stands at the end.
    ending: u8,
}

/// The length of an empty line with the line end before it.
const ENDING: u8 = 4;

impl HeadBytes {
    /// Takes bytes up to the empty line that ends the head, and tells how many it took and whether the head is complete.
    pub(super) fn feed(&mut self, input: &[u8]) -> Result<(usize, bool), Fault> {
        let (mut last, mut ending, room) =
            (self.bytes.last().copied(), self.ending, MAX_HEAD_BYTES.saturating_sub(self.len()));
        let mut taken = 0;
        while let Some(&byte) = input.get(taken).filter(|_| ending < ENDING) {
            check(self.bytes.len() + taken, last, byte)?;
            if taken == room {
                return Err(Fault::HeadTooLarge);
            }
            ending = match (byte, ending) {
                (b'\r', 0 | 2) | (b'\n', 1 | 3) => ending + 1,
                (b'\r', _) => 1,
                _ => 0,
            };
            last = Some(byte);
            taken += 1;
        }
        self.bytes.extend(input.iter().take(taken));
        self.ending = ending;
        Ok((taken, ending == ENDING))
    }

    /// How many bytes of heads there were.
    pub(super) fn len(&self) -> usize {
        self.before + self.bytes.len()
    }

    /// Reads the head; `None` for an interim one, after which another follows.
    pub(super) fn parse(&mut self, method: &Method) -> Result<Option<Head>, Fault> {
        // Not filled with empty ones first: a reply has few.
        let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
        let mut parsed = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        match config.parse_response_with_uninit_headers(&mut parsed, &self.bytes, &mut headers) {
            Ok(httparse::Status::Complete(_)) => {}
            Err(httparse::Error::TooManyHeaders) => return Err(Fault::TooManyHeaders),
            _ => return Err(Fault::Head),
        }
        let mut response = Response::new(());
        response.headers_mut().reserve(parsed.headers.len());
        let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(Fault::Head)?;
        *response.status_mut() = status;
        *response.version_mut() = if parsed.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
        for header in parsed.headers.iter() {
            let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| Fault::Head)?;
            let value = HeaderValue::from_bytes(header.value).map_err(|_| Fault::Head)?;
            response.headers_mut().append(name, value);
        }
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Fault::Upgraded);
        }
        if status.is_informational() {
            self.before += self.bytes.len();
            self.bytes.clear();
            self.ending = 0;
            return Ok(None);
        }
        if *method == Method::CONNECT {
            // RFC 9110, section 9.3.6: headers that frame a body or close the connection mean nothing for a tunnel. A
            // refusal may have a body, which nobody reads, so its connection is of no more use.
            let keep_alive = status.is_success();
            return Ok(Some(Head { response, framing: Framing::Length(0), keep_alive }));
        }
        let framing = framing(&response, method)?;
        let keep_alive = framing != Framing::Close && keeps_alive(&response);
        Ok(Some(Head { response, framing, keep_alive }))
    }
}

/// What does not begin like a head is refused at its first wrong byte: a server of another protocol may wait for more as
/// well, and a line of it may never end. Otherwise RFC 9112, section 2.2 and 5.2: lines end with CR LF, and none but the
/// first may begin with white space.
fn check(place: usize, last: Option<u8>, byte: u8) -> Result<(), Fault> {
    if BEGINNING.get(place).is_some_and(|expected| *expected != byte) {
        return Err(Fault::NotHttp);
    }
    match (last, byte) {
        (Some(b'\r'), b'\n') => Ok(()),
        (Some(b'\r'), _) | (_, b'\n') => Err(Fault::LineEnd),
        (Some(b'\n'), b' ' | b'\t') => Err(Fault::Folded),
        _ => Ok(()),
    }
}

/// RFC 9112, section 6.3, refusing what it lets a recipient repair.
fn framing(response: &Response<()>, method: &Method) -> Result<Framing, Fault> {
    let headers = response.headers();
    let length = length(headers)?;
    let is_chunked = is_chunked(headers)?;
    if is_chunked && (length.is_some() || response.version() == Version::HTTP_10) {
        return Err(Fault::LengthAndChunks);
    }
    let is_bodiless = *method == Method::HEAD
        || matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if is_bodiless {
        return Ok(Framing::Length(0));
    }
    Ok(match length {
        _ if is_chunked => Framing::Chunked,
        Some(length) if length > MAX_REPLY_BYTES => return Err(Fault::BodyTooLarge),
        Some(length) => Framing::Length(length),
        None => Framing::Close,
    })
}

fn length(headers: &HeaderMap) -> Result<Option<usize>, Fault> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Fault::TwoLengths);
    }
    let digits = value.as_bytes();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Fault::Length);
    }
    // Digits that make no number are a number that is too large.
    std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .map(Some)
        .ok_or(Fault::BodyTooLarge)
}

fn is_chunked(headers: &HeaderMap) -> Result<bool, Fault> {
    let mut values = headers.get_all(TRANSFER_ENCODING).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(false),
        (Some(value), None) if value.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(true),
        _ => Err(Fault::Coding),
    }
}

/// RFC 9112, section 9.3.
fn keeps_alive(response: &Response<()>) -> bool {
    let has = |option: &str| {
        response.headers().get_all(CONNECTION).iter().any(|value| {
            let options = value.to_str().unwrap_or_default().split(',');
            options.map(str::trim).any(|found| found.eq_ignore_ascii_case(option))
        })
    };
    !has("close") && (response.version() == Version::HTTP_11 || has("keep-alive"))
}
