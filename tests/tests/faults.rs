//! Faults on command, seen from a bare socket.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use sts_tests::server::{Answer, Fault, Server};

const REQUEST: &[u8] = b"GET /?Action=GetCallerIdentity&Version=2011-06-15 HTTP/1.1\r\nHost: h\r\n\r\n";

fn connect(sts: &Server) -> TcpStream {
    let stream = TcpStream::connect(sts.url().trim_start_matches("http://")).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    stream
}

/// Everything that comes after this request, and how it ends.
fn all(stream: &mut TcpStream, request: &[u8]) -> (String, Option<ErrorKind>) {
    stream.write_all(request).expect("the server reads");
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).err().map(|error| error.kind());
    (String::from_utf8_lossy(&bytes).into_owned(), end)
}

/// One reply that keeps the connection.
fn one(stream: &mut TcpStream) -> String {
    stream.write_all(REQUEST).expect("the server reads");
    let mut bytes = vec![0; 16 * 1024];
    let mut filled = 0;
    loop {
        let text = String::from_utf8_lossy(&bytes[..filled]).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            if length.is_some_and(|length| length.parse() == Ok(body.len())) || body.ends_with("0\r\n\r\n") {
                return text;
            }
        }
        let count = stream.read(&mut bytes[filled..]).expect("more of the reply");
        assert!(count > 0, "cut short: {text}");
        filled += count;
    }
}

fn struck(fault: Fault) -> (String, Option<ErrorKind>) {
    let sts = Server::start().expect("a server");
    sts.fault_next(fault);
    let outcome = all(&mut connect(&sts), REQUEST);
    let next = one(&mut connect(&sts));
    assert!(next.contains("MissingAuthenticationToken"), "the next one is served: {next}");
    outcome
}

/// The body of a reply, and the `Content-Length` that it claims.
fn framed(text: &str) -> (usize, &str) {
    let (head, body) = text.split_once("\r\n\r\n").expect("a whole head");
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
    (length.parse().expect("digits"), body)
}

#[test]
fn refusals_of_the_service() {
    let sts = Server::start().expect("a server");
    let mut stream = connect(&sts);
    for fault in ["throttle", "500", "503", "503-empty", "html"] {
        sts.fault_next(fault.parse().expect(fault));
    }
    sts.answer_next(Answer::reply(418, &[], "first"));
    assert!(one(&mut stream).starts_with("HTTP/1.1 418"), "answers go first");
    let reply = one(&mut stream);
    assert!(reply.starts_with("HTTP/1.1 400") && reply.contains("<Code>Throttling</Code>"), "{reply}");
    assert!(reply.contains("<Message>Rate exceeded</Message>"), "{reply}");
    let reply = one(&mut stream);
    assert!(reply.starts_with("HTTP/1.1 500") && reply.contains("<Code>InternalFailure</Code>"), "{reply}");
    let reply = one(&mut stream);
    assert!(
        reply.starts_with("HTTP/1.1 503") && reply.contains("<Code>ServiceUnavailable</Code>"),
        "{reply}"
    );
    let reply = one(&mut stream);
    assert!(reply.starts_with("HTTP/1.1 503") && framed(&reply) == (0, ""), "{reply}");
    assert!(one(&mut stream).contains("<!DOCTYPE html>"));
    assert!(one(&mut stream).contains("MissingAuthenticationToken"));
    assert_eq!((sts.connections(), sts.requests().len()), (1, 7));
}

#[test]
fn resets() {
    assert_eq!(struck(Fault::ResetBeforeHead), (String::new(), Some(ErrorKind::ConnectionReset)));
    let (text, end) = struck(Fault::ResetInHead);
    assert_eq!(end, Some(ErrorKind::ConnectionReset));
    assert!(text.starts_with("HTTP/1.1 403") && !text.contains("\r\n\r\n"), "{text}");
    let (text, end) = struck(Fault::ResetInBody);
    assert_eq!(end, Some(ErrorKind::ConnectionReset));
    let (length, body) = framed(&text);
    assert_eq!(length / 2, body.len(), "{text}");
}

#[test]
fn wrong_framing() {
    let (text, end) = struck(Fault::TruncatedBody);
    let (length, body) = framed(&text);
    assert_eq!((length / 2, end), (body.len(), None), "{text}");

    let sts = Server::start().expect("a server");
    let closing = String::from_utf8_lossy(REQUEST).replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1);
    sts.fault_next(Fault::WrongLength);
    let (text, end) = all(&mut connect(&sts), closing.as_bytes());
    let (length, body) = framed(&text);
    assert_eq!((length, end), (body.len() / 2, None), "{text}");
    assert!(body.ends_with("</ErrorResponse>\n"), "{text}");

    let mut stream = connect(&sts);
    sts.fault_next(Fault::Chunked);
    let text = one(&mut stream);
    assert!(text.contains("Transfer-Encoding: chunked") && !text.contains("Content-Length"), "{text}");
    assert!(one(&mut stream).contains("Content-Length"), "the connection lasts");
    let (text, end) = struck(Fault::ChunkedGarbage);
    assert!(text.contains(";part=1\r\n<ErrorR") && text.ends_with("\r\nthis is no size\r\n"), "{text}");
    assert_eq!(end, None);
}

#[test]
fn time_and_connections() {
    let sts = Server::start().expect("a server");
    let mut stream = connect(&sts);
    let started = Instant::now();
    sts.fault_next(Fault::Delay(Duration::from_millis(100)));
    sts.fault_next(Fault::SlowDrip(Duration::from_micros(100)));
    sts.fault_next(Fault::SkewedDate(-86_400 * 365 * 30));
    one(&mut stream);
    assert!(started.elapsed() >= Duration::from_millis(100));
    let text = one(&mut stream);
    let bytes = u32::try_from(text.len()).expect("a short reply");
    assert!(started.elapsed() >= Duration::from_millis(100) + bytes * Duration::from_micros(100));
    let text = one(&mut stream);
    assert!(text.contains(" 1996 ") || text.contains(" 199"), "{text}");
    assert_eq!(text.matches("Date: ").count(), 1);

    sts.fault_next(Fault::CloseAfterReply);
    let (text, end) = all(&mut stream, REQUEST);
    assert!(!text.contains("Connection: close") && framed(&text).0 == framed(&text).1.len(), "{text}");
    assert_eq!(end, None);

    let mut stream = connect(&sts);
    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout");
    sts.fault_next(Fault::NoAnswer);
    let (text, end) = all(&mut stream, REQUEST);
    assert_eq!(text, "");
    assert!(matches!(end, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "{end:?}");
    // A server that is dropped does not wait for those it keeps waiting.
    sts.fault_next(Fault::Delay(Duration::from_secs(3600)));
    connect(&sts).write_all(REQUEST).expect("the server reads");
    let started = Instant::now();
    drop(sts);
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[test]
fn rates_repeat_themselves() {
    let run = |seed| {
        let sts = Server::start().expect("a server");
        sts.fault_rate(Fault::Throttle, 0.5, seed);
        let mut stream = connect(&sts);
        (0..50).map(|_| one(&mut stream).contains("Throttling")).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn the_control_endpoint() {
    let sts = Server::start().expect("a server");
    let control = |method: &str, body: &str| {
        let length = body.len();
        let head = format!("{method} /_control/faults HTTP/1.1\r\nHost: h\r\nConnection: close\r\n");
        let request = format!("{head}Content-Length: {length}\r\n\r\n{body}");
        all(&mut connect(&sts), request.as_bytes()).0
    };
    assert!(control("POST", r#"{"fault":"throttle","times":3}"#).starts_with("HTTP/1.1 204"));
    assert!(control("POST", r#"{"fault":"date=5","rate":0.5,"seed":9}"#).starts_with("HTTP/1.1 204"));
    let shown = r#"{"next":["throttle","throttle","throttle"],"rates":[{"fault":"date=5","rate":0.5}]}"#;
    assert_eq!(framed(&control("GET", "")).1, shown);
    let mut stream = connect(&sts);
    assert!(one(&mut stream).contains("Throttling"));
    assert!(control("DELETE", "").starts_with("HTTP/1.1 204"));
    assert!(one(&mut stream).contains("MissingAuthenticationToken"));
    assert_eq!(sts.requests().len(), 2, "the control endpoint's own requests are not counted");
    for (body, complaint) in [
        ("", "EOF"),
        ("[]", "an object is expected"),
        (r#"{"fault":"nonsense"}"#, "no fault"),
        (r#"{"fault":"html","rate":2}"#, "from 0 to 1"),
        (r#"{"fault":"html","often":2}"#, "often"),
        (r#"{"fault":"html","times":9999999}"#, "too many"),
    ] {
        let reply = control("POST", body);
        assert!(reply.starts_with("HTTP/1.1 400") && reply.contains(complaint), "{reply}");
    }
    assert!(control("PUT", "").starts_with("HTTP/1.1 404"));

    for (offset, status) in [("864000", 204), ("null", 400)] {
        let body = format!("{{\"offset\":{offset}}}");
        let head = "POST /_control/clock HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
        let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        let reply = all(&mut connect(&sts), request.as_bytes()).0;
        assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{reply}");
    }
    let date = |text: &str| text.lines().find(|line| line.starts_with("Date: ")).map(str::to_owned);
    let ahead = date(&one(&mut stream));
    sts.set_clock_offset(0);
    assert_ne!(ahead, date(&one(&mut stream)), "ten days ahead");
}
