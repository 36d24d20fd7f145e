//! The listening socket, and the beginning and the end of the thread that serves it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use mio::net::TcpListener;
use socket2::SockRef;

use super::Limits;
use super::event_loop::{EventLoop, Shared};
use super::service::Service;

/// Connections that the system holds until they are accepted. With the usual 128, clients that come by the hundred try
/// again after a second.
const BACKLOG: i32 = 1024;

/// A server's place on the network.
#[derive(Debug)]
pub(super) struct Listener {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    pub(super) fn start(service: Arc<Service>, limits: Limits, port: u16) -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port).into())?;
        SockRef::from(&socket).listen(BACKLOG)?;
        let address = socket.local_addr()?;
        let (event_loop, shared) = EventLoop::new(socket, service, limits)?;
        let thread = thread::Builder::new().name("sts-loop".to_owned()).spawn(move || event_loop.run())?;
        Ok(Self { address, shared, thread: Some(thread) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Should waking it fail, leaving the thread behind is better than waiting for it for ever.
        if self.shared.waker.wake().is_ok()
            && let Some(thread) = self.thread.take()
        {
            // An error is a panic, which that thread has reported already.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpStream;
    use std::time::{Duration, Instant};

    use super::super::http::{BODY_LIMIT, HEAD_LIMIT};
    use super::super::testing::{Client, IDENTITY, Signing, exchange, post};
    use super::super::{Answer, Server};
    use super::*;

    fn server() -> Server {
        Server::start().expect("a server")
    }

    fn hasty() -> Server {
        let short = Duration::from_millis(100);
        Server::start_with(Limits { idle: short, request: short, ..Limits::default() }).expect("a server")
    }

    #[test]
    fn keeps_a_connection_alive() {
        let sts = server();
        let mut client = Client::connect(&sts);
        for _ in 0..3 {
            client.send(&Signing::post(sts.user(), IDENTITY).bytes());
            let reply = client.receive();
            assert_eq!(reply.status, 200, "{reply:?}");
            assert_eq!(reply.header("x-amzn-requestid"), reply.element("RequestId"));
            assert_eq!(reply.header("content-type"), Some("text/xml"));
            assert_eq!(reply.header("connection"), None);
        }
        assert_eq!(sts.connections(), 1);
        let mut signing = Signing::post(sts.user(), IDENTITY);
        signing.headers.push(("connection", "close"));
        client.send(&signing.bytes());
        assert_eq!(client.receive().header("connection"), Some("close"));
        assert_eq!(client.rest(), b"");
        post(&sts, sts.user(), IDENTITY);
        assert_eq!(sts.connections(), 2);
        let log = sts.requests();
        assert_eq!(log.iter().map(super::super::Request::connection).collect::<Vec<_>>(), [1, 1, 1, 1, 2]);
        let last = log.last().expect("a request");
        assert_eq!((last.method(), last.target(), last.body()), ("POST", "/", IDENTITY.as_bytes()));
        assert_eq!(last.parameter("Action").as_deref(), Some("GetCallerIdentity"));
        assert_eq!(last.header("Host"), Some("sts.test"));
    }

    #[test]
    fn answers_pipelined_requests_in_order() {
        let sts = server();
        let mut client = Client::connect(&sts);
        let mut bytes = Signing::post(sts.user(), IDENTITY).bytes();
        bytes.extend_from_slice(b"\r\n");
        bytes.extend(Signing::post(sts.user(), "Action=Nonsense&Version=2011-06-15").bytes());
        client.send(&bytes);
        assert_eq!((client.receive().status, client.receive().status), (200, 400));
    }

    #[test]
    fn takes_a_request_in_any_pieces() {
        let sts = server();
        let mut client = Client::connect(&sts);
        let mut signing = Signing::post(sts.user(), IDENTITY);
        signing.headers.push(("expect", "100-continue"));
        let bytes = signing.bytes();
        let (head, body) = bytes.split_at(bytes.len() - IDENTITY.len());
        head.iter().for_each(|byte| client.send(&[*byte]));
        assert_eq!(client.receive().status, 100);
        client.send(body);
        assert_eq!(client.receive().status, 200);
    }

    #[test]
    fn refuses_what_is_too_large_or_no_http_and_serves_on() {
        let sts = server();
        let large = vec![b'a'; 2 * BODY_LIMIT];
        let mut oversized =
            format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", large.len()).into_bytes();
        oversized.extend_from_slice(&large);
        let chunked = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec();
        let long = [b"GET / HTTP/1.1\r\nHost: h\r\nA: ", &large[..HEAD_LIMIT]].concat();
        let garbage = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec();
        for (status, bytes) in [(413, oversized), (411, chunked), (431, long), (400, garbage)] {
            let mut client = Client::connect(&sts);
            client.send(&bytes);
            let reply = client.receive();
            assert_eq!((reply.status, reply.header("connection")), (status, Some("close")), "{reply:?}");
            assert!(reply.body.starts_with("<ErrorResponse"), "{reply:?}");
            assert_eq!(client.rest(), b"");
        }
        assert!(sts.requests().is_empty());
        let reply = exchange(&sts, b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!((reply.status, reply.header("allow"), &*reply.body), (405, Some("GET, POST"), ""));
        assert_eq!(post(&sts, sts.user(), IDENTITY).status, 200);
    }

    #[test]
    fn does_not_wait_for_slow_clients() {
        let sts = hasty();
        let mut silent = Client::connect(&sts);
        let mut slow = Client::connect(&sts);
        slow.send(b"POST / HTTP/1.1\r\nHost:");
        let mut stalled = Client::connect(&sts);
        stalled.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
        assert_eq!(post(&sts, sts.user(), IDENTITY).status, 200, "others are served meanwhile");
        assert_eq!(silent.rest(), b"");
        assert_eq!((slow.receive().status, stalled.receive().status), (408, 408));
    }

    #[test]
    fn queues_connections_beyond_the_limit() {
        let limits = Limits { connections: 1, idle: Duration::from_millis(200), ..Limits::default() };
        let sts = Server::start_with(limits).expect("a server");
        let first = Client::connect(&sts);
        assert_eq!(post(&sts, sts.user(), IDENTITY).status, 200, "after the first one was given up");
        drop(first);
    }

    #[test]
    fn serves_what_the_test_says() {
        let sts = server();
        sts.answer_next(Answer::reply(503, &[("Retry-After", "1")], "busy"));
        sts.answer_next(Answer::reply(200, &[("Content-Length", "9"), ("Connection", "close")], "short"));
        sts.answer_next(Answer::raw("HTTP/1.1 banana\r\n"));
        sts.answer_next(Answer::Close);
        let mut client = Client::connect(&sts);
        let request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        client.send(request);
        let reply = client.receive();
        assert_eq!((reply.status, reply.header("retry-after"), &*reply.body), (503, Some("1"), "busy"));
        client.send(request);
        let text = String::from_utf8(client.rest()).expect("text");
        assert_eq!(text, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nshort");
        for expected in [&b"HTTP/1.1 banana\r\n"[..], b""] {
            let mut client = Client::connect(&sts);
            client.send(request);
            assert_eq!(client.rest(), expected);
        }
        assert_eq!(exchange(&sts, request).error().1, "MissingAction");
        assert_eq!(sts.requests().len(), 5);
    }

    #[test]
    fn stops_when_dropped() {
        let sts = server();
        let address = sts.url().trim_start_matches("http://").to_owned();
        let mut idle = Client::connect(&sts);
        let mut halfway = TcpStream::connect(&address).expect("a connection");
        halfway.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        post(&sts, sts.user(), IDENTITY);
        let begun = Instant::now();
        drop(sts);
        assert!(begun.elapsed() < Duration::from_secs(1), "nobody is waited for");
        assert_eq!(idle.rest(), b"");
        // Closed, or reset if it had not been accepted yet.
        assert_eq!(halfway.read(&mut [0]).unwrap_or(0), 0);
        assert!(TcpStream::connect(&address).is_err(), "nobody listens");
    }
}
