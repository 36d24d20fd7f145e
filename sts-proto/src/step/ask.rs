use std::fmt;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use time::OffsetDateTime;

use crate::body::Body;
use crate::call::Call;
use crate::credentials::Secret;
use crate::error::{Error, TransportKind};
use crate::operation::Operation;
use crate::reply::Reply;
use crate::step::{
    Answer, CommandOutput, MfaPrompt, ReadFile, Resume, RunCommand, Step, Transmit, WriteFile,
};

/// What a [`Seq`](crate::step::Seq) asks its driver through, for one thing after the other.
#[derive(Clone)]
pub struct Ask(Arc<Mutex<Exchange>>);

struct Exchange {
    now: OffsetDateTime,
    wish: Option<Wish>,
    given: Option<Given>,
}

/// What is wanted of the driver.
pub(super) enum Wish {
    Send(Transmit),
    Wait(Duration),
    Read(ReadFile),
    Write(WriteFile),
    Run(RunCommand),
    Mfa(MfaPrompt),
}

/// What the driver gave.
pub(super) enum Given {
    Reply(Answer),
    Woke(()),
    File(io::Result<Body>),
    Written(io::Result<()>),
    Output(io::Result<CommandOutput>),
    Code(Result<Secret, Error>),
}

impl Ask {
    pub(super) fn new(now: OffsetDateTime) -> Self {
        Self(Arc::new(Mutex::new(Exchange { now, wish: None, given: None })))
    }

    pub(super) fn give(&self, now: OffsetDateTime, given: Given) {
        let mut exchange = self.exchange();
        exchange.now = now;
        exchange.given = Some(given);
    }

    pub(super) fn wish(&self) -> Option<Wish> {
        self.exchange().wish.take()
    }

    fn exchange(&self) -> MutexGuard<'_, Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, wish: Wish) -> Option<Given> {
        let mut wish = Some(wish);
        poll_fn(|_| {
            let mut exchange = self.exchange();
            match wish.take() {
                Some(wish) => {
                    exchange.given = None;
                    exchange.wish = Some(wish);
                    Poll::Pending
                }
                None => Poll::Ready(exchange.given.take()),
            }
        })
        .await
    }

    /// The time at which the last answer came.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.exchange().now
    }

    /// Sends a request, whose reply may take so long.
    ///
    /// # Errors
    /// [`Error::transport`]: no reply came.
    pub async fn send(&self, request: http::Request<Body>, timeout: Duration) -> Answer {
        self.transmit(Transmit { request, timeout }).await
    }

    async fn transmit(&self, transmit: Transmit) -> Answer {
        match self.ask(Wish::Send(transmit)).await {
            Some(Given::Reply(answer)) => answer,
            _ => Err(Error::transport(TransportKind::Other, Unanswered)),
        }
    }

    /// Lets time pass.
    pub async fn wait(&self, wait: Duration) {
        self.ask(Wish::Wait(wait)).await;
    }

    /// Reads a file.
    ///
    /// # Errors
    /// There is none, it cannot be read, or it is larger than it may be.
    pub async fn read(&self, file: ReadFile) -> io::Result<Body> {
        match self.ask(Wish::Read(file)).await {
            Some(Given::File(contents)) => contents,
            _ => Err(io::Error::other(Unanswered)),
        }
    }

    /// Writes a file.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn write(&self, file: WriteFile) -> io::Result<()> {
        match self.ask(Wish::Write(file)).await {
            Some(Given::Written(result)) => result,
            _ => Err(io::Error::other(Unanswered)),
        }
    }

    /// Runs a command.
    ///
    /// # Errors
    /// It cannot be run, did not end in time, or wrote too much.
    pub async fn run(&self, command: RunCommand) -> io::Result<CommandOutput> {
        match self.ask(Wish::Run(command)).await {
            Some(Given::Output(output)) => output,
            _ => Err(io::Error::other(Unanswered)),
        }
    }

    /// Asks for the code of an MFA device.
    ///
    /// # Errors
    /// Nobody is there to be asked, or nobody gave one.
    pub async fn mfa_code(&self, prompt: MfaPrompt) -> Result<Secret, Error> {
        match self.ask(Wish::Mfa(prompt)).await {
            Some(Given::Code(code)) => code,
            _ => Err(Error::transport(TransportKind::Other, Unanswered)),
        }
    }

    /// Makes a call, with all its attempts.
    ///
    /// # Errors
    /// As [`Call`]'s.
    pub async fn call<O: Operation>(&self, call: Call<O>) -> Result<Reply<O::Output>, Error> {
        let mut step = call.start(self.now());
        loop {
            step = match step {
                Step::Send(transmit, then) => {
                    let answer = self.transmit(transmit).await;
                    then.resume(self.now(), answer)
                }
                Step::Wait(wait, then) => {
                    self.wait(wait).await;
                    then.resume(self.now(), ())
                }
                Step::Done(result) => return result,
            }
        }
    }
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").finish_non_exhaustive()
    }
}

/// What a wish ends in whose answer was another one's: two were made at once.
#[derive(Debug)]
struct Unanswered;

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("two things were asked for at once")
    }
}

impl std::error::Error for Unanswered {}
