//! A peer that sends or reads drop by drop never has ureq take longer than its deadline, wherever on the way to a reply it is.
//!
//! `cargo test -p sts-blocking --test deadlines -- --nocapture` prints how far past its deadline each call came back.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use sts_blocking::proxy::ProxySettings;
use sts_blocking::{Body, Error, Timeouts, Transport, TransportKind, UreqOptions, UreqTransport, http};

const CONNECT: Duration = Duration::from_millis(300);
const ATTEMPT: Duration = Duration::from_millis(600);

/// One byte, or one mouthful, in each of these.
const PAUSE: Duration = Duration::from_millis(15);

/// How long a peer goes on at the most, so that no test hangs: longer than a call may take before it is a failure.
const PATIENCE: Duration = Duration::from_secs(12);

/// The beginning of a handshake message of TLS that is large and never complete.
const SERVER_HELLO: &[u8] = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03";

const OK: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The peer of a call.
#[derive(Clone)]
struct Peer {
    /// What it sends at once, after a request that ends with an empty line; nothing if no request is awaited.
    granted: &'static str,
    /// What drips: this, and then the second part again and again.
    first: Vec<u8>,
    again: &'static [u8],
}

impl Peer {
    fn dripping(first: impl AsRef<[u8]>, again: &'static [u8]) -> Self {
        Self { granted: "", first: first.as_ref().to_vec(), again }
    }

    /// The address of such a peer for one connection.
    fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            // However the client leaves, it is no concern of the peer's.
            drop(self.serve(stream));
        });
        address
    }

    fn serve(self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let end = Instant::now() + PATIENCE;
        if !self.granted.is_empty() {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte)?;
                request.extend(byte);
            }
            stream.write_all(self.granted.as_bytes())?;
            // Bytes that came with the grant would be refused.
            stream.read_exact(&mut [0])?;
        }
        let drops = self.first.iter().chain(self.again.iter().cycle());
        for drop in drops.take_while(|_| Instant::now() < end) {
            stream.write_all(&[*drop])?;
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}

fn options() -> UreqOptions {
    UreqOptions::new().timeouts(Timeouts::default().connect(CONNECT).attempt(ATTEMPT))
}

fn direct() -> UreqTransport {
    UreqTransport::with_options(options()).unwrap()
}

fn through(proxy: &str) -> UreqTransport {
    UreqTransport::with_options(options().proxy(ProxySettings::explicit(proxy).unwrap())).unwrap()
}

fn send(transport: &UreqTransport, url: &str, body: Vec<u8>) -> Result<http::Response<Body>, Error> {
    transport.send(http::Request::post(url).body(Body::from(body)).unwrap(), ATTEMPT)
}

#[test]
fn dripping_peer_never_outlasts_the_deadline() {
    let tunnel = |peer: Peer, url: &'static str, scheme: &'static str| {
        move || send(&through(&format!("{scheme}://{}", peer.start())), url, b"a".to_vec())
    };
    let reply = |first: &str, again: &'static [u8]| {
        let peer = Peer::dripping(first, again);
        move || send(&direct(), &format!("http://{}/", peer.start()), b"a".to_vec())
    };
    let (http, https) = ("http://sts.test/", "https://sts.test/");
    let behind = Peer { granted: "HTTP/1.1 200 OK\r\n\r\n", ..Peer::dripping(SERVER_HELLO, b"\0") };
    let hello = Peer::dripping(SERVER_HELLO, b"\0");
    type Call = Box<dyn FnOnce() -> Result<http::Response<Body>, Error> + Send>;
    let calls: Vec<(&str, Duration, Call)> = vec![
        (
            "status line of a proxy",
            CONNECT,
            Box::new(tunnel(Peer::dripping("HTTP/1.1 200 ", b"x"), http, "http")),
        ),
        ("headers of a proxy", CONNECT, Box::new(tunnel(Peer::dripping(OK, b"A: b\r\n"), http, "http"))),
        (
            "interim replies of a proxy",
            CONNECT,
            Box::new(tunnel(Peer::dripping("", b"HTTP/1.1 100 Continue\r\n\r\n"), https, "http")),
        ),
        ("TLS with a proxy", CONNECT, Box::new(tunnel(Peer::dripping(SERVER_HELLO, b"\0"), http, "https"))),
        ("TLS through a tunnel", CONNECT, Box::new(tunnel(behind, https, "http"))),
        (
            "TLS with the server",
            CONNECT,
            Box::new(move || send(&direct(), &format!("https://{}/", hello.start()), b"a".to_vec())),
        ),
        ("status line", ATTEMPT, Box::new(reply("HTTP/1.1 200 ", b"x"))),
        ("headers", ATTEMPT, Box::new(reply(OK, b"A: b\r\n"))),
        ("interim replies", ATTEMPT, Box::new(reply("", b"HTTP/1.1 100 Continue\r\n\r\n"))),
        ("size of a chunk", ATTEMPT, Box::new(reply(CHUNKED, b"0"))),
        ("extension of a chunk", ATTEMPT, Box::new(reply(&format!("{CHUNKED}1;"), b"x"))),
        ("chunks", ATTEMPT, Box::new(reply(CHUNKED, b"1\r\na\r\n"))),
        ("trailers", ATTEMPT, Box::new(reply(&format!("{CHUNKED}0\r\n"), b"A: b\r\n"))),
        ("body of a length", ATTEMPT, Box::new(reply(&format!("{OK}Content-Length: 1000000\r\n\r\n"), b"x"))),
        ("body without a length", ATTEMPT, Box::new(reply(&format!("{OK}\r\n"), b"x"))),
        ("a request that is read slowly", ATTEMPT, Box::new(slow_reader)),
    ];
    let runs: Vec<_> = calls
        .into_iter()
        .map(|(place, deadline, call)| {
            let run = thread::spawn(move || {
                let start = Instant::now();
                (call().map(drop), start.elapsed())
            });
            (place, deadline, run)
        })
        .collect();
    let mut complaints = Vec::new();
    for (place, deadline, run) in runs {
        let (outcome, took) = run.join().unwrap();
        let past = took.saturating_sub(deadline);
        println!("{place}: {took:?}, {past:?} past the deadline of {deadline:?}");
        let kind = outcome.as_ref().err().and_then(Error::transport_kind);
        if kind != Some(TransportKind::Timeout) || took > 10 * deadline {
            complaints.push(format!("{place}: {outcome:?} after {took:?}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Of a request that is larger than the system's buffers, a mouthful in each pause.
fn slow_reader() -> Result<http::Response<Body>, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (end, mut mouthful) = (Instant::now() + PATIENCE, vec![0; 64 << 10]);
        while Instant::now() < end && matches!(stream.read(&mut mouthful), Ok(1..)) {
            thread::sleep(2 * PAUSE);
        }
    });
    send(&direct(), &url, vec![b'a'; 24 << 20])
}

#[test]
fn connect_deadline_is_one_for_all_steps() {
    // Each step has time enough by itself: the proxy's name, its reply in two parts, the beginning of TLS.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for part in [&b"HTTP/1.1 100 Continue\r\n\r\n"[..], b"HTTP/1.1 200 OK\r\n\r\n", SERVER_HELLO] {
            thread::sleep(CONNECT * 2 / 5);
            if stream.write_all(part).is_err() {
                return;
            }
        }
        thread::sleep(PATIENCE);
    });
    let start = Instant::now();
    let error = send(&through(&proxy), "https://sts.test/", Vec::new()).unwrap_err();
    let took = start.elapsed();
    assert_eq!(error.transport_kind(), Some(TransportKind::Timeout), "{error:?}");
    assert!(took >= CONNECT && took < 10 * CONNECT, "{took:?}");
}
