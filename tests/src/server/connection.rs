//! One connection: what it is waiting for, and what it does when that comes.

use std::io;
use std::time::{Duration, Instant};

use mio::net::TcpStream;

use super::Limits;
use super::delivery::{self, Delivery, End};
use super::fault::Fault;
use super::http::{BODY_LIMIT, Found, Reader, Stage};
use super::oidc;
use super::refusal::Refusal;
use super::request::Request;
use super::sending::{Progress, Sending, after};
use super::service::Service;
use super::tls;
use super::wire::{Received, Wire};

/// Reads and answers that one connection gets in a row while others wait.
const TURN: usize = 32;
/// What is read and thrown away after a refusal, so that the client can read the refusal before its connection resets.
const LINGER_LIMIT: usize = 4 * BODY_LIMIT;
/// How long a refused client may take to notice.
const LINGER_TIME: Duration = Duration::from_millis(500);

/// What all connections have in common.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) service: &'a Service,
    pub(super) limits: Limits,
    /// Whether the RSA key was made, or cannot be.
    pub(super) has_rsa: bool,
}

/// A client's connection.
#[derive(Debug)]
pub(super) struct Connection {
    id: u64,
    pub(super) wire: Wire,
    reader: Reader,
    state: State,
    /// When something happens even if the client does nothing.
    pub(super) deadline: Option<Instant>,
}

#[derive(Debug)]
enum State {
    /// An alert follows the client's hello, which would otherwise be answered with a reset.
    Refusing,
    /// A request is awaited, and `deadline` belongs to this stage of it.
    Reading(Option<Stage>),
    /// A request waits for the RSA key.
    Parked(Option<Box<(Request, bool)>>),
    Sending(Sending),
    /// Closing a socket that holds unread bytes resets it, and a reset can overtake the reply. So many were read since
    /// the reply.
    Lingering(usize),
    /// Nothing happens any more until the client leaves.
    Hanging,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Everything was done that could be.
    Wait,
    /// There is more to do, but others have waited long enough.
    Again,
    /// It goes on when there is an RSA key.
    Key,
    /// The connection is to be closed.
    End,
}

impl Connection {
    pub(super) fn new(id: u64, socket: TcpStream, context: &Context<'_>) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        let (mut tls, mut state) = (None, State::Reading(None));
        if let Some(settings) = &context.service.tls {
            match context.service.faults().take(true) {
                Some(Fault::Certificate(bad)) => tls = Some(settings.accept(Some(bad))?),
                Some(_) => state = State::Refusing,
                None => tls = Some(settings.accept(None)?),
            }
        }
        let deadline = Some(after(Instant::now(), context.limits.idle));
        Ok(Self { id, wire: Wire::new(socket, tls), reader: Reader::default(), state, deadline })
    }

    /// Does what can be done now.
    pub(super) fn drive(&mut self, context: &Context<'_>, chunk: &mut [u8]) -> Turn {
        for _ in 0..TURN {
            match self.step(context, chunk) {
                Ok(None) => {}
                Ok(Some(turn)) => return turn,
                // The client is gone, and there is nobody left to tell.
                Err(_) => return Turn::End,
            }
        }
        // Empty lines without end are no request, however fast they come.
        let late = self.deadline.is_some_and(|deadline| deadline <= Instant::now());
        if late && matches!(self.state, State::Reading(Some(_))) { Turn::End } else { Turn::Again }
    }

    /// One step; `None` when another one may follow.
    fn step(&mut self, context: &Context<'_>, chunk: &mut [u8]) -> io::Result<Option<Turn>> {
        let now = Instant::now();
        let late = self.deadline.is_some_and(|deadline| deadline <= now);
        let idle = Ok(Some(if late { Turn::End } else { Turn::Wait }));
        match &mut self.state {
            State::Reading(_) => return self.read(context, chunk, now),
            State::Parked(parked) => {
                if !context.has_rsa {
                    return Ok(Some(Turn::Wait));
                }
                let Some(parked) = parked.take() else { return Ok(Some(Turn::End)) };
                self.answer(context, &parked.0, parked.1);
            }
            State::Sending(sending) => match sending.advance(&mut self.wire, now, context.limits.request)? {
                Progress::Until(moment) => {
                    self.deadline = Some(moment);
                    return Ok(Some(Turn::Wait));
                }
                Progress::Done(End::Keep) => {
                    self.deadline = None;
                    self.state = State::Reading(None);
                }
                Progress::Done(End::Close) => {
                    self.wire.finish()?;
                    self.deadline = Some(after(now, LINGER_TIME));
                    self.state = State::Lingering(0);
                }
                Progress::Done(End::Reset) => {
                    self.wire.reset();
                    return Ok(Some(Turn::End));
                }
                Progress::Done(End::Hang) => {
                    self.deadline = None;
                    self.state = State::Hanging;
                }
            },
            State::Refusing => match self.wire.read_raw(chunk)? {
                Received::Nothing => return idle,
                _ => {
                    self.wire.write(tls::ALERT.to_vec())?;
                    self.state = State::Sending(Sending::end());
                }
            },
            State::Lingering(discarded) => match self.wire.read_raw(chunk)? {
                Received::Bytes(count) if *discarded < LINGER_LIMIT => *discarded += count,
                Received::Nothing => return idle,
                _ => return Ok(Some(Turn::End)),
            },
            State::Hanging => match self.wire.read_raw(chunk)? {
                Received::Bytes(_) => {}
                Received::Nothing => return Ok(Some(Turn::Wait)),
                _ => return Ok(Some(Turn::End)),
            },
        }
        Ok(None)
    }

    /// Looks for a request in what was read, and reads more if there is none.
    fn read(&mut self, context: &Context<'_>, chunk: &mut [u8], now: Instant) -> io::Result<Option<Turn>> {
        let stage = match self.reader.next() {
            Ok(Found::Part(stage)) => stage,
            Ok(Found::Expectation) => {
                self.wire.write(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())?;
                return Ok(None);
            }
            Ok(Found::Request(mut request, keep_alive)) => {
                request.connection = self.id;
                if context.has_rsa || !oidc::needs_rsa(context.service, &request) {
                    self.answer(context, &request, keep_alive);
                    return Ok(None);
                }
                self.state = State::Parked(Some(Box::new((request, keep_alive))));
                self.deadline = None;
                return Ok(Some(Turn::Key));
            }
            Err(refusal) => {
                self.refuse(context, &refusal);
                return Ok(None);
            }
        };
        if !matches!(self.state, State::Reading(Some(known)) if known == stage) {
            let Limits { idle, request, .. } = context.limits;
            self.deadline = Some(after(now, if stage == Stage::Idle { idle } else { request }));
            self.state = State::Reading(Some(stage));
        }
        // `100 Continue`, or the rest of a handshake. Whatever is left goes with the next event.
        self.wire.flush()?;
        match self.wire.read(chunk)? {
            Received::Bytes(count) => self.reader.push(&chunk[..count]),
            Received::End => return Ok(Some(Turn::End)),
            Received::Broken => self.state = State::Sending(Sending::end()),
            // Only now: what arrived in time is not held against the client.
            Received::Nothing if self.deadline.is_some_and(|deadline| deadline <= now) => {
                if stage == Stage::Idle {
                    return Ok(Some(Turn::End));
                }
                let late = Refusal::new(408, "RequestTimeout", "The request did not arrive in time.");
                self.refuse(context, &late);
            }
            Received::Nothing => return Ok(Some(Turn::Wait)),
        }
        Ok(None)
    }

    fn answer(&mut self, context: &Context<'_>, request: &Request, keep_alive: bool) {
        let service = context.service;
        let (answer, fault) = service.respond(request);
        let delivery = delivery::deliver(answer, fault.as_ref(), keep_alive, service.clock.now());
        self.send(delivery);
    }

    fn send(&mut self, delivery: Delivery) {
        self.deadline = None;
        self.state = State::Sending(Sending::new(delivery));
    }

    fn refuse(&mut self, context: &Context<'_>, refusal: &Refusal) {
        let service = context.service;
        let answer = service.reject(self.id, refusal);
        let delivery = delivery::deliver(answer, None, false, service.clock.now());
        self.send(delivery);
    }
}
