//! Bytes in, requests out; answers in, bytes out. HTTP/1.1 as far as a client of STS speaks it.

use std::mem;

use super::refusal::Refusal;
use super::request::Request;

/// Request line and headers together.
pub(super) const HEAD_LIMIT: usize = 64 * 1024;
/// Header lines.
pub(super) const HEADERS_LIMIT: usize = 100;
/// A form with a SAML assertion, the longest that STS takes, is some 300 KB.
pub(super) const BODY_LIMIT: usize = 1024 * 1024;
/// Re-encoding a query for its signature can make it three times as long, and the verifier's URI type ends at 64 KiB.
pub(super) const TARGET_LIMIT: usize = 16 * 1024;

/// A request without its body, and how to read on.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) request: Request,
    pub(super) length: usize,
    pub(super) body_length: usize,
    pub(super) keep_alive: bool,
    pub(super) expects_continue: bool,
}

/// Reads one head. `None` means that it is not complete yet.
pub(super) fn parse_head(bytes: &[u8]) -> Result<Option<Head>, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_LIMIT];
    let mut parsed = httparse::Request::new(&mut headers);
    let too_large = || Refusal::new(431, "RequestHeaderFieldsTooLarge", "The request head is too large.");
    let length = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length <= HEAD_LIMIT => length,
        Ok(httparse::Status::Partial) if bytes.len() <= HEAD_LIMIT => return Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(too_large()),
        Err(error) => return Err(Refusal::bad_request(error.to_string())),
    };
    let (Some(method), Some(target), Some(version)) = (parsed.method, parsed.path, parsed.version) else {
        return Err(Refusal::bad_request("incomplete request line"));
    };
    if target.len() > TARGET_LIMIT {
        return Err(Refusal::new(414, "RequestURITooLong", "The request target is too long."));
    }
    let uri = target.parse::<http::Uri>().map_err(|error| Refusal::bad_request(error.to_string()))?;
    let headers = parsed.headers.iter().map(|header| {
        let value =
            std::str::from_utf8(header.value).map_err(|_| Refusal::bad_request("header is not UTF-8"))?;
        Ok((header.name.to_owned(), value.to_owned()))
    });
    let request = Request {
        method: method.to_owned(),
        target: target.to_owned(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect::<Result<_, Refusal>>()?,
        body: Vec::new(),
        connection: 0,
    };
    // RFC 9112, 3.2: a server must refuse a request that lacks Host or repeats it.
    if request.values("host").count() > 1 || (version == 1 && request.header("host").is_none()) {
        return Err(Refusal::bad_request("exactly one Host header is required"));
    }
    let body_length = body_length(&request)?;
    let connection = |option: &str| has_option(request.values("connection"), option);
    let keep_alive = !connection("close") && (version == 1 || connection("keep-alive"));
    let expects_continue = has_option(request.values("expect"), "100-continue");
    Ok(Some(Head { request, length, body_length, keep_alive, expects_continue }))
}

/// Whether one of these comma-separated lists holds the word.
fn has_option<'a>(mut values: impl Iterator<Item = &'a str>, option: &str) -> bool {
    values.any(|value| value.split(',').any(|word| word.trim().eq_ignore_ascii_case(option)))
}

/// RFC 9112, 6.3, read strictly: two opinions about where a body ends are an attack or a bug.
fn body_length(request: &Request) -> Result<usize, Refusal> {
    let mut lengths = request.values("content-length");
    let length = lengths.next();
    if lengths.any(|other| Some(other) != length) {
        return Err(Refusal::bad_request("conflicting Content-Length headers"));
    }
    match (request.header("transfer-encoding"), length) {
        (Some(_), Some(_)) => Err(Refusal::bad_request("both Content-Length and Transfer-Encoding")),
        (Some(_), None) => {
            Err(Refusal::new(411, "MissingContentLength", "A body must come with its Content-Length."))
        }
        (None, None) => Ok(0),
        (None, Some(digits)) if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(Refusal::bad_request("malformed Content-Length"))
        }
        // Digits that do not fit the type are a length beyond the limit, too.
        (None, Some(digits)) => digits
            .parse()
            .ok()
            .filter(|&length| length <= BODY_LIMIT)
            .ok_or_else(|| Refusal::new(413, "RequestEntityTooLarge", "The request body is too large.")),
    }
}

/// What a connection sent and what of it is a request.
#[derive(Debug, Default)]
pub(super) struct Reader {
    buffer: Vec<u8>,
    head: Option<Head>,
    /// Whether another look at an incomplete head is worth it. Parsing only when a line ended keeps the cost linear
    /// for a client that sends byte by byte. The first bytes are looked at in any case: they tell what is not HTTP
    /// at all.
    look: bool,
}

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    /// A part of it. More must come.
    Part(Stage),
    /// The client wants to hear `100 Continue` before it sends the body.
    Expectation,
    /// A request, and whether the client wants to send more after it.
    Request(Request, bool),
}

/// What a connection is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing: no request has begun.
    Idle,
    Head,
    Body,
}

impl Reader {
    /// Adds what was read.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.look |= self.buffer.is_empty() || bytes.contains(&b'\n');
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes the next request.
    pub(super) fn next(&mut self) -> Result<Found, Refusal> {
        if self.head.is_none() {
            // RFC 9112, 2.2: empty lines before a request are ignored.
            let blank = self.buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.buffer.drain(..blank);
            if self.buffer.is_empty() {
                return Ok(Found::Part(Stage::Idle));
            }
            if !self.look && self.buffer.len() <= HEAD_LIMIT {
                return Ok(Found::Part(Stage::Head));
            }
            self.look = false;
            let Some(head) = parse_head(&self.buffer)? else { return Ok(Found::Part(Stage::Head)) };
            let expects = head.expects_continue && self.buffer.len() < head.length + head.body_length;
            self.head = Some(head);
            if expects {
                return Ok(Found::Expectation);
            }
        }
        let length = self.buffer.len();
        let Some(head) = self.head.take_if(|head| length >= head.length + head.body_length) else {
            return Ok(Found::Part(Stage::Body));
        };
        // The memory of a large request goes with it.
        let rest = self.buffer.split_off(head.length + head.body_length);
        let mut bytes = mem::replace(&mut self.buffer, rest);
        self.look = true;
        let mut request = head.request;
        request.body = bytes.split_off(head.length);
        Ok(Found::Request(request, head.keep_alive))
    }
}

/// The bytes of a reply. A `Content-Length` is added unless the headers hold one.
pub(super) fn reply(status: u16, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let length = ("Content-Length".to_owned(), body.len().to_string());
    let framed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let headers: Vec<_> = headers.iter().cloned().chain((!framed).then_some(length)).collect();
    let mut bytes = head(status, &headers).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Status line, headers, and the empty line.
pub(super) fn head(status: u16, headers: &[(String, String)]) -> String {
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head + "\r\n"
}

fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> u16 {
        parse_head(text.as_bytes()).expect_err(text).status
    }

    #[test]
    fn reads_a_head() {
        let text = "POST /p?q=1 HTTP/1.1\r\nHost: h\r\nX-Two:  a b \r\nContent-Length: 3\r\n\r\nabc";
        let head = parse_head(text.as_bytes()).expect("well-formed").expect("complete");
        assert_eq!((head.length, head.body_length, head.keep_alive), (text.len() - 3, 3, true));
        assert_eq!((head.request.method(), head.request.target()), ("POST", "/p?q=1"));
        assert_eq!((head.request.path.as_str(), head.request.query.as_str()), ("/p", "q=1"));
        assert_eq!(head.request.header("x-two"), Some("a b"));
        for end in 0..text.len() - 3 {
            assert!(parse_head(&text.as_bytes()[..end]).expect("a prefix").is_none(), "{end}");
        }
    }

    #[test]
    fn knows_when_a_connection_lasts() {
        let lasts = |version, headers| {
            let text = format!("GET / HTTP/{version}\r\nHost: h\r\n{headers}\r\n");
            parse_head(text.as_bytes()).expect("well-formed").expect("complete").keep_alive
        };
        assert!(lasts("1.1", "") && lasts("1.0", "Connection: Keep-Alive\r\n"));
        assert!(!lasts("1.0", "") && !lasts("1.1", "Connection: x, Close\r\n"));
    }

    #[test]
    fn refuses_ambiguous_and_oversized_requests() {
        let with = |headers: &str| format!("POST / HTTP/1.1\r\nHost: h\r\n{headers}\r\n");
        assert_eq!(refusal("\u{16}\u{3}\u{1}"), 400);
        assert_eq!(refusal("GET / HTTP/1.1\r\n\r\n"), 400);
        assert_eq!(refusal("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 400);
        assert_eq!(refusal(&with("host: other\r\n")), 400);
        assert_eq!(refusal(&with("Content-Length: 1\r\nContent-Length: 2\r\n")), 400);
        assert_eq!(refusal(&with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")), 400);
        for length in ["", "-1", "+1", "1, 1", "0x1", "1 1"] {
            assert_eq!(refusal(&with(&format!("Content-Length: {length}\r\n"))), 400, "{length}");
        }
        assert_eq!(refusal(&with("Transfer-Encoding: chunked\r\n")), 411);
        assert_eq!(refusal(&with(&format!("Content-Length: {}\r\n", BODY_LIMIT + 1))), 413);
        assert_eq!(refusal(&with("Content-Length: 99999999999999999999999\r\n")), 413);
        assert_eq!(refusal(&with(&"A: b\r\n".repeat(HEADERS_LIMIT))), 431);
        assert_eq!(refusal(&with(&format!("A: {}\r\n", "b".repeat(HEAD_LIMIT)))), 431);
        assert_eq!(refusal(&"G".repeat(HEAD_LIMIT + 1)), 431);
        assert_eq!(refusal(&format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(TARGET_LIMIT))), 414);
        let twice = with("Content-Length: 1\r\nContent-Length: 1\r\n");
        assert_eq!(parse_head(twice.as_bytes()).expect("agreed").expect("complete").body_length, 1);
        assert_eq!(parse_head(with("X: \u{0}\r\n").as_bytes()).expect_err("control").status, 400);
        assert_eq!(
            parse_head(b"GET / HTTP/1.1\r\nHost: h\r\nX: \xff\r\n\r\n").expect_err("bytes").status,
            400
        );
    }

    #[test]
    fn writes_a_reply() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            reply(200, &[header("A", "b")], b"xy"),
            b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\nxy"
        );
        let lying = reply(799, &[header("content-length", "9")], b"");
        assert_eq!(lying, b"HTTP/1.1 799 Unknown\r\ncontent-length: 9\r\n\r\n");
    }
}
