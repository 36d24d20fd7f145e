//! Peers that never pause for as long as a deadline, and never come to an end.

use std::io::{self, Read};
use std::time::Duration;

use sts_proto::TransportKind::Timeout;

use crate::drivers::Driver;
use crate::peer::{Connection, drip, grant, request, sip};
use crate::table::{Entry, Route, Verdict, run};
use crate::{DEADLINE, on_all};

on_all! {
    dripping_peer_meets_the_deadline_at_every_place
}

const OK: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const LENGTH: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";

/// A record with the beginning of a hello, most of which is still to come.
const HELLO: &[u8] = b"\x16\x03\x03\x40\0\x02\0\x3f\xfc\x03\x03";

/// More than the buffers of both sides hold. To encode so much takes a while, so the deadline is longer.
const LARGE: usize = 6 << 20;
const DEADLINE_OF_LARGE: Duration = Duration::from_secs(1);

fn entry(
    name: &str,
    route: Route,
    serve: impl Fn(Connection) -> io::Result<()> + Send + Sync + 'static,
) -> Entry {
    Entry::new(name, route, DEADLINE, Verdict::Error(&[Timeout]), serve)
}

/// Drips after a request, over the ways of `route` to a server.
fn reply(name: &str, route: Route, first: &'static str, then: &'static [u8]) -> Entry {
    entry(name, route, move |mut stream| match route {
        Route::Tls => {
            let mut stream = stream.tls();
            request(&mut stream)?;
            drip(&mut stream, first, then)
        }
        _ => {
            if route == Route::Proxy {
                grant(&mut stream)?;
            }
            request(&mut stream)?;
            drip(&mut stream, first, then)
        }
    })
}

fn entries() -> Vec<Entry> {
    let mut large =
        entry("request, small pieces of which are read", Route::Direct, |mut stream| sip(&mut stream));
    (large.token_bytes, large.deadline) = (LARGE, DEADLINE_OF_LARGE);
    vec![
        entry("status line of a reply to CONNECT", Route::Proxy, |mut stream| {
            request(&mut stream)?;
            drip(&mut stream, "HTTP/1.1 200 ", b"x")
        }),
        entry("headers of a reply to CONNECT", Route::Proxy, |mut stream| {
            request(&mut stream)?;
            drip(&mut stream, OK, b"Name: value\r\n")
        }),
        entry("interim replies to CONNECT", Route::Proxy, |mut stream| {
            request(&mut stream)?;
            drip(&mut stream, "", b"HTTP/1.1 100 Continue\r\n\r\n")
        }),
        entry("reply to CONNECT of a proxy with TLS", Route::TlsProxy, |stream| {
            let mut stream = stream.tls();
            request(&mut stream)?;
            drip(&mut stream, OK, b"Name: value\r\n")
        }),
        entry("TLS hello of a proxy", Route::TlsProxy, |mut stream| drip(&mut stream, HELLO, b"\0")),
        entry("TLS hello of a server", Route::Tls, |mut stream| drip(&mut stream, HELLO, b"\0")),
        entry("TLS hello of a server, a record for each byte", Route::Tls, |mut stream| {
            drip(&mut stream, b"\x16\x03\x03\0\x04\x02\0\xff\xff", b"\x16\x03\x03\0\x01\0")
        }),
        entry("TLS hello of a server in a tunnel", Route::ProxyToTls, |mut stream| {
            grant(&mut stream)?;
            // Not before the client's hello: a proxy that grants a tunnel says no more.
            stream.read_exact(&mut [0])?;
            drip(&mut stream, HELLO, b"\0")
        }),
        reply("status line", Route::Direct, "HTTP/1.1 200 ", b"x"),
        reply("one header", Route::Direct, "HTTP/1.1 200 OK\r\nName: ", b"x"),
        reply("headers", Route::Direct, OK, b"Name: value\r\n"),
        reply("interim replies", Route::Direct, "", b"HTTP/1.1 100 Continue\r\n\r\n"),
        reply("body with a length", Route::Direct, LENGTH, b"<"),
        reply("body to the end of the connection", Route::Direct, "HTTP/1.1 200 OK\r\n\r\n", b"<"),
        reply("chunks of one byte", Route::Direct, CHUNKED, b"1\r\n<\r\n"),
        reply("extension of a chunk", Route::Direct, CHUNKED, b"1;name=value\r\n<\r\n"),
        reply(
            "one chunk",
            Route::Direct,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff0\r\n",
            b"<",
        ),
        reply(
            "trailers",
            Route::Direct,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            b"A: b\r\n",
        ),
        reply("body in a tunnel", Route::Proxy, LENGTH, b"<"),
        reply("headers in TLS", Route::Tls, OK, b"Name: value\r\n"),
        reply("body in TLS", Route::Tls, LENGTH, b"<"),
        large,
    ]
}

fn dripping_peer_meets_the_deadline_at_every_place(driver: Driver) {
    run(driver, "dripping", &entries(), 12);
}
