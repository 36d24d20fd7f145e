//! HTTP messages as they stand in files of test cases: a head whose lines end with LF or CRLF, an empty line, a body.
//!
//! For tests only: it takes what it is given and refuses next to nothing.

use http::header::{HOST, HeaderName, HeaderValue};
use http::{HeaderMap, Request, Response, Uri};

/// A message in its parts.
struct Message<'a> {
    first: String,
    headers: HeaderMap,
    body: &'a [u8],
}

/// Reads a request. Its URL gets the scheme `https` and the authority of the `Host` header, which stays.
///
/// # Errors
/// It is none, or the `http` crate cannot represent it exactly.
pub fn request(bytes: &[u8]) -> Result<Request<Vec<u8>>, String> {
    // White space after the colon stays: leaving it out of what is signed is the signer's task.
    let message = message(bytes, |value| value)?;
    let (method, rest) = message.first.split_once(' ').ok_or("no target")?;
    let (target, version) = rest.rsplit_once(' ').ok_or("no version")?;
    if version != "HTTP/1.1" {
        return Err(format!("version {version}"));
    }
    let host = message.headers.get(HOST).and_then(|host| host.to_str().ok()).ok_or("no host")?;
    let mut request = Request::new(message.body.to_vec());
    *request.method_mut() = method.parse().map_err(|_| format!("method {method}"))?;
    *request.uri_mut() = uri(&format!("https://{}{target}", host.trim()))?;
    *request.headers_mut() = message.headers;
    Ok(request)
}

/// A URL that must come out as it went in.
///
/// # Errors
/// The `http` crate refuses it or makes something else of it.
pub fn uri(url: &str) -> Result<Uri, String> {
    let uri = Uri::try_from(url).map_err(|error| format!("{url:?}: {error}"))?;
    if uri == *url { Ok(uri) } else { Err(format!("{url:?} became {uri}")) }
}

/// Reads a response.
///
/// # Errors
/// It is none, or its body is not as long as it says.
pub fn response(bytes: &[u8]) -> Result<Response<Vec<u8>>, String> {
    let message = message(bytes, str::trim)?;
    let mut parts = message.first.split(' ');
    if parts.next() != Some("HTTP/1.1") {
        return Err(format!("no status line: {}", message.first));
    }
    let mut response = Response::new(message.body.to_vec());
    let status = parts.next().ok_or("no status")?;
    *response.status_mut() = status.parse().map_err(|_| format!("status {status}"))?;
    *response.headers_mut() = message.headers;
    let length = response.headers().get(http::header::CONTENT_LENGTH);
    match length.and_then(|length| length.to_str().ok()) {
        Some(length) if length != message.body.len().to_string() => {
            Err(format!("content-length {length}, but {} bytes", message.body.len()))
        }
        _ => Ok(response),
    }
}

fn message(bytes: &[u8], value_of: fn(&str) -> &str) -> Result<Message<'_>, String> {
    let (head, body) = split(bytes);
    let head = std::str::from_utf8(head).map_err(|error| format!("head: {error}"))?;
    // A line that begins with white space goes on with the header before it, as long ago it could.
    let head = head.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let mut lines = head.split('\n');
    let first = lines.next().unwrap_or_default().to_owned();
    let mut headers = HeaderMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or_else(|| format!("header {line:?}"))?;
        let value = HeaderValue::from_bytes(value_of(value).as_bytes());
        let value = value.map_err(|_| format!("header {line:?}"))?;
        let name: HeaderName = name.parse().map_err(|_| format!("header {line:?}"))?;
        headers.append(name, value);
    }
    Ok(Message { first, headers, body })
}

/// The head and the body. A message may end with its last header.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    for end in [b"\r\n\r\n".as_slice(), b"\n\n"] {
        if let Some(at) = bytes.windows(end.len()).position(|window| window == end) {
            return (&bytes[..at], &bytes[at + end.len()..]);
        }
    }
    (bytes, b"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read() {
        let request = request(b"POST /a/../b?c=d HTTP/1.1\nHost:h\nX:  y\nX: z\n  z\n\nbody\n").unwrap();
        assert_eq!(request.uri(), "https://h/a/../b?c=d");
        let values: Vec<_> = request.headers().get_all("x").iter().collect();
        assert_eq!(values, ["  y", " z  z"]);
        assert_eq!(request.body(), b"body\n");
        assert!(super::request(b"GET /a b HTTP/1.1\nHost:h").is_err());
    }

    #[test]
    fn a_response_is_read() {
        let response = response(b"HTTP/1.1 404 NOT FOUND\r\nContent-Length: 2\r\n\r\n\n\n").unwrap();
        assert_eq!(response.status(), 404);
        assert_eq!(response.body(), b"\n\n");
        assert!(super::response(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n").is_err());
    }
}
