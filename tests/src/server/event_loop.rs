//! The one thread that serves every connection: it sleeps until a socket, a timer or the server itself has something for
//! it.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};

use super::Limits;
use super::connection::{Connection, Context, Turn};
use super::sending::after;
use super::service::Service;

/// Connections are counted from 1, and none gets so far.
const ACCEPTOR: Token = Token(0);
const WAKER: Token = Token(usize::MAX);
/// Connections that are accepted in a row while others wait.
const ACCEPT_TURN: usize = 64;
/// How long to wait after the system refused to accept: it is out of descriptors, and asking again at once would
/// only burn time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// Events that are taken in a row. Further ones come with the next turn.
const EVENTS: usize = 1024;
/// What is read in one go.
const CHUNK: usize = 16 * 1024;

/// What other threads say to the loop, and it to them.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) stopping: AtomicBool,
    pub(super) accepted: AtomicU64,
    /// Whether making the RSA key came to an end, good or bad.
    has_rsa: AtomicBool,
    pub(super) waker: Waker,
}

/// Everything that the thread works with.
#[derive(Debug)]
pub(super) struct EventLoop {
    poll: Poll,
    listener: TcpListener,
    shared: Arc<Shared>,
    service: Arc<Service>,
    limits: Limits,
    connections: HashMap<usize, Served>,
    timers: BTreeSet<(Instant, usize)>,
    /// Those that had more to do than one turn allows.
    unfinished: Vec<usize>,
    /// Those that wait for the RSA key.
    parked: Vec<usize>,
    key_maker: Option<JoinHandle<()>>,
    /// Whether connections may wait to be accepted.
    acceptable: bool,
    /// Until when they have to.
    pause: Option<Instant>,
    chunk: Vec<u8>,
}

#[derive(Debug)]
struct Served {
    connection: Connection,
    /// Its entry among the timers.
    timer: Option<Instant>,
}

impl EventLoop {
    pub(super) fn new(
        mut listener: TcpListener,
        service: Arc<Service>,
        limits: Limits,
    ) -> io::Result<(Self, Arc<Shared>)> {
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, ACCEPTOR, Interest::READABLE)?;
        let shared = Arc::new(Shared {
            stopping: AtomicBool::new(false),
            accepted: AtomicU64::new(0),
            has_rsa: AtomicBool::new(false),
            waker: Waker::new(poll.registry(), WAKER)?,
        });
        let this = Self {
            poll,
            listener,
            shared: Arc::clone(&shared),
            service,
            limits,
            connections: HashMap::new(),
            timers: BTreeSet::new(),
            unfinished: Vec::new(),
            parked: Vec::new(),
            key_maker: None,
            acceptable: false,
            pause: None,
            chunk: vec![0; CHUNK],
        };
        Ok((this, shared))
    }

    /// Serves until the server stops.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let timeout = self.timeout();
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != ErrorKind::Interrupted => break,
                _ if self.shared.stopping.load(Ordering::SeqCst) => break,
                Err(_) => continue,
                Ok(()) => {}
            }
            for id in std::mem::take(&mut self.unfinished) {
                self.drive(id);
            }
            for event in &events {
                match event.token() {
                    ACCEPTOR => self.acceptable = true,
                    WAKER => self.unpark(),
                    Token(id) => {
                        if let Some(served) = self.connections.get_mut(&id) {
                            let wire = &mut served.connection.wire;
                            wire.readable |=
                                event.is_readable() || event.is_read_closed() || event.is_error();
                            wire.writable |=
                                event.is_writable() || event.is_write_closed() || event.is_error();
                        }
                        self.drive(id);
                    }
                }
            }
            let now = Instant::now();
            for id in self.due(now) {
                self.drive(id);
            }
            self.accept(now);
        }
        for served in self.connections.values() {
            // Already closed by the client is closed as well.
            let _ = served.connection.wire.socket.shutdown(Shutdown::Both);
        }
        if let Some(key_maker) = self.key_maker.take() {
            // An error is a panic, which that thread has reported already.
            let _ = key_maker.join();
        }
    }

    /// Takes those whose time has come.
    fn due(&mut self, now: Instant) -> Vec<usize> {
        let mut due = Vec::new();
        while let Some(&(moment, id)) = self.timers.first()
            && moment <= now
        {
            self.timers.pop_first();
            if let Some(served) = self.connections.get_mut(&id) {
                served.timer = None;
            }
            due.push(id);
        }
        due
    }

    fn has_room(&self) -> bool {
        self.connections.len() < self.limits.connections
    }

    /// How long the loop may sleep; without end if nothing is planned.
    fn timeout(&self) -> Option<Duration> {
        let accepts = self.acceptable && self.has_room();
        if !self.unfinished.is_empty() || (accepts && self.pause.is_none()) {
            return Some(Duration::ZERO);
        }
        let timer = self.timers.first().map(|(moment, _)| *moment);
        let next = timer.into_iter().chain(self.pause.filter(|_| accepts)).min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    /// Accepts connections as long as there are any and room for them. Others queue in the system's backlog.
    fn accept(&mut self, now: Instant) {
        if self.pause.is_some_and(|pause| now < pause) {
            return;
        }
        self.pause = None;
        for _ in 0..ACCEPT_TURN {
            if !self.acceptable || !self.has_room() {
                return;
            }
            match self.listener.accept() {
                Ok((socket, _)) => self.enter(socket),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => self.acceptable = false,
                    ErrorKind::Interrupted => {}
                    _ => {
                        self.pause = Some(after(now, ACCEPT_PAUSE));
                        return;
                    }
                },
            }
        }
    }

    /// A connection that the system cannot serve is dropped, and the next one may fare better.
    fn enter(&mut self, mut socket: TcpStream) {
        let number = self.shared.accepted.fetch_add(1, Ordering::SeqCst) + 1;
        let Ok(id) = usize::try_from(number) else { return };
        let both = Interest::READABLE | Interest::WRITABLE;
        if self.poll.registry().register(&mut socket, Token(id), both).is_err() {
            return;
        }
        if let Ok(connection) =
            Connection::new(number, socket, &context(&self.service, self.limits, &self.shared))
        {
            self.connections.insert(id, Served { connection, timer: None });
            self.drive(id);
        }
    }

    /// Lets a connection do what it can, and remembers what it waits for.
    fn drive(&mut self, id: usize) {
        let Some(served) = self.connections.get_mut(&id) else { return };
        let context = context(&self.service, self.limits, &self.shared);
        let (connection, chunk) = (&mut served.connection, &mut self.chunk);
        // A panic ends the connection that it happened on, and no other.
        let turn = panic::catch_unwind(AssertUnwindSafe(|| connection.drive(&context, chunk)));
        let turn = turn.unwrap_or(Turn::End);
        let deadline = if turn == Turn::End { None } else { served.connection.deadline };
        if served.timer != deadline {
            if let Some(moment) = served.timer {
                self.timers.remove(&(moment, id));
            }
            self.timers.extend(deadline.map(|moment| (moment, id)));
            served.timer = deadline;
        }
        match turn {
            Turn::Wait => {}
            Turn::Again => self.unfinished.push(id),
            Turn::Key => {
                self.parked.push(id);
                self.make_key();
            }
            Turn::End => {
                if let Some(mut served) = self.connections.remove(&id) {
                    // It is closed next, whatever the system says.
                    let _ = self.poll.registry().deregister(&mut served.connection.wire.socket);
                }
            }
        }
    }

    /// Makes the RSA key in a thread of its own: it takes seconds sometimes.
    fn make_key(&mut self) {
        if self.key_maker.is_some() {
            return;
        }
        let (service, shared) = (Arc::clone(&self.service), Arc::clone(&self.shared));
        let make = move || {
            let made = panic::catch_unwind(AssertUnwindSafe(|| service.key_set.make_rsa()));
            // Also if that failed: then those who wait are told so.
            shared.has_rsa.store(true, Ordering::SeqCst);
            // The loop has ended if it cannot be woken.
            let _ = shared.waker.wake();
            drop(made);
        };
        match thread::Builder::new().name("sts-key".to_owned()).spawn(make) {
            Ok(thread) => self.key_maker = Some(thread),
            Err(_) => {
                // Then all others have to wait.
                self.shared.has_rsa.store(true, Ordering::SeqCst);
                self.unpark();
            }
        }
    }

    fn unpark(&mut self) {
        if self.shared.has_rsa.load(Ordering::SeqCst) {
            std::mem::take(&mut self.parked).into_iter().for_each(|id| self.drive(id));
        }
    }
}

fn context<'a>(service: &'a Service, limits: Limits, shared: &Shared) -> Context<'a> {
    Context { service, limits, has_rsa: shared.has_rsa.load(Ordering::SeqCst) }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::super::testing::{Client, IDENTITY, Signing, post};
    use super::super::{Answer, Fault, Options, Server};
    use super::*;

    const UNSIGNED: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    const KEYS: &[u8] = b"GET /keys HTTP/1.1\r\nHost: h\r\n\r\n";

    fn server() -> Server {
        Server::start().expect("a server")
    }

    #[test]
    fn nobody_else_waits_for_a_key() {
        let sts = server();
        let (begin, begun) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let key_set = &sts.service.key_set;
        thread::scope(|scope| {
            scope.spawn(move || {
                key_set.make_rsa_after(|| {
                    begin.send(()).expect("the test waits");
                    // Also released when the test fails.
                    let _ = released.recv();
                });
            });
            let release = release;
            begun.recv().expect("it begins");
            let (mut keys, mut token) = (Client::connect(&sts), Client::connect(&sts));
            keys.send(KEYS);
            let body = r#"{"alg":"RS256"}"#;
            let head = "POST /_control/token HTTP/1.1\r\nHost: h\r\n";
            token.send(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
            for _ in 0..3 {
                assert_eq!(post(&sts, sts.user(), IDENTITY).status, 200, "others are served");
            }
            release.send(()).expect("the key is awaited");
            let (keys, token) = (keys.receive(), token.receive());
            assert!(keys.status == 200 && keys.body.contains("RS256"), "{keys:?}");
            assert!(token.status == 200 && token.body.len() > 300, "{token:?}");
        });
    }

    #[test]
    fn a_panic_ends_its_own_connection_only() {
        let options = Options::new().log(|line| assert!(!line.contains("/latest/panic"), "as ordered"));
        let sts = Server::with(options.metadata()).expect("a server");
        let (mut doomed, mut other) = (Client::connect(&sts), Client::connect(&sts));
        other.send(&Signing::post(sts.user(), IDENTITY).bytes());
        assert_eq!(other.receive().status, 200);
        doomed.send(b"GET /latest/panic HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(doomed.rest(), b"");
        other.send(&Signing::post(sts.user(), IDENTITY).bytes());
        assert_eq!(other.receive().status, 200);
    }

    #[test]
    fn replies_larger_than_the_socket_arrive_whole_and_late_ones_are_given_up() {
        let sts = server();
        let large = "x".repeat(16 << 20);
        sts.answer_next(Answer::reply(200, &[], &large));
        let mut client = Client::connect(&sts);
        client.send(UNSIGNED);
        thread::sleep(Duration::from_millis(50));
        assert_eq!(post(&sts, sts.user(), IDENTITY).status, 200, "others are served meanwhile");
        assert!(client.receive().body == large);

        let hasty = Limits { request: Duration::from_millis(100), ..Limits::default() };
        let sts = Server::start_with(hasty).expect("a server");
        sts.answer_next(Answer::reply(200, &[], &large));
        let mut client = Client::connect(&sts);
        client.send(UNSIGNED);
        thread::sleep(Duration::from_millis(500));
        assert!(client.rest().len() < large.len());
    }

    #[test]
    fn endless_pauses_and_endless_pipelines_stall_nobody() {
        let limits = Limits { idle: Duration::MAX, request: Duration::MAX, ..Limits::default() };
        let sts = Server::start_with(limits).expect("a server");
        sts.fault_next(Fault::Delay(Duration::MAX));
        let mut delayed = Client::connect(&sts);
        delayed.send(UNSIGNED);
        let mut busy = Client::connect(&sts);
        busy.send(&UNSIGNED.repeat(500));
        assert_eq!(post(&sts, sts.user(), IDENTITY).status, 200);
        assert!((0..500).all(|_| busy.receive().status == 400));
    }
}
