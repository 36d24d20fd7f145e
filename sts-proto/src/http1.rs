//! HTTP/1.1 as bytes, for callers that own a raw stream: a request to bytes, and bytes to a reply. Feature `http1`.
//!
//! What is ambiguous about where a reply ends is refused, never guessed: two lengths, a length and chunks, chunk sizes
//! with signs, folded headers, bare carriage returns or line feeds, bytes after the end.
//!
//! ```
//! use sts_proto::http1::{self, Progress, ReplyReader};
//!
//! # fn exchange(_: &[u8]) -> Vec<u8> { b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_vec() }
//! let request = http::Request::post("http://localhost:4566/").body("Action=GetCallerIdentity")?;
//! let bytes = http1::request(&request)?;
//! let reply = exchange(bytes.as_ref());
//!
//! let mut reader = ReplyReader::new(request.method());
//! let mut progress = Progress::More;
//! for piece in reply.chunks(3) {
//!     progress = reader.feed(piece)?;
//! }
//! let Progress::Done(finished) = progress else { panic!("more must come") };
//! assert_eq!(finished.response.body().as_ref(), b"hi");
//! assert!(finished.keep_alive);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{Method, Request};
use zeroize::Zeroizing;

pub use connect::connect;
pub use reader::{Finished, Progress, ReplyReader};
pub use records::TlsRecords;
pub use tunnel::{TunnelProgress, TunnelReader};

use crate::body::Body;
use crate::error::{Error, TransportKind};
use crate::reply::MAX_REPLY_BYTES;
use crate::sigv4;

mod body;
mod connect;
mod head;
mod reader;
mod records;
mod tunnel;

/// The largest head of a reply, interim replies and trailers included.
pub const MAX_HEAD_BYTES: usize = 64 << 10;

/// The most headers of a reply.
pub const MAX_HEADERS: usize = 100;

/// The most bytes around the chunks of a reply: the lines with their sizes, extensions, and line ends. As many as the
/// largest body has, so that any reply passes whose chunks have five bytes or more on average, and a reply of 200 KiB even in
/// chunks of one byte. A server that wraps bytes in more than that is not sending a reply.
pub const MAX_CHUNK_FRAMING_BYTES: usize = MAX_REPLY_BYTES;

/// The most bytes that a driver reads from a connection for one reply, TLS included: eight times the largest reply, because TLS adds
/// 22 bytes or more to a record, however little is in it. The limits of [`ReplyReader`] are met before; what it never sees, such as empty
/// records of TLS, has this one.
pub const MAX_WIRE_BYTES: usize = 8 * MAX_REPLY_BYTES;

/// Why bytes are no reply. Never holds any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    NotHttp,
    Head,
    LineEnd,
    Folded,
    Upgraded,
    Length,
    TwoLengths,
    LengthAndChunks,
    Coding,
    Chunk,
    AfterTheEnd,
    HeadTooLarge,
    TooManyHeaders,
    BodyTooLarge,
    FramingTooLarge,
    Closed { received: usize },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotHttp => "the server does not speak HTTP/1.1",
            Self::Head => "the head is not one of HTTP/1.1",
            Self::LineEnd => "a line of the head ends with a bare carriage return or line feed",
            Self::Folded => "a header is folded over two lines",
            Self::Upgraded => "the server switches to another protocol",
            Self::Length => "the content-length is no number",
            Self::TwoLengths => "there are two content-lengths",
            Self::LengthAndChunks => "there are a content-length and a transfer-encoding",
            Self::Coding => "the transfer-encoding is not `chunked`",
            Self::Chunk => "a chunk is malformed",
            Self::AfterTheEnd => "there are bytes after the end",
            Self::HeadTooLarge => "the head is larger than 64 KiB",
            Self::TooManyHeaders => "there are more than 100 headers",
            Self::BodyTooLarge => "the body is larger than 1 MiB",
            Self::FramingTooLarge => "the sizes and extensions of the chunks take more than 1 MiB",
            Self::Closed { received } => {
                return write!(f, "the connection was closed after {received} bytes of the reply");
            }
        })
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let kind = match fault {
            Fault::HeadTooLarge | Fault::TooManyHeaders | Fault::BodyTooLarge | Fault::FramingTooLarge => {
                TransportKind::TooLarge
            }
            Fault::Closed { .. } => TransportKind::Closed,
            _ => TransportKind::Protocol,
        };
        Self::transport(kind, fault)
    }
}

/// The bytes of a request, to be written to a connection to the URL's host.
///
/// `host` is added if it is missing, and `content-length` where there is a body or the method wants one.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the URL has no host, or the request has a
/// `transfer-encoding` or a `content-length` of its own.
pub fn request(request: &Request<impl AsRef<[u8]>>) -> Result<Body, Error> {
    let (headers, body) = (request.headers(), request.body().as_ref());
    for name in [CONTENT_LENGTH, TRANSFER_ENCODING] {
        if headers.contains_key(name) {
            return Err(Error::setting("Header", "must not say how long the body is: that is known"));
        }
    }
    let host = sigv4::host(request.uri()).ok_or_else(|| Error::setting("Url", "has no host"))?;
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let room: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    // One buffer that is large enough, so that no copy is left behind by growth.
    let mut out = Zeroizing::new(Vec::with_capacity(target.len() + host.len() + room + body.len() + 64));
    let mut line = |parts: [&[u8]; 4]| {
        parts.iter().for_each(|part| out.extend_from_slice(part));
        out.extend_from_slice(b"\r\n");
    };
    line([request.method().as_str().as_bytes(), b" ", target.as_bytes(), b" HTTP/1.1"]);
    if !headers.contains_key(HOST) {
        line([b"host", b": ", host.as_bytes(), b""]);
    }
    for (name, value) in headers {
        line([name.as_str().as_bytes(), b": ", value.as_bytes(), b""]);
    }
    if !body.is_empty() || matches!(*request.method(), Method::POST | Method::PUT) {
        line([b"content-length", b": ", body.len().to_string().as_bytes(), b""]);
    }
    line([b"", b"", b"", b""]);
    out.extend_from_slice(body);
    Ok(Body::from(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<B: AsRef<[u8]>>(value: &Request<B>) -> String {
        String::from_utf8(request(value).unwrap().into_vec()).unwrap()
    }

    #[test]
    fn a_request_is_complete() {
        let post = Request::post("https://h:443/a%20b?c").header("x-a", "b").body("body").unwrap();
        assert_eq!(
            text(&post),
            "POST /a%20b?c HTTP/1.1\r\nhost: h\r\nx-a: b\r\ncontent-length: 4\r\n\r\nbody"
        );
        let get = Request::get("http://[::1]:8080").header("host", "other").body("").unwrap();
        assert_eq!(text(&get), "GET / HTTP/1.1\r\nhost: other\r\n\r\n");
        assert!(text(&Request::post("http://h/").body("").unwrap()).contains("\r\ncontent-length: 0\r\n"));
    }

    #[test]
    fn nobody_else_says_how_long_it_is() {
        for (name, value) in [("content-length", "3"), ("transfer-encoding", "chunked")] {
            let error = request(&Request::post("http://h/").header(name, value).body("abc").unwrap());
            assert_eq!(error.unwrap_err().kind(), crate::ErrorKind::InvalidInput);
        }
        assert!(request(&Request::get("/relative").body("").unwrap()).is_err());
    }
}
