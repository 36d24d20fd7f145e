//! The contract between what decides and what moves bytes.
//!
//! A flow says what it needs next, and is resumed with the answer. It reads no clock and opens no socket, so the same
//! flow runs under blocking calls, under every async executor, in an event loop and in virtual time. A [`Call`] needs
//! requests and waits only:
//!
//! ```
//! use std::time::Duration;
//! use sts_proto::http;
//! use sts_proto::call::Call;
//! use sts_proto::operation::Operation;
//! use sts_proto::step::{Answer, Resume, Step, Transmit};
//! use sts_proto::time::OffsetDateTime;
//! use sts_proto::{Error, Reply};
//!
//! /// What a driver can do.
//! trait Io {
//!     fn now(&self) -> OffsetDateTime;
//!     fn send(&mut self, transmit: Transmit) -> Answer;
//!     fn sleep(&mut self, wait: Duration);
//! }
//!
//! /// The driver's whole loop.
//! fn drive<O: Operation>(io: &mut impl Io, mut step: Step<Call<O>>) -> Result<Reply<O::Output>, Error> {
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
//! Sources of credentials also read files, run commands and ask people: their loop has an arm more for each of these.
//!
//! Each kind of step carries its own continuation, which can be used once and takes one kind of answer: an answer out of
//! order, or of the wrong kind, does not compile. What is dropped is over.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, io};

use time::OffsetDateTime;

use crate::body::Body;
#[cfg(doc)]
use crate::call::Call;
use crate::credentials::Secret;
use crate::error::Error;

pub use ask::Ask;
pub use seq::Seq;

mod ask;
mod seq;

/// What a flow needs next. A flow that never asks for a kind has [`Infallible`] for its
/// continuation, and no arm is needed for it.
#[derive(Debug)]
#[must_use = "a step that is not answered is a call that never ends"]
pub enum Step<F: Flow> {
    /// Send this request and resume with the reply, or with what kept it from arriving.
    Send(Transmit, F::OnReply),
    /// Let this time pass and resume.
    Wait(Duration, F::OnWake),
    /// Read this file and resume with what it holds.
    Read(ReadFile, F::OnFile),
    /// Write this file and resume.
    Write(WriteFile, F::OnWritten),
    /// Run this command and resume with what came of it.
    Run(RunCommand, F::OnOutput),
    /// Ask for the code of this MFA device and resume with it.
    AskMfa(MfaPrompt, F::OnCode),
    /// Nothing more: this is the result. An error is final, its retries are spent.
    Done(Result<F::Output, Error>),
}

/// A request to be sent.
#[derive(Debug)]
#[non_exhaustive]
pub struct Transmit {
    /// The request as it is to be sent. One that must not go through a proxy has [`Direct`] among its extensions.
    pub request: http::Request<Body>,
    /// How long the whole reply may take. When it has passed, resume with
    /// [`TransportKind::Timeout`](crate::TransportKind::Timeout) and drop what still comes.
    pub timeout: Duration,
}

/// An extension of requests that never go through a proxy: those to the instance metadata service and to container
/// credentials, which would get another machine's answer from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Direct;

/// A file to be read.
///
/// The drivers here read regular files and pipes. A pipe that is not written and closed within ten seconds is an error of the
/// kind [`TimedOut`](io::ErrorKind::TimedOut); a device, except `/dev/null`, and a socket are of the kind
/// [`InvalidInput`](io::ErrorKind::InvalidInput).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadFile {
    /// Where it is.
    pub path: PathBuf,
    /// The most bytes that it may have. A larger one is an error of the kind
    /// [`FileTooLarge`](io::ErrorKind::FileTooLarge), found without reading further.
    pub limit: usize,
}

/// A file to be written: whole or not at all, so that who reads it meanwhile sees the old one or the new one, and for no
/// one's eyes but the owner's (mode 0600). Directories that are missing are made, with mode 0700.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteFile {
    /// Where.
    pub path: PathBuf,
    /// What.
    pub contents: Body,
}

/// A command to be run without a shell, with no input.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunCommand {
    /// The program, to be looked for as the platform does.
    pub program: String,
    /// Its arguments, which can be secrets.
    pub arguments: Vec<Secret>,
    /// Variables that it gets besides those of this process, by name and value.
    pub variables: Vec<(String, String)>,
    /// When it is ended by force: resume with an error of the kind [`TimedOut`](io::ErrorKind::TimedOut). On Unix the drivers
    /// here also end the processes that the program started, unless there is a controlling terminal, which the program may
    /// need to ask its user.
    pub timeout: Duration,
    /// The most bytes that are kept of its output, and as many of its messages. More output is an error of the kind
    /// [`FileTooLarge`](io::ErrorKind::FileTooLarge), more messages are dropped.
    pub limit: usize,
}

/// What a command left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandOutput {
    /// The code that it ended with; none where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to its standard output.
    pub stdout: Body,
    /// What it wrote to its standard error.
    pub stderr: Body,
}

/// Whose code is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MfaPrompt {
    /// The device: the serial number of a hardware device or the ARN of a virtual one.
    pub serial_number: String,
    /// The role that the code is for, if it is for one.
    pub role_arn: Option<String>,
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
    /// What waits for the contents of a file.
    type OnFile: Resume<io::Result<Body>, Self>;
    /// What waits for a file to be written.
    type OnWritten: Resume<io::Result<()>, Self>;
    /// What waits for a command.
    type OnOutput: Resume<io::Result<CommandOutput>, Self>;
    /// What waits for an MFA code, or for the reason why there is none.
    type OnCode: Resume<Result<Secret, Error>, Self>;
}

/// The rest of a flow, waiting for an answer.
pub trait Resume<A, F: Flow> {
    /// Goes on with the answer. `now` is the wall-clock time at which it came.
    fn resume(self, now: OffsetDateTime, answer: A) -> Step<F>;
}

/// What is never asked for is never answered.
impl<A, F: Flow> Resume<A, F> for Infallible {
    fn resume(self, _: OffsetDateTime, _: A) -> Step<F> {
        match self {}
    }
}

impl ReadFile {
    /// That file, of at most so many bytes.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, limit: usize) -> Self {
        Self { path: path.into(), limit }
    }
}

impl WriteFile {
    /// That file with these contents.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, contents: Body) -> Self {
        Self { path: path.into(), contents }
    }
}

impl RunCommand {
    /// That program without arguments.
    #[must_use]
    pub fn new(program: impl Into<String>, timeout: Duration, limit: usize) -> Self {
        Self { program: program.into(), arguments: Vec::new(), variables: Vec::new(), timeout, limit }
    }

    /// With these arguments.
    #[must_use]
    pub fn arguments(self, arguments: impl IntoIterator<Item = impl Into<Secret>>) -> Self {
        Self { arguments: arguments.into_iter().map(Into::into).collect(), ..self }
    }

    /// With these variables.
    #[must_use]
    pub fn variables(self, variables: Vec<(String, String)>) -> Self {
        Self { variables, ..self }
    }
}

impl MfaPrompt {
    /// For the code of that device.
    #[must_use]
    pub fn new(serial_number: impl Into<String>) -> Self {
        Self { serial_number: serial_number.into(), role_arn: None }
    }

    /// For that role.
    #[must_use]
    pub fn role_arn(self, role_arn: impl Into<String>) -> Self {
        Self { role_arn: Some(role_arn.into()), ..self }
    }
}

/// Arguments and variables can be secrets.
impl fmt::Debug for RunCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunCommand")
            .field("program", &self.program)
            .field("arguments", &self.arguments.len())
            .field("variables", &self.variables.len())
            .field("timeout", &self.timeout)
            .field("limit", &self.limit)
            .finish()
    }
}
