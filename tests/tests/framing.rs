//! What leaves open where a reply ends is refused by both drivers, and what never ends costs neither time past the
//! deadline nor memory past the limit.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, thread};

use futures_lite::future;
use sts_proto::operation::GetCallerIdentity;
use sts_proto::settings::Timeouts;
use sts_proto::{Credentials, Error, ErrorKind, RetryPolicy, TransportKind};

use support::{Scripted, Then};

#[path = "support/scripted.rs"]
mod support;

const BODY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>a</Arn><UserId>u</UserId><Account>1\
                    </Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

/// Not what the deadline is, but what no call can take that has one.
const HANGS: Duration = Duration::from_secs(20);

/// Either driver.
struct Client {
    name: &'static str,
    call: Box<dyn Fn(Option<Duration>) -> Result<(), Error>>,
}

fn clients(url: &str) -> [Client; 2] {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").unwrap();
    let blocking = sts_blocking::Client::builder().region("us-east-1").endpoint_url(url);
    let blocking = blocking.credentials(credentials.clone()).retry(RetryPolicy::never()).build().unwrap();
    let in_async = sts_async::smol::Client::builder().region("us-east-1").endpoint_url(url);
    let in_async = in_async.credentials(credentials).retry(RetryPolicy::never());
    let in_async = in_async.timeouts(Timeouts::default()).build().unwrap();
    let time = |timeout: Option<Duration>| timeout.unwrap_or(HANGS);
    let blocking =
        move |timeout| blocking.call(GetCallerIdentity::new()).timeout(time(timeout)).send().map(drop);
    let in_async = move |timeout| {
        future::block_on(in_async.call(GetCallerIdentity::new()).timeout(time(timeout)).send()).map(drop)
    };
    [
        Client { name: "sts-blocking", call: Box::new(blocking) },
        Client { name: "sts-async", call: Box::new(in_async) },
    ]
}

fn good() -> Vec<u8> {
    framed(&format!("Content-Length: {}", BODY.len()), BODY)
}

fn framed(headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n{body}").into_bytes()
}

/// The body in chunks, the first size and the end as given; `{}` stands for the size in hexadecimal digits.
fn chunked(size: &str, end: &str) -> Vec<u8> {
    let size = size.replace("{}", &format!("{:x}", BODY.len()));
    framed("Transfer-Encoding: chunked", &format!("{size}\r\n{BODY}\r\n{end}"))
}

fn server() -> Scripted {
    let server = Scripted::start();
    server.usually(Arc::new(good()));
    server
}

#[test]
fn what_is_clear_is_taken() {
    let server = server();
    for client in clients(&server.url()) {
        let long_extension = format!("{{}};name=\"{}\"", "v".repeat(200));
        let interim = |head: &[u8]| [head, &good()].concat();
        for reply in [
            good(),
            chunked("{}", "0\r\n\r\n"),
            chunked("00{}", "0\r\nX-Trailer: 1\r\n\r\n"),
            chunked("{};name=v", "0\r\n\r\n"),
            chunked(&long_extension, "0;x\r\n\r\n"),
            interim(b"HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n"),
            interim(b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Wait\r\n\r\n"),
        ] {
            server.next(reply.clone(), Then::Keep);
            (client.call)(None).unwrap_or_else(|error| {
                panic!("{}: {error}: {}", client.name, String::from_utf8_lossy(&reply))
            });
        }
        server.next(framed("Connection: close", BODY), Then::Close);
        (client.call)(None).unwrap();
    }
}

#[test]
fn what_is_ambiguous_is_refused_by_both() {
    let server = server();
    let n = BODY.len();
    let length = |value: String| framed(&format!("Content-Length: {value}"), BODY);
    let coding = |value: &str| {
        let body = format!("{n:x}\r\n{BODY}\r\n0\r\n\r\n");
        framed(&format!("Transfer-Encoding: {value}"), &body)
    };
    let replies = [
        length(format!("{n}\r\nContent-Length: {n}")),
        length(format!("{n}\r\nContent-Length: {}", n + 1)),
        length(format!("{n}, {n}")),
        length(format!("+{n}")),
        length(format!("-{n}")),
        length(format!("0x{n:x}")),
        length(format!("{n}.0")),
        length(format!("{n} {n}")),
        length(String::new()),
        length("18446744073709551616".to_owned()),
        length(format!("{n}\r\nTransfer-Encoding: chunked")),
        length(format!("{n}\r\nTransfer-Encoding: identity")),
        coding("gzip"),
        coding("gzip, chunked"),
        coding("chunked, chunked"),
        coding("chunked, identity"),
        coding("identity"),
        coding("xchunked"),
        coding("chunked;q=1"),
        coding("chunked\r\nTransfer-Encoding: chunked"),
        coding(&format!("chunked\r\nContent-Length: {n}")),
        [&b"HTTP/1.0 200 OK\r\n"[..], &coding("chunked")[b"HTTP/1.1 200 OK\r\n".len()..]].concat(),
        chunked("+{}", "0\r\n\r\n"),
        chunked("-{}", "0\r\n\r\n"),
        chunked("0x{}", "0\r\n\r\n"),
        chunked(" {}", "0\r\n\r\n"),
        chunked("{} ", "0\r\n\r\n"),
        chunked("{}\t", "0\r\n\r\n"),
        chunked("{} ;name=v", "0\r\n\r\n"),
        chunked("{};name=v\n", "0\r\n\r\n"),
        chunked(&format!("{{}};{}", "v".repeat(300)), "0\r\n\r\n"),
        chunked("{}", "+0\r\n\r\n"),
        chunked("{}", "0 \r\n\r\n"),
        chunked("{}", "0\r\n"),
        chunked("{}", "0\r\nX-Trailer: 1\n\r\n"),
        chunked("{}", "0\r\nX-Trailer: 1\r\n 2\r\n\r\n"),
        chunked("{}", "0\r\n\r\nx"),
        framed("Transfer-Encoding: chunked", &format!("{n:x}\n{BODY}\r\n0\r\n\r\n")),
        framed("Transfer-Encoding: chunked", &format!("{n:x}\r\n{BODY}\n0\r\n\r\n")),
        framed("Transfer-Encoding: chunked", &format!("{n:x}\r\n{BODY}0\r\n\r\n")),
        chunked("", "0\r\n\r\n"),
        chunked("g", "0\r\n\r\n"),
        chunked("1", "0\r\n\r\n"),
        chunked("ffffffffffffffffffffff", "0\r\n\r\n"),
        framed(&format!("A : b\r\nContent-Length: {n}"), BODY),
        framed(&format!("A: b\r\n c\r\nContent-Length: {n}"), BODY),
        framed(&format!("A: b\rB: c\r\nContent-Length: {n}"), BODY),
        framed(&format!("A: b\0\r\nContent-Length: {n}"), BODY),
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n".to_vec(),
        // Bytes after the end, a reply or not.
        [good(), b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx".to_vec()].concat(),
        [good(), b"\r\n".to_vec()].concat(),
        // Bare line feeds, and an empty line before the head.
        format!("HTTP/1.1 200 OK\nContent-Length: {n}\n\n{BODY}").into_bytes(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {n}\n\r\n{BODY}").into_bytes(),
        [&b"\r\n"[..], &good()].concat(),
        b"HTTP/2 200\r\n\r\n".to_vec(),
        b"HTTP/1.1 099 No\r\n\r\n".to_vec(),
        b"SSH-2.0-OpenSSH\r\n\r\n".to_vec(),
    ];
    for client in clients(&server.url()) {
        for reply in &replies {
            let shown = String::from_utf8_lossy(reply);
            server.next(reply.clone(), Then::Close);
            let error = (client.call)(None).expect_err(&format!("{}: {shown}", client.name));
            assert_eq!(error.kind(), ErrorKind::Transport, "{}: {error}: {shown}", client.name);
            let next = (client.call)(None);
            assert!(next.is_ok(), "{}: the next call after {shown}: {next:?}", client.name);
        }
    }
}

/// A body to the end of the connection ends with its end, not with its failure.
#[test]
fn reset_is_no_end_of_a_body() {
    let server = server();
    for client in clients(&server.url()) {
        server.next(framed("Connection: close", BODY), Then::Reset);
        let error = (client.call)(None).expect_err(client.name);
        assert_eq!(error.transport_kind(), Some(TransportKind::Closed), "{}: {error}", client.name);
    }
}

/// An agent of the user's own reads replies by ureq, whose reader takes what the core's reader refuses, and gives no sign of
/// it: SECURITY.md lists these. They can only make the body another one, which then has to be a whole document; the connection
/// is not used again.
#[test]
fn own_agent_reads_by_the_laxer_rules_of_ureq() {
    let server = server();
    let length = BODY.len();
    let agent: ureq::Agent = ureq::Agent::config_builder().build().into();
    let client = sts_blocking::Client::builder()
        .region("us-east-1")
        .endpoint_url(server.url())
        .credentials(Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").unwrap())
        .retry(RetryPolicy::never())
        .transport(sts_blocking::UreqTransport::with_agent(agent))
        .build()
        .unwrap();
    let call = || client.call(GetCallerIdentity::new()).timeout(HANGS).send().map(drop);
    let lax = [
        ("a sign before the size of a chunk", chunked("+{}", "0\r\n\r\n")),
        ("white space around the size of a chunk", chunked(" {} ", "0\r\n\r\n")),
        ("no end after the last chunk", chunked("{}", "0\r\n")),
        ("bytes after the end", [good(), b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx".to_vec()].concat()),
        (
            "bare line feeds in the head",
            format!("HTTP/1.1 200 OK\nContent-Length: {length}\n\n{BODY}").into(),
        ),
    ];
    for (what, reply) in lax {
        server.next(reply, Then::Close);
        call().unwrap_or_else(|error| panic!("ureq refuses it now: {what}: {error}"));
        call().unwrap_or_else(|error| panic!("after {what}: {error}"));
    }
    let two_lengths = format!("Content-Length: {length}\r\nContent-Length: {length}");
    for headers in [two_lengths.as_str(), "Transfer-Encoding: gzip"] {
        server.next(framed(headers, BODY), Then::Close);
        call().expect_err(headers);
    }
}

/// What stands on a kept connection is never taken for the next reply.
#[test]
fn what_nobody_asked_for_is_no_reply() {
    let server = server();
    let forged = BODY.replace("<Arn>a<", "<Arn>forged<");
    let forged = framed(&format!("Content-Length: {}", forged.len()), &forged);
    for client in clients(&server.url()) {
        let connections = server.connections();
        server.next([good(), forged.clone()].concat(), Then::Stall);
        // The bytes may come with the reply or after it.
        if let Err(error) = (client.call)(None) {
            assert_eq!(error.transport_kind(), Some(TransportKind::Protocol), "{}: {error}", client.name);
        }
        (client.call)(None).unwrap();
        assert_eq!(server.connections(), connections + 2, "{}: a new connection", client.name);
    }
}

fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Endless replies, fast and slow, by every part that can be endless.
#[test]
fn what_never_ends() {
    const DEADLINE: Duration = Duration::from_millis(700);
    /// More than both limits, the server's own pieces and the threads of the other tests need.
    const MEMORY: u64 = 48 << 10;

    let ok = "HTTP/1.1 200 OK\r\n";
    let many = |text: &str| text.repeat(4096);
    let cases = [
        ("a body to the end of the connection", format!("{ok}\r\n"), many("<a>")),
        ("a body of the length that fits", format!("{ok}Content-Length: 1048576\r\n\r\n"), "x".to_owned()),
        ("chunks", format!("{ok}Transfer-Encoding: chunked\r\n\r\n"), many("4\r\n<ab>\r\n")),
        ("empty header", ok.to_owned(), many("A: b\r\n")),
        ("one header", format!("{ok}A: "), many("b")),
        ("reason", "HTTP/1.1 200 ".to_owned(), many("b")),
        ("interim replies", String::new(), many("HTTP/1.1 100 Continue\r\n\r\n")),
        ("early hints", String::new(), many("HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n")),
        ("a chunk's size", format!("{ok}Transfer-Encoding: chunked\r\n\r\n"), many("0")),
        ("a chunk's extension", format!("{ok}Transfer-Encoding: chunked\r\n\r\n4;"), many("a")),
        ("trailers", format!("{ok}Transfer-Encoding: chunked\r\n\r\n0\r\n"), many("A: b\r\n")),
        ("one trailer", format!("{ok}Transfer-Encoding: chunked\r\n\r\n0\r\nA: "), many("b")),
    ];
    let before = peak();
    let complaints: Vec<_> = thread::scope(|scope| {
        let mut runs = Vec::new();
        for (what, head, more) in &cases {
            // A byte at a time, and as fast as it goes.
            for (piece, pause) in [(&more[..1], 2), (more.as_str(), 0)] {
                for driver in 0..2 {
                    runs.push(scope.spawn(move || {
                        let server = server();
                        let [blocking, in_async] = clients(&server.url());
                        let client = if driver == 0 { blocking } else { in_async };
                        let bytes = format!("{head}{piece}");
                        server.next(bytes, Then::Repeat(head.len(), Duration::from_millis(pause)));
                        let start = Instant::now();
                        let outcome = (client.call)(Some(DEADLINE));
                        let took = start.elapsed();
                        let name = format!("{}: {what}, {} bytes at a time", client.name, piece.len());
                        let is_typed = outcome.as_ref().is_err_and(|error| {
                            error.transport_kind().is_some_and(|kind| {
                                use TransportKind::{Protocol, Timeout, TooLarge};
                                matches!(kind, Protocol | Timeout | TooLarge)
                            })
                        });
                        if !is_typed || took > 8 * DEADLINE {
                            return Some(format!("{name}: {outcome:?} after {took:?}"));
                        }
                        (client.call)(None).err().map(|error| format!("{name}: the next call: {error}"))
                    }));
                }
            }
        }
        runs.into_iter().filter_map(|run| run.join().unwrap()).collect()
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let grown = peak() - before;
    assert!(grown < MEMORY, "{grown} KiB for {} endless replies", 4 * cases.len());
}
