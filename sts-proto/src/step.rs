//! The contract between what decides and what moves bytes.
//!
//! A flow says what it needs next, and is resumed with the answer. It reads no clock and opens no socket, so the same
//! flow runs under blocking calls, under every async executor, in an event loop and in virtual time:
//!
//! ```
//! use std::time::Duration;
//! use sts_proto::http;
//! use sts_proto::step::{Answer, Flow, Resume, Step, Transmit};
//! use sts_proto::time::OffsetDateTime;
//!
//! /// What a driver can do.
//! trait Io {
//!     fn now(&self) -> OffsetDateTime;
//!     fn send(&mut self, transmit: Transmit) -> Answer;
//!     fn sleep(&mut self, wait: Duration);
//! }
//!
//! /// The driver's whole loop.
//! fn drive<F: Flow>(io: &mut impl Io, mut step: Step<F>) -> Result<F::Output, sts_proto::Error> {
//!     loop {
//!         step = match step {
//!             Step::Send(transmit, then) => {
//!                 let answer = io.send(transmit);
//!                 then.resume(io.now(), answer)
//!             }
//!             Step::Wait(wait, then) => {
//!                 io.sleep(wait);
//!                 then.resume(io.now(), ())
//!             }
//!             Step::Done(result) => return result,
//!         }
//!     }
//! }
//! ```
//!
//! Each kind of step carries its own continuation, which can be used once and takes one kind of answer: an answer out of
//! order, or of the wrong kind, does not compile. What is dropped is over.

use std::time::Duration;

use time::OffsetDateTime;

use crate::body::Body;
use crate::error::Error;

/// What a flow needs next.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a box would be the only one on the way of a call")]
#[must_use = "a step that is not answered is a call that never ends"]
pub enum Step<F: Flow> {
    /// Send this request and resume with the reply, or with what kept it from arriving.
    Send(Transmit, F::OnReply),
    /// Let this time pass and resume.
    Wait(Duration, F::OnWake),
    /// Nothing more: this is the result. An error is final, its retries are spent.
    Done(Result<F::Output, Error>),
}

/// A request to be sent.
#[derive(Debug)]
#[non_exhaustive]
pub struct Transmit {
    /// The request as it is to be sent.
    pub request: http::Request<Body>,
    /// How long the whole reply may take. When it has passed, resume with
    /// [`TransportKind::Timeout`](crate::TransportKind::Timeout) and drop what still comes.
    pub timeout: Duration,
}

/// What became of a request: a whole reply of any status, or [`Error::transport`].
pub type Answer = Result<http::Response<Body>, Error>;

/// Something that takes several steps.
pub trait Flow: Sized {
    /// What it gives in the end.
    type Output;
    /// What waits for a reply.
    type OnReply: Resume<Answer, Self>;
    /// What waits for time to pass.
    type OnWake: Resume<(), Self>;
}

/// The rest of a flow, waiting for an answer.
pub trait Resume<A, F: Flow> {
    /// Goes on with the answer. `now` is the wall-clock time at which it came.
    fn resume(self, now: OffsetDateTime, answer: A) -> Step<F>;
}
