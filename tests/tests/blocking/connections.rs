//! What is kept, what breaks, and what takes too long.

use std::io::Read;
use std::time::Instant;

use super::*;

#[test]
fn one_connection_serves_many_calls_until_it_is_closed() {
    let server = server();
    let client = builder(&server).retry(RetryPolicy::never()).build().unwrap();
    for _ in 0..10 {
        client.send(GetCallerIdentity::new()).unwrap();
    }
    // Refusals and chunked replies do not cost the connection either.
    client.send(GetAccessKeyInfo::new("AKIAIOSFODNN7EXAMPLE").unsigned()).unwrap_err();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    server.answer_next(Answer::Reply { status: 400, headers: Vec::new(), body: b"<Error/>".to_vec() });
    client.send(GetCallerIdentity::new()).unwrap_err();
    client.send(GetCallerIdentity::new()).unwrap();
    assert_eq!(server.connections(), 1);
    client.close_idle();
    client.send(GetCallerIdentity::new()).unwrap();
    assert_eq!(server.connections(), 2);
    server.answer_next(Answer::raw(chunked));
    let error = client.send(GetCallerIdentity::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Response, "{error}");
}

#[test]
fn head_and_body_of_a_request_arrive_together() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = vec![0; 64 << 10];
        let read = stream.read(&mut bytes).unwrap();
        bytes.truncate(read);
        bytes
    });
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "s").unwrap();
    let client = Client::builder().region("us-east-1").endpoint_url(url).credentials(credentials);
    let client = client.retry(RetryPolicy::never()).build().unwrap();
    // Closed without an answer.
    client.send(GetCallerIdentity::new()).unwrap_err();
    let request = String::from_utf8(server.join().unwrap()).unwrap();
    assert!(request.starts_with("POST / HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\nAction=GetCallerIdentity&Version=2011-06-15"), "{request}");
}

#[test]
fn what_no_sts_would_send_is_typed() {
    let server = server();
    let client = builder(&server).retry(RetryPolicy::never()).build().unwrap();
    let html = "<!DOCTYPE html><html><body>502</body></html>";
    let cases: [(Answer, ErrorKind, bool); 7] = [
        (Answer::reply(502, &[], html), ErrorKind::Response, true),
        (Answer::reply(200, &[], html), ErrorKind::Response, false),
        (Answer::reply(200, &[], ""), ErrorKind::Response, false),
        (Answer::reply(307, &[("Location", "http://127.0.0.1:1/")], ""), ErrorKind::Response, false),
        (Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<Get"), ErrorKind::Transport, true),
        (Answer::raw("SSH-2.0-OpenSSH\r\n"), ErrorKind::Transport, true),
        (Answer::Close, ErrorKind::Transport, true),
    ];
    for (i, (answer, kind, is_retryable)) in cases.into_iter().enumerate() {
        server.answer_next(answer);
        let error = client.send(GetCallerIdentity::new()).unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (kind, is_retryable), "case {i}: {error}");
        client.send(GetCallerIdentity::new()).expect("the next call is not affected");
    }
}

#[test]
fn a_reply_over_the_limit_is_not_read() {
    let server = server();
    let client = builder(&server).retry(RetryPolicy::never()).build().unwrap();
    let large = "x".repeat(10 << 20);
    let endless = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{large}");
    for answer in [Answer::reply(200, &[], &large), Answer::raw(endless)] {
        server.answer_next(answer);
        let error = client.send(GetCallerIdentity::new()).unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportKind::TooLarge), "{error}");
    }
    client.send(GetCallerIdentity::new()).unwrap();
}

#[test]
fn a_head_has_a_limit_of_its_own() {
    let server = server();
    let client = builder(&server).retry(RetryPolicy::never()).build().unwrap();
    let answer = |length: usize| Answer::reply(418, &[("X-Long", &"x".repeat(length))], "");
    server.answer_next(answer(63 << 10));
    let error = client.send(GetCallerIdentity::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Response, "{error}");
    for length in [64 << 10, 1 << 20] {
        server.answer_next(answer(length));
        let error = client.send(GetCallerIdentity::new()).unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportKind::TooLarge), "{length}: {error}");
        client.send(GetCallerIdentity::new()).expect("the next call is not affected");
    }
}

#[test]
fn a_header_that_is_too_long_is_refused_before_anything_is_sent() {
    let server = server();
    let transport = UreqTransport::new(Timeouts::default());
    let request = |length: usize| {
        let request = http::Request::post(server.url()).header("x", "y".repeat(length));
        request.body(sts_blocking::Body::from(b"a=b".to_vec())).unwrap()
    };
    let most = (32 << 10) - 1;
    transport.send(request(most), Duration::from_secs(5)).unwrap();
    let error = transport.send(request(most + 1), Duration::from_secs(5)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert!(error.to_string().contains("32769"), "{error}");
    assert_eq!(server.connections(), 1);
}

#[test]
fn deadlines_hold() {
    // A listener that accepts and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "s").unwrap();
    let client = Client::builder().region("us-east-1").endpoint_url(url).credentials(credentials);
    let client = client.timeouts(Timeouts::default().attempt(Duration::from_millis(200))).build().unwrap();
    let start = Instant::now();
    let error = client.send(GetCallerIdentity::new()).unwrap_err();
    assert!(error.is_timeout() && error.is_retryable(), "{error}");
    let error = client.call(GetCallerIdentity::new()).timeout(Duration::from_millis(50)).send().unwrap_err();
    assert!(error.is_timeout(), "{error}");
    // Not a measurement: a call that hangs would never come here.
    assert!(start.elapsed() < Duration::from_secs(10));
    let error = client.call(GetCallerIdentity::new()).timeout(Duration::ZERO).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn nobody_there() {
    let client = |url: &str| {
        let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "s").unwrap();
        Client::builder().region("us-east-1").endpoint_url(url).credentials(credentials).build().unwrap()
    };
    // Port 1 of loopback: nobody listens there.
    let error = client("http://127.0.0.1:1").send(GetCallerIdentity::new()).unwrap_err();
    assert_eq!(error.transport_kind(), Some(TransportKind::Connect), "{error:?}");
    let error = client("http://name.invalid").send(GetCallerIdentity::new()).unwrap_err();
    assert!(matches!(error.transport_kind(), Some(TransportKind::Dns | TransportKind::Connect)), "{error:?}");
}
