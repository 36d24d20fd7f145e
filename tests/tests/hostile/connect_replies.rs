//! What a proxy answers when it is asked for a tunnel. RFC 9110, section 9.3.6.

use std::net::Shutdown;

use sts_proto::TransportKind::{Closed, Protocol, Proxy, ProxyRefused, Timeout, TooLarge};

use crate::drivers::Driver;
use crate::peer::{answer, request, send, stall};
use crate::table::{Entry, Route, Verdict, run};
use crate::{DEADLINE, LONG, on_all};

on_all! {
    connect_replies_have_one_verdict
    connect_reply_that_never_comes_meets_the_deadline
}

/// Replies that grant the tunnel: any 2xx, of either version, whatever its headers say about a body or the connection.
fn granting() -> Vec<String> {
    let reply = |head: &str| format!("{head}\r\n\r\n");
    vec![
        reply("HTTP/1.1 200 OK"),
        reply("HTTP/1.1 200 Connection established"),
        reply("HTTP/1.1 200"),
        reply("HTTP/1.1 200 "),
        reply("HTTP/1.0 200 OK"),
        reply("HTTP/1.0 200 OK\r\nConnection: keep-alive"),
        reply("HTTP/1.1 200 OK\r\nConnection: close"),
        reply("HTTP/1.0 200 OK\r\nProxy-Connection: close"),
        reply("HTTP/1.1 200 OK\r\nContent-Length: 0"),
        reply("HTTP/1.1 200 OK\r\nContent-Length: 30"),
        reply("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: x"),
        reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"),
        reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 3"),
        reply("HTTP/1.1 201 Created"),
        reply("HTTP/1.1 204 No Content"),
        reply("HTTP/1.1 206 Partial"),
        reply("HTTP/1.1 299 Odd"),
        reply("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"),
        reply("HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Wait\r\n\r\nHTTP/1.0 200 OK"),
        reply(&format!("HTTP/1.1 200 OK{}", "\r\nA: b".repeat(100))),
        reply(&format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(60 << 10))),
    ]
}

fn entries() -> Vec<Entry> {
    let mut entries: Vec<_> = granting()
        .into_iter()
        .map(|reply| {
            let name = reply.chars().take(60).collect::<String>();
            Entry::new(name, Route::Proxy, LONG, Verdict::Reply, move |mut stream| {
                request(&mut stream)?;
                send(&mut stream, &reply)?;
                answer(&mut stream)
            })
        })
        .collect();
    let refusing = |status: u16| format!("HTTP/1.1 {status} No\r\nContent-Length: 5\r\n\r\nsorry");
    let long = format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "x".repeat(70 << 10));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(101));
    let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(3000);
    let others: [(String, Verdict); 35] = [
        (refusing(300), Verdict::Error(&[ProxyRefused])),
        (refusing(302), Verdict::Error(&[ProxyRefused])),
        (refusing(400), Verdict::Error(&[ProxyRefused])),
        (refusing(401), Verdict::Error(&[ProxyRefused])),
        (refusing(403), Verdict::Error(&[ProxyRefused])),
        (refusing(404), Verdict::Error(&[ProxyRefused])),
        (refusing(405), Verdict::Error(&[ProxyRefused])),
        (refusing(407), Verdict::Error(&[ProxyRefused])),
        (refusing(408), Verdict::Error(&[Proxy])),
        (refusing(429), Verdict::Error(&[Proxy])),
        (refusing(500), Verdict::Error(&[Proxy])),
        (refusing(502), Verdict::Error(&[Proxy])),
        (refusing(503), Verdict::Error(&[Proxy])),
        (refusing(504), Verdict::Error(&[Proxy])),
        (refusing(999), Verdict::Error(&[Proxy])),
        ("HTTP/1.0 403 No\r\n\r\n<html>".to_owned(), Verdict::Error(&[ProxyRefused])),
        ("HTTP/1.1 407 No\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(), Verdict::Error(&[ProxyRefused])),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\n\r\n".to_owned(), Verdict::Error(&[Proxy])),
        (String::new(), Verdict::Error(&[Proxy])),
        ("HTTP/1.1 200 OK\r\n".to_owned(), Verdict::Error(&[Closed])),
        ("HTTP/1.1 100 Continue\r\n\r\n".to_owned(), Verdict::Error(&[Closed])),
        ("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n".to_owned(), Verdict::Error(&[Protocol])),
        ("SSH-2.0-OpenSSH_9.9\r\n".to_owned(), Verdict::Error(&[Protocol])),
        ("<html>\r\n\r\n".to_owned(), Verdict::Error(&[Protocol])),
        ("HTTP/2 200\r\n\r\n".to_owned(), Verdict::Error(&[Protocol])),
        ("HTTP/1.1 20 OK\r\n\r\n".to_owned(), Verdict::Error(&[Protocol])),
        ("HTTP/1.1 2000 OK\r\n\r\n".to_owned(), Verdict::Error(&[Protocol])),
        ("HTTP/1.1 099 Odd\r\n\r\n".to_owned(), Verdict::Error(&[Protocol])),
        ("HTTP/1.1 200 OK\n\n".to_owned(), Verdict::Error(&[Protocol])),
        ("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n".to_owned(), Verdict::Error(&[Protocol])),
        ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n".to_owned(), Verdict::Error(&[Protocol])),
        ("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n".to_owned(), Verdict::Error(&[Protocol])),
        (long, Verdict::Error(&[TooLarge])),
        (many, Verdict::Error(&[TooLarge])),
        (interim, Verdict::Error(&[TooLarge])),
    ];
    for (reply, verdict) in others {
        let name = reply.chars().take(60).collect::<String>();
        entries.push(Entry::new(name, Route::Proxy, LONG, verdict, move |mut stream| {
            request(&mut stream)?;
            send(&mut stream, &reply)?;
            // Not with a reset, which would take the reply with it.
            stream.stream().shutdown(Shutdown::Write)?;
            stall(&mut stream)
        }));
    }
    entries
}

fn connect_replies_have_one_verdict(driver: Driver) {
    run(driver, "replies to CONNECT", &entries(), 8);
}

fn connect_reply_that_never_comes_meets_the_deadline(driver: Driver) {
    let silent = Entry::new("silence", Route::Proxy, DEADLINE, Verdict::Error(&[Timeout]), |mut stream| {
        request(&mut stream)?;
        stall(&mut stream)
    });
    run(driver, "no reply to CONNECT", &[silent], 1);
}
