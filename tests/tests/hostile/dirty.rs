//! Bytes that nobody asked for, on a connection that waits for its next request. RFC 9112, section 9.2.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::ServerConnection;

use crate::drivers::{Driver, calls};
use crate::peer::{ACCOUNT, Connection, Peer, answer, grant, reply, request, send, stall};
use crate::table::{Entry, Route, Verdict};
use crate::{LONG, on_all};

on_all! {
    half_a_record_of_tls_is_never_the_next_reply
    record_behind_a_full_one_is_never_the_next_reply
    unsolicited_bytes_are_never_the_next_reply
    silent_connection_is_used_again
}

/// How long after the reply the peer speaks, and how long the program computes without a look at its connections.
const LATER: Duration = Duration::from_millis(30);
const COMPUTES: Duration = Duration::from_millis(150);

/// Who a peer claims that the caller is.
const FORGED: &str = "999999999999";

const ROUTES: [Route; 4] = [Route::Direct, Route::Tls, Route::Proxy, Route::TlsProxy];

fn over(
    route: Route,
    mut stream: Connection,
    serve: impl Fn(&mut dyn Both) -> io::Result<()>,
) -> io::Result<()> {
    match route {
        Route::Direct => serve(&mut stream),
        Route::Tls => serve(&mut stream.tls()),
        Route::Proxy => {
            grant(&mut stream)?;
            serve(&mut stream)
        }
        _ => {
            let mut stream = stream.tls();
            grant(&mut stream)?;
            serve(&mut stream)
        }
    }
}

trait Both: Read + Write {}

impl<S: Read + Write> Both for S {}

/// On the first connection there is something after the first reply; everything else is as it should be.
fn peer(route: Route, unsolicited: Option<Vec<u8>>) -> Entry {
    let name = format!("{route:?}");
    Entry::new(name, route, LONG, Verdict::Reply, move |stream| {
        let is_first = stream.number == 0;
        over(route, stream, |mut stream| {
            if let (true, Some(bytes)) = (is_first, &unsolicited) {
                request(&mut stream)?;
                send(&mut stream, reply(ACCOUNT))?;
                thread::sleep(LATER);
                if bytes.is_empty() {
                    return Ok(());
                }
                send(&mut stream, bytes)?;
                // What is asked here is answered, but the answer is not the first that comes.
                request(&mut stream)?;
                send(&mut stream, reply(ACCOUNT))?;
                return stall(&mut stream);
            }
            answer(&mut stream)
        })
    })
}

fn unsolicited_bytes_are_never_the_next_reply(driver: Driver) {
    let forged = reply(FORGED);
    let half = forged[..forged.len() / 2].to_vec();
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n".to_vec();
    let all = [&forged[..], &interim, &half, b"H", b"x", b""];
    thread::scope(|scope| {
        for route in ROUTES {
            for bytes in all {
                let entry = peer(route, Some(bytes.to_vec()));
                scope.spawn(move || {
                    let peer = Peer::start(Arc::clone(&entry.serve));
                    let outcomes = calls(driver, &entry.setup(&peer), &[Duration::ZERO, COMPUTES, COMPUTES]);
                    for (i, outcome) in outcomes.iter().enumerate() {
                        let account = outcome.result.as_ref().map(String::as_str);
                        let bytes = String::from_utf8_lossy(bytes);
                        assert!(
                            matches!(account, Ok(ACCOUNT)),
                            "{driver:?}, {route:?}, call {i}, {bytes:?}: {account:?}"
                        );
                    }
                    assert_eq!(peer.connections(), 2, "{driver:?}, {route:?}, {bytes:?}");
                });
            }
        }
    });
}

/// The beginning of a record with a reply comes unasked, with the reply before or later, and its end after the next request.
fn half_a_record_of_tls_is_never_the_next_reply(driver: Driver) {
    for later in [Duration::ZERO, LATER] {
        let entry = Entry::new("half a record", Route::Tls, LONG, Verdict::Reply, move |stream| {
            let is_first = stream.number == 0;
            let mut stream = stream.tls();
            if is_first {
                request(&mut stream)?;
                let mut sent = records(&mut stream.conn, &reply(ACCOUNT))?;
                let forged = records(&mut stream.conn, &reply(FORGED))?;
                let (begin, end) = forged.split_at(forged.len() / 2);
                if later.is_zero() {
                    sent.extend_from_slice(begin);
                    send(&mut stream.sock, sent)?;
                } else {
                    send(&mut stream.sock, sent)?;
                    thread::sleep(later);
                    send(&mut stream.sock, begin)?;
                }
                request(&mut stream)?;
                send(&mut stream.sock, end)?;
            }
            answer(&mut stream)
        });
        let peer = Peer::start(Arc::clone(&entry.serve));
        for outcome in calls(driver, &entry.setup(&peer), &[Duration::ZERO, COMPUTES]) {
            assert_eq!(outcome.result.unwrap(), ACCOUNT, "{driver:?}, {later:?}");
        }
    }
}

/// The largest plaintext of a record: RFC 8446, section 5.1.
const RECORD: usize = 1 << 14;

/// A reply fills a record, and with it the reader's buffer; another reply comes in the same piece and waits in TLS.
fn record_behind_a_full_one_is_never_the_next_reply(driver: Driver) {
    for length in [RECORD - 1, RECORD, RECORD + 1, 2 * RECORD] {
        let entry = Entry::new("a full record", Route::Tls, LONG, Verdict::Reply, move |stream| {
            let is_first = stream.number == 0;
            let mut stream = stream.tls();
            if is_first {
                request(&mut stream)?;
                let mut sent = records(&mut stream.conn, &padded(length))?;
                sent.extend(records(&mut stream.conn, &reply(FORGED))?);
                send(&mut stream.sock, sent)?;
                request(&mut stream)?;
            }
            answer(&mut stream)
        });
        let peer = Peer::start(Arc::clone(&entry.serve));
        for outcome in calls(driver, &entry.setup(&peer), &[Duration::ZERO, COMPUTES]) {
            // Who reads both at once refuses the first one: there are bytes behind its end.
            let account = outcome.result.as_deref().unwrap_or(ACCOUNT);
            assert_eq!(account, ACCOUNT, "{driver:?}, {length}");
        }
    }
}

/// A reply of that length in bytes.
fn padded(length: usize) -> Vec<u8> {
    let text = String::from_utf8(reply(ACCOUNT)).unwrap();
    let padding = "x".repeat(length - text.len() - "X-Padding: \r\n".len());
    text.replacen("\r\n", &format!("\r\nX-Padding: {padding}\r\n"), 1).into_bytes()
}

/// Plaintext that is not sent, in records.
fn records(connection: &mut ServerConnection, plaintext: &[u8]) -> io::Result<Vec<u8>> {
    let mut records = Vec::new();
    connection.writer().write_all(plaintext)?;
    while connection.wants_write() {
        connection.write_tls(&mut records)?;
    }
    Ok(records)
}

/// The other side: who looks too closely would make a connection for each request.
fn silent_connection_is_used_again(driver: Driver) {
    for route in ROUTES {
        let entry = peer(route, None);
        let peer = Peer::start(Arc::clone(&entry.serve));
        let outcomes = calls(driver, &entry.setup(&peer), &[Duration::ZERO, COMPUTES, Duration::ZERO]);
        assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()), "{driver:?}, {route:?}");
        assert_eq!(peer.connections(), 1, "{driver:?}, {route:?}");
    }
}
