//! What is kept, what breaks, and what takes too long.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Instant;

use super::*;

on_both! {
    one_connection_serves_many_calls_until_it_is_closed
    a_kept_connection_that_was_closed_is_replaced_once
    what_no_sts_would_send_is_typed
    a_reply_over_the_limit_is_not_read
    deadlines_hold
    nobody_there
    addresses_of_both_kinds
}

fn one_connection_serves_many_calls_until_it_is_closed<R: Runtime>() {
    let server = server();
    let client = builder::<R>(&server).retry(RetryPolicy::never()).build().unwrap();
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    R::block_on(async {
        for _ in 0..10 {
            client.send(GetCallerIdentity::new()).await.unwrap();
        }
        // A refusal does not cost the connection, and neither does a deadline of its own.
        client.send(GetAccessKeyInfo::new("AKIAIOSFODNN7EXAMPLE").unsigned()).await.unwrap_err();
        let call = client.call(GetCallerIdentity::new()).timeout(Duration::from_secs(7));
        call.send().await.unwrap();
        assert_eq!(server.connections(), 1);
        client.close_idle();
        client.send(GetCallerIdentity::new()).await.unwrap();
        assert_eq!(server.connections(), 2);
        server.answer_next(Answer::raw(chunked));
        let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Response, "{error}");
    });
}

/// A server that closes each connection behind a reply without saying so.
fn a_kept_connection_that_was_closed_is_replaced_once<R: Runtime>() {
    let server = Server::start_with(Limits { idle: Duration::from_millis(50), ..Limits::default() }).unwrap();
    let client = builder::<R>(&server).retry(RetryPolicy::never()).build().unwrap();
    R::block_on(async {
        client.send(GetCallerIdentity::new()).await.unwrap();
        thread::sleep(Duration::from_millis(300));
        client.send(GetCallerIdentity::new()).await.unwrap();
        assert_eq!(server.connections(), 2);
        // Here the connection breaks under the request: an attempt that the retry policy does not count.
        server.answer_next(Answer::Close);
        let reply = client.send(GetCallerIdentity::new()).await.unwrap();
        assert_eq!((reply.metadata.attempts, server.connections()), (1, 3));
        // A new connection that breaks is an error, and so is one that breaks within the reply.
        client.close_idle();
        server.answer_next(Answer::Close);
        let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportKind::Closed));
        client.send(GetCallerIdentity::new()).await.unwrap();
        server.answer_next(Answer::raw("HTTP/1.1 200"));
        let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
        assert!(error.to_string().ends_with("arrived: after 12 bytes of it"), "{error}");
    });
}

fn what_no_sts_would_send_is_typed<R: Runtime>() {
    let server = server();
    let client = builder::<R>(&server).retry(RetryPolicy::never()).build().unwrap();
    let html = "<!DOCTYPE html><html><body>502</body></html>";
    let ok = "HTTP/1.1 200 OK\r\n";
    let cases: [(Answer, ErrorKind, bool); 9] = [
        (Answer::reply(502, &[], html), ErrorKind::Response, true),
        (Answer::reply(200, &[], html), ErrorKind::Response, false),
        (Answer::reply(200, &[], ""), ErrorKind::Response, false),
        (Answer::reply(307, &[("Location", "http://127.0.0.1:1/")], ""), ErrorKind::Response, false),
        (Answer::raw(format!("{ok}Content-Length: 100\r\n\r\n<Get")), ErrorKind::Transport, true),
        (Answer::raw("SSH-2.0-OpenSSH\r\n"), ErrorKind::Transport, true),
        (
            Answer::raw(format!("{ok}Content-Length: 1\r\nContent-Length: 1\r\n\r\n<")),
            ErrorKind::Transport,
            true,
        ),
        (Answer::raw(format!("{ok}Content-Length: 1\r\n\r\nab")), ErrorKind::Transport, true),
        (Answer::raw(format!("{ok}Transfer-Encoding: chunked\r\n\r\nxyz\r\n")), ErrorKind::Transport, true),
    ];
    R::block_on(async {
        for (i, (answer, kind, is_retryable)) in cases.into_iter().enumerate() {
            server.answer_next(answer);
            let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
            assert_eq!((error.kind(), error.is_retryable()), (kind, is_retryable), "case {i}: {error}");
            client.send(GetCallerIdentity::new()).await.expect("the next call is not affected");
        }
    });
}

fn a_reply_over_the_limit_is_not_read<R: Runtime>() {
    let server = server();
    let client = builder::<R>(&server).retry(RetryPolicy::never()).build().unwrap();
    let large = "x".repeat(10 << 20);
    let endless = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{large}");
    R::block_on(async {
        for answer in [Answer::reply(200, &[], &large), Answer::raw(endless)] {
            server.answer_next(answer);
            let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
            assert_eq!(error.transport_kind(), Some(TransportKind::TooLarge), "{error}");
        }
        client.send(GetCallerIdentity::new()).await.unwrap();
    });
}

fn deadlines_hold<R: Runtime>() {
    // One listener accepts and never answers, the other sends a byte of a head now and then, without end.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let dripping = TcpListener::bind("127.0.0.1:0").unwrap();
    let addresses = [&silent, &dripping].map(|listener| listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in dripping.incoming().flatten() {
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let head = b"HTTP/1.1 200 OK\r\nX: ".iter().chain(std::iter::repeat(&b'x'));
                for byte in head {
                    if stream.write_all(&[*byte]).is_err() {
                        return;
                    }
                    thread::sleep(Duration::from_millis(10));
                }
            });
        }
    });
    let start = Instant::now();
    R::block_on(async {
        for address in addresses {
            let client = Client::<HttpTransport<R>>::builder()
                .region("us-east-1")
                .endpoint_url(format!("http://{address}"))
                .credentials(anybody())
                .timeouts(Timeouts::default().attempt(Duration::from_millis(200)))
                .build()
                .unwrap();
            let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
            assert!(error.is_timeout() && error.is_retryable() && error.attempts() == 3, "{error}");
            let call = client.call(GetCallerIdentity::new()).timeout(Duration::from_millis(50));
            let error = call.send().await.unwrap_err();
            assert!(error.is_timeout(), "{error}");
        }
    });
    // Not a measurement: a call that hangs would never come here.
    assert!(start.elapsed() < Duration::from_secs(10));
}

fn nobody_there<R: Runtime>() {
    R::block_on(async {
        // Port 1 of loopback: nobody listens there.
        for (url, kinds) in [
            ("http://127.0.0.1:1", [TransportKind::Connect, TransportKind::Connect]),
            ("http://name.invalid", [TransportKind::Dns, TransportKind::Connect]),
        ] {
            let builder = Client::<HttpTransport<R>>::builder().region("us-east-1").variables(|_| None);
            let client = builder.endpoint_url(url).credentials(anybody()).build().unwrap();
            let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
            assert!(kinds.contains(&error.transport_kind().unwrap()), "{error:?}");
        }
    });
}

fn addresses_of_both_kinds<R: Runtime>() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(listener) = TcpListener::bind(address) else {
            assert!(address.starts_with('['), "this machine has no {address}");
            continue;
        };
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let n = stream.read(&mut [0; 4096]).unwrap();
            stream.write_all(b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n").unwrap();
            n
        });
        let client = Client::<HttpTransport<R>>::builder().endpoint_url(format!("http://{address}"));
        let client = client.region("us-east-1").credentials(anybody()).build().unwrap();
        let error = R::block_on(client.send(GetCallerIdentity::new())).unwrap_err();
        assert_eq!(error.metadata().unwrap().status, 400);
        assert!(server.join().unwrap() > 0);
    }
}
