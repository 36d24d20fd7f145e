//! Peers that send without an end as fast as they are read.

use sts_proto::TransportKind::{Protocol, Timeout, TooLarge};

use crate::drivers::Driver;
use crate::peer::{flood, request};
use crate::table::{Entry, Route, Verdict, run};
use crate::{DEADLINE, LONG, on_all};

on_all! {
    flood_ends_by_its_size
    flood_meets_the_deadline
}

const OK: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const TO_TRAILERS: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";

/// No reply may cost more: the limit of the client with TLS, and what the system's buffers take besides.
const MOST_SENT: u64 = 32 << 20;

/// The most bytes of a line with the size of a chunk are 256: this one has 253 and its end.
fn extensions() -> Vec<u8> {
    format!("1;{}\r\n<\r\n", "x".repeat(251)).into_bytes()
}

fn entries() -> Vec<Entry> {
    let pieces: [(&str, &'static str, Vec<u8>); 10] = [
        ("one header", "HTTP/1.1 200 OK\r\nName: ", b"x".to_vec()),
        ("headers", OK, b"Name: value\r\n".to_vec()),
        ("interim replies", "", b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        ("one interim reply", "HTTP/1.1 103 Hints\r\n", b"Link: x\r\n".to_vec()),
        ("extensions of chunks", CHUNKED, extensions()),
        ("short extensions of chunks", CHUNKED, b"1;a\r\n<\r\n".to_vec()),
        ("chunks of one byte", CHUNKED, b"1\r\n<\r\n".to_vec()),
        ("one trailer", TO_TRAILERS, b"x".to_vec()),
        ("trailers", TO_TRAILERS, b"Name: value\r\n".to_vec()),
        ("body to the end of the connection", "HTTP/1.1 200 OK\r\n\r\n", b"<".to_vec()),
    ];
    let mut entries = Vec::new();
    for (name, first, then) in pieces {
        for route in [Route::Direct, Route::Tls] {
            let then = then.clone();
            let name = format!("{name}, {route:?}");
            // A reader may have shorter lines than the other one, and call what is longer malformed.
            let is_line = name.starts_with("extensions") || name.starts_with("one trailer");
            let kinds: &[_] = if is_line { &[TooLarge, Protocol] } else { &[TooLarge] };
            let kinds = Verdict::Error(kinds);
            entries.push(Entry::new(name, route, LONG, kinds, move |mut stream| {
                if route == Route::Tls {
                    let mut stream = stream.tls();
                    request(&mut stream)?;
                    return flood(&mut stream, first, &then);
                }
                request(&mut stream)?;
                flood(&mut stream, first, &then)
            }));
        }
    }
    let replies: [(&str, &'static str, &'static [u8]); 3] = [
        ("one header of a reply to CONNECT", "HTTP/1.1 200 OK\r\nName: ", b"x"),
        ("headers of a reply to CONNECT", OK, b"Name: value\r\n"),
        ("interim replies to CONNECT", "", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ];
    for (name, first, then) in replies {
        for route in [Route::Proxy, Route::TlsProxy] {
            let name = format!("{name}, {route:?}");
            let kinds = Verdict::Error(&[TooLarge]);
            entries.push(Entry::new(name, route, LONG, kinds, move |mut stream| {
                if route == Route::TlsProxy {
                    let mut stream = stream.tls();
                    request(&mut stream)?;
                    return flood(&mut stream, first, then);
                }
                request(&mut stream)?;
                flood(&mut stream, first, then)
            }));
        }
    }
    for entry in &mut entries {
        entry.most_sent = MOST_SENT;
    }
    entries
}

fn flood_ends_by_its_size(driver: Driver) {
    run(driver, "floods", &entries(), 2);
}

/// The time or the size, whichever comes first.
fn flood_meets_the_deadline(driver: Driver) {
    let mut entries = entries();
    for entry in &mut entries {
        (entry.deadline, entry.verdict) = (DEADLINE, Verdict::Error(&[Timeout, TooLarge, Protocol]));
    }
    run(driver, "floods with a short deadline", &entries, 2);
}
