//! The one request that is served: a GET of one path, of this host, with the token.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use sts_blocking::{Body, Secret};

/// The most that a request may have. Those of SDKs have some hundred bytes.
const MAX_BYTES: usize = 8 * 1024;

/// How long a request may take to arrive, and an answer to leave.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most that is read after an answer, and for how long. A connection that is closed with unread bytes is reset, and the
/// client may lose the answer.
const MAX_UNREAD: usize = 1 << 20;
const LINGER: Duration = Duration::from_secs(2);

/// What a request has to be.
pub(super) struct Rules {
    /// `127.0.0.1:1234` and `localhost:1234`. A page in a browser whose name was made to point here has another.
    hosts: [String; 2],
    path: &'static str,
    token: Secret,
}

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The status line's code and reason.
    pub(super) status: &'static str,
    /// For programs.
    pub(super) code: &'static str,
    /// For people.
    pub(super) message: &'static str,
}

const BAD: Refusal =
    Refusal { status: "400 Bad Request", code: "BadRequest", message: "that is no request this can serve" };
const LATE: Refusal =
    Refusal { status: "408 Request Timeout", code: "RequestTimeout", message: "the request did not arrive" };
const LONG: Refusal = Refusal {
    status: "431 Request Header Fields Too Large",
    code: "RequestTooLarge",
    message: "the request is too long",
};
const HOST: Refusal =
    Refusal { status: "403 Forbidden", code: "AccessDenied", message: "the Host header names another host" };
const TOKEN: Refusal = Refusal {
    status: "401 Unauthorized",
    code: "Unauthorized",
    message: "the Authorization header is not the token that was given out",
};
pub(super) const BUSY: Refusal = Refusal {
    status: "503 Service Unavailable",
    code: "Busy",
    message: "too many requests at once; try again",
};
const PATH: Refusal = Refusal { status: "404 Not Found", code: "NotFound", message: "there is nothing here" };
const METHOD: Refusal =
    Refusal { status: "405 Method Not Allowed", code: "MethodNotAllowed", message: "only GET is served" };

impl Rules {
    pub(super) fn new(port: u16, path: &'static str, token: Secret) -> Self {
        Self { hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")], path, token }
    }

    /// Reads a request and says whether it may be answered.
    pub(super) fn read(&self, stream: &TcpStream) -> Result<(), Refusal> {
        self.check(head(stream)?.as_ref())
    }

    fn check(&self, head: &[u8]) -> Result<(), Refusal> {
        let head = std::str::from_utf8(head).map_err(|_| BAD)?;
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(BAD);
        };
        let (mut host, mut token) = (None, None);
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or(BAD)?;
            let slot = match name {
                _ if name.is_empty() || name.contains(char::is_whitespace) => return Err(BAD),
                _ if name.eq_ignore_ascii_case("host") => &mut host,
                _ if name.eq_ignore_ascii_case("authorization") => &mut token,
                _ => continue,
            };
            // Which of two is meant, others may read differently.
            if slot.replace(value.trim_matches([' ', '\t'])).is_some() {
                return Err(BAD);
            }
        }
        let host = host.ok_or(BAD)?;
        if !self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
            return Err(HOST);
        }
        if !is_same(token.unwrap_or_default().as_bytes(), self.token.expose().as_bytes()) {
            return Err(TOKEN);
        }
        match (method, target) {
            (_, target) if target != self.path => Err(PATH),
            ("GET", _) => Ok(()),
            _ => Err(METHOD),
        }
    }
}

/// Without telling by its time how much is right.
fn is_same(given: &[u8], wanted: &[u8]) -> bool {
    given.len() == wanted.len()
        && given.iter().zip(wanted).fold(0, |different, (given, wanted)| different | (given ^ wanted)) == 0
}

/// Everything up to the empty line. A body is not read: nothing that is served has one.
fn head(mut stream: &TcpStream) -> Result<Body, Refusal> {
    let began = Instant::now();
    let mut bytes = vec![0; MAX_BYTES];
    let mut length = 0;
    loop {
        let left = PATIENCE.saturating_sub(began.elapsed());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return Err(LATE);
        }
        let Some(rest) = bytes.get_mut(length..).filter(|rest| !rest.is_empty()) else { return Err(LONG) };
        match stream.read(rest) {
            Ok(0) => return Err(BAD),
            Ok(n) => {
                // An end may lie across two reads.
                let from = length.saturating_sub(3);
                length += n;
                let end =
                    bytes.get(from..length).and_then(|new| new.windows(4).position(|w| w == b"\r\n\r\n"));
                if let Some(end) = end {
                    bytes.truncate(from + end);
                    return Ok(Body::from(bytes));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(LATE),
        }
    }
}

/// Answers and closes. A client that has gone away is not told.
pub(super) fn respond(mut stream: &TcpStream, status: &str, body: &Body) {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncache-control: no-store\r\ncontent-length: \
         {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.set_write_timeout(Some(PATIENCE));
    let written = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_ref()));
    if written.and_then(|()| stream.shutdown(Shutdown::Write)).is_ok() {
        drain(stream);
    }
}

/// Reads what the client still sends, until it closes: within limits, for nobody says that it does.
fn drain(mut stream: &TcpStream) {
    let began = Instant::now();
    let (mut buffer, mut length) = ([0; 4096], 0);
    while length < MAX_UNREAD {
        let left = LINGER.saturating_sub(began.elapsed());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return;
        }
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(n) => length += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_request_is_served() {
        let rules = Rules::new(8080, "/credentials", Secret::from("s3cret"));
        let good = "GET /credentials HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAuthorization: s3cret";
        assert_eq!(rules.check(good.as_bytes()), Ok(()));
        assert_eq!(rules.check(good.replace("127.0.0.1", "LOCALHOST").as_bytes()), Ok(()));
        for (piece, other, refusal) in [
            ("GET", "POST", METHOD),
            ("GET", "GET ", BAD),
            ("/credentials", "/", PATH),
            ("/credentials", "http://127.0.0.1:8080/credentials", PATH),
            ("HTTP/1.1", "HTTP/2", BAD),
            ("127.0.0.1:8080", "evil.example:8080", HOST),
            ("127.0.0.1:8080", "127.0.0.1", HOST),
            ("Host: 127.0.0.1:8080\r\n", "", BAD),
            ("Host", "Host ", BAD),
            ("Host: ", "Host: localhost:8080\r\nHost: ", BAD),
            ("s3cret", "s3cres", TOKEN),
            ("s3cret", "s3cret, s3cret", TOKEN),
            ("s3cret", "", TOKEN),
            ("Authorization", "X", TOKEN),
        ] {
            assert_eq!(
                rules.check(good.replace(piece, other).as_bytes()),
                Err(refusal),
                "{piece} -> {other}"
            );
        }
        assert_eq!(rules.check(b"\xff"), Err(BAD));
    }
}
