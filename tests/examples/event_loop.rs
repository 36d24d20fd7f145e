//! A thousand calls at once in an event loop of one thread: no async runtime, no thread for a call. The core makes the
//! bytes and reads them; the loop has the sockets and the clock.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use sts_proto::call::{Backoff, Call, Caller, Deadlines, Sent};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http::Response;
use sts_proto::http1::{self, Progress, ReplyReader};
use sts_proto::operation::AssumeRole;
use sts_proto::step::{Answer, Resume, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Body, BoxError, Credentials, Encoder, Error, RetryPolicy, TransportKind};
use sts_tests::server::{Answer as Served, Server};

const CALLS: usize = 1_000;
/// Requests that are answered with a 503 first.
const FAILURES: usize = 50;

fn main() -> Result<(), BoxError> {
    let server = Server::start()?;
    (0..FAILURES).for_each(|_| server.answer_next(Served::reply(503, &[], "busy")));
    let user = server.user();
    let endpoint = EndpointOptions::new().region("us-east-1").url(server.url()).resolve()?;
    let mut policy = RetryPolicy::default();
    // A client has a quota of 35 retries. These calls count as those of many clients.
    policy.quota *= 10;
    let caller = Arc::new(Caller::new(Encoder::new(endpoint), policy));
    let key = Arc::new(Credentials::new(user.access_key_id(), user.secret_access_key())?);
    let deadlines = Deadlines { attempt: Duration::from_secs(20), total: Duration::from_secs(40) };

    let begun = Instant::now();
    let mut event_loop = EventLoop::new(server.url().trim_start_matches("http://").parse()?)?;
    for number in 0..CALLS {
        let role = AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", format!("call-{number}"));
        let call = Call::new(Arc::clone(&caller), role, Some(Arc::clone(&key)), deadlines, number as u64);
        event_loop.begin(call)?;
    }
    let threads = client_threads();
    event_loop.run()?;
    let EventLoop { granted, retries, most, .. } = event_loop;
    println!(
        "{granted} of {CALLS} calls granted after {retries} retries in {:.2} s; at most {most} under way at once; \
         threads of the client: {}",
        begun.elapsed().as_secs_f64(),
        threads.map_or_else(|| "unknown here".to_owned(), |threads| threads.to_string()),
    );
    if granted == CALLS { Ok(()) } else { Err("some calls failed".into()) }
}

/// Those of this process but the local server's, where that can be read.
fn client_threads() -> Option<usize> {
    let tasks = fs::read_dir("/proc/self/task").ok()?.flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    Some(names.filter(|name| !name.starts_with("sts-")).count())
}

struct EventLoop {
    poll: Poll,
    server: SocketAddr,
    slots: Vec<Slot>,
    /// When to look at which call again. Those whose turn has passed by then are out of date.
    timers: BinaryHeap<Reverse<(Instant, usize, u32)>>,
    under_way: usize,
    most: usize,
    granted: usize,
    retries: usize,
}

struct Slot {
    stage: Stage,
    turn: u32,
}

enum Stage {
    Exchange(Box<Exchange>),
    Waiting(Box<Backoff<AssumeRole>>),
    Over,
}

/// A request that is being sent, or whose reply is being read.
struct Exchange {
    stream: TcpStream,
    bytes: Body,
    written: usize,
    reader: ReplyReader,
    then: Sent<AssumeRole>,
}

impl EventLoop {
    fn new(server: SocketAddr) -> io::Result<Self> {
        let poll = Poll::new()?;
        Ok(Self {
            poll,
            server,
            slots: Vec::new(),
            timers: BinaryHeap::new(),
            under_way: 0,
            most: 0,
            granted: 0,
            retries: 0,
        })
    }

    fn begin(&mut self, call: Call<AssumeRole>) -> Result<(), BoxError> {
        self.slots.push(Slot { stage: Stage::Over, turn: 0 });
        self.under_way += 1;
        self.most = self.most.max(self.under_way);
        self.take(self.slots.len() - 1, call.start(OffsetDateTime::now_utc()))
    }

    /// Does what a call needs next, or begins to.
    fn take(&mut self, number: usize, step: Step<Call<AssumeRole>>) -> Result<(), BoxError> {
        let (stage, time) = match step {
            Step::Send(transmit, then) => {
                let bytes = http1::request(&transmit.request)?;
                let reader = ReplyReader::new(transmit.request.method());
                let mut stream = TcpStream::connect(self.server)?;
                let interest = Interest::READABLE | Interest::WRITABLE;
                self.poll.registry().register(&mut stream, Token(number), interest)?;
                let exchange = Exchange { stream, bytes, written: 0, reader, then };
                (Stage::Exchange(Box::new(exchange)), transmit.timeout)
            }
            Step::Wait(wait, then) => {
                self.retries += 1;
                (Stage::Waiting(Box::new(then)), wait)
            }
            Step::Done(outcome) => {
                self.granted += usize::from(outcome.is_ok());
                self.under_way -= 1;
                return Ok(());
            }
        };
        let slot = &mut self.slots[number];
        slot.stage = stage;
        slot.turn += 1;
        self.timers.push(Reverse((Instant::now() + time, number, slot.turn)));
        Ok(())
    }

    fn run(&mut self) -> Result<(), BoxError> {
        let mut events = Events::with_capacity(1024);
        while self.under_way > 0 {
            let next =
                self.timers.peek().map(|Reverse((at, ..))| at.saturating_duration_since(Instant::now()));
            match self.poll.poll(&mut events, next) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
                _ => {}
            }
            for event in &events {
                self.ready(event.token().0)?;
            }
            while let Some(Reverse((at, number, turn))) = self.timers.peek().copied()
                && at <= Instant::now()
            {
                self.timers.pop();
                if self.slots[number].turn == turn {
                    self.late(number)?;
                }
            }
        }
        Ok(())
    }

    /// The socket of a call can go on.
    fn ready(&mut self, number: usize) -> Result<(), BoxError> {
        // What is late for a call that is over, or waits, is nothing.
        let Stage::Exchange(exchange) = &mut self.slots[number].stage else { return Ok(()) };
        match exchange.go_on() {
            Ok(response) => self.answer(number, Ok(response)),
            Err(Some(error)) => self.answer(number, Err(error)),
            Err(None) => Ok(()),
        }
    }

    /// A call's time is up, for its attempt or for its wait.
    fn late(&mut self, number: usize) -> Result<(), BoxError> {
        match mem::replace(&mut self.slots[number].stage, Stage::Over) {
            Stage::Waiting(backoff) => self.take(number, backoff.resume(OffsetDateTime::now_utc(), ())),
            exchange => {
                self.slots[number].stage = exchange;
                self.answer(number, Err(Error::transport(TransportKind::Timeout, "no reply in time")))
            }
        }
    }

    fn answer(&mut self, number: usize, answer: Answer) -> Result<(), BoxError> {
        match mem::replace(&mut self.slots[number].stage, Stage::Over) {
            Stage::Exchange(mut exchange) => {
                self.poll.registry().deregister(&mut exchange.stream)?;
                self.slots[number].turn += 1;
                self.take(number, exchange.then.resume(OffsetDateTime::now_utc(), answer))
            }
            Stage::Waiting(_) | Stage::Over => Ok(()),
        }
    }
}

impl Exchange {
    /// Writes and reads as far as the socket goes. Without a reply and without an error, it must become ready again.
    fn go_on(&mut self) -> Result<Response<Body>, Option<Error>> {
        while self.written < self.bytes.as_ref().len() {
            let rest = &self.bytes.as_ref()[self.written..];
            self.written += self.stream.write(rest).map_err(failure)?;
        }
        let mut buffer = [0; 4096];
        loop {
            let count = self.stream.read(&mut buffer).map_err(failure)?;
            if count == 0 {
                return Err(Some(Error::transport(TransportKind::Closed, "the server closed")));
            }
            if let Progress::Done(finished) = self.reader.feed(&buffer[..count])? {
                return Ok(finished.response);
            }
        }
    }
}

/// `None` for what only means that the socket is not ready, or not connected yet.
fn failure(error: io::Error) -> Option<Error> {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::NotConnected => None,
        _ => Some(Error::transport(TransportKind::of_io(&error), error)),
    }
}
