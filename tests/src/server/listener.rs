//! Connections: who may connect, one thread for each, and how they all end.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::SockRef;

use super::Limits;
use super::delivery::{self, End, Step};
use super::fault::Fault;
use super::http::Reader;
use super::service::Service;
use super::tls;
use super::wire::Wire;

/// How long to wait after the system refused to accept: it is out of descriptors, and asking again at once would
/// only burn time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// How long to try to wake an acceptor that is to stop.
const WAKE_TIME: Duration = Duration::from_secs(1);

/// The listening socket and the thread that serves it.
#[derive(Debug)]
pub(super) struct Listener {
    address: SocketAddr,
    registry: Arc<Registry>,
    acceptor: Option<JoinHandle<()>>,
}

impl Listener {
    pub(super) fn start(service: Arc<Service>, limits: Limits, port: u16) -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = socket.local_addr()?;
        let registry = Arc::new(Registry::new(limits));
        let shared = Arc::clone(&registry);
        let acceptor = thread::Builder::new()
            .name("sts-acceptor".to_owned())
            .spawn(move || accept(&socket, &shared, &service))?;
        Ok(Self { address, registry, acceptor: Some(acceptor) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn accepted(&self) -> u64 {
        self.registry.lock().accepted
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.registry.stop();
        let Some(acceptor) = self.acceptor.take() else { return };
        // Nothing else ends a blocking accept without `unsafe`.
        let woken = match TcpStream::connect_timeout(&self.address, WAKE_TIME) {
            Ok(_) => true,
            // The socket is closed already, so the thread is about to end.
            Err(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        };
        // Should even loopback fail, leaving the thread behind is better than waiting for it for ever.
        if woken {
            // An error is a panic, which that thread has reported already.
            let _ = acceptor.join();
        }
    }
}

/// The open connections.
#[derive(Debug)]
struct Registry {
    limits: Limits,
    stopping: AtomicBool,
    state: Mutex<Connections>,
    left: Condvar,
}

#[derive(Debug, Default)]
struct Connections {
    accepted: u64,
    open: HashMap<u64, TcpStream>,
}

impl Registry {
    fn new(limits: Limits) -> Self {
        Self { limits, stopping: AtomicBool::new(false), state: Mutex::default(), left: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        // Connections are added and removed whole: a panic elsewhere leaves nothing half done here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Waits until another connection is allowed. Until then clients queue in the system's backlog.
    fn wait_for_room(&self) {
        let full = |state: &mut Connections| state.open.len() >= self.limits.connections && !self.stopping();
        drop(self.left.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner));
    }

    /// `None` when the server is stopping, or out of descriptors.
    fn enter(self: &Arc<Self>, stream: &TcpStream) -> Option<Entered> {
        let ours = stream.try_clone().ok()?;
        let mut state = self.lock();
        // Asked under the lock, so that `stop` either sees this connection or is seen here.
        if self.stopping() {
            return None;
        }
        state.accepted += 1;
        let id = state.accepted;
        state.open.insert(id, ours);
        Some(Entered { id, registry: Arc::clone(self) })
    }

    fn stop(&self) {
        let state = self.lock();
        self.stopping.store(true, Ordering::SeqCst);
        for stream in state.open.values() {
            // Already closed by the client is closed as well.
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.left.notify_all();
    }
}

/// A place among the open connections, given back when dropped.
#[derive(Debug)]
struct Entered {
    id: u64,
    registry: Arc<Registry>,
}

impl Entered {
    /// Waits. `false` when the server is stopping.
    fn pause(&self, pause: Duration) -> bool {
        let registry = &self.registry;
        let waiting = |_: &mut Connections| !registry.stopping();
        drop(registry.left.wait_timeout_while(registry.lock(), pause, waiting));
        !registry.stopping()
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.registry.lock().open.remove(&self.id);
        self.registry.left.notify_all();
    }
}

fn accept(socket: &TcpListener, registry: &Arc<Registry>, service: &Service) {
    // The scope joins every connection's thread before the acceptor ends.
    thread::scope(|scope| {
        loop {
            registry.wait_for_room();
            let accepted = socket.accept();
            if registry.stopping() {
                return;
            }
            let Ok((stream, _)) = accepted else {
                thread::sleep(ACCEPT_PAUSE);
                continue;
            };
            let Some(entered) = registry.enter(&stream) else { continue };
            let serve = move || serve(&stream, &entered, service);
            // Without a thread for it the connection is dropped, and the next one may fare better.
            let _ = thread::Builder::new().name("sts-connection".to_owned()).spawn_scoped(scope, serve);
        }
    });
}

/// The connection, before its first byte: TLS shakes hands while the first request is read.
fn handshake<'a>(stream: &'a TcpStream, service: &Service, patience: Duration) -> io::Result<Wire<'a>> {
    let Some(tls) = &service.tls else { return Ok(Wire::new(stream, None)) };
    let bad = match service.faults().take(true) {
        Some(Fault::Certificate(bad)) => Some(bad),
        Some(_) => {
            // After the client's hello, which would otherwise be answered with a reset.
            stream.set_read_timeout(Some(patience))?;
            let mut plain = Wire::new(stream, None);
            plain.read(&mut [0; 4096])?;
            plain.write(&tls::ALERT)?;
            plain.finish()?;
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        None => None,
    };
    Ok(Wire::new(stream, Some(tls.accept(bad)?)))
}

fn serve(stream: &TcpStream, entered: &Entered, service: &Service) {
    let limits = entered.registry.limits;
    let prepared = stream.set_nodelay(true).and_then(|()| stream.set_write_timeout(Some(limits.request)));
    if prepared.is_err() {
        return;
    }
    let Ok(wire) = handshake(stream, service, limits.idle) else { return };
    let mut reader = Reader::new(wire, limits.idle, limits.request);
    loop {
        let (answer, fault, keep_alive) = match reader.next() {
            Ok(None) => return,
            Ok(Some((mut request, keep_alive))) => {
                request.connection = entered.id;
                let (answer, fault) = service.respond(&request);
                (answer, fault, keep_alive)
            }
            Err(refusal) => (service.reject(entered.id, &refusal), None, false),
        };
        let delivery = delivery::deliver(answer, fault.as_ref(), keep_alive, service.clock.now());
        for step in delivery.steps {
            let done = match step {
                Step::Write(bytes) => reader.write(&bytes).is_ok(),
                Step::Wait(pause) => entered.pause(pause),
                Step::Drip(bytes, pause) => {
                    bytes.iter().all(|byte| entered.pause(pause) && reader.write(&[*byte]).is_ok())
                }
            };
            if !done {
                return;
            }
        }
        match delivery.end {
            End::Keep => {}
            End::Close => return reader.linger(),
            End::Hang => return reader.wait_for_the_end(),
            End::Reset => {
                // The reset is sent when the last handle is closed, which happens when this thread ends.
                let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::time::Instant;

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
