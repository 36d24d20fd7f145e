use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use time::OffsetDateTime;

use crate::body::Body;
use crate::credentials::Secret;
use crate::error::Error;
use crate::step::ask::{Ask, Given, Wish};
use crate::step::{Answer, CommandOutput, Flow, Resume, Step};

/// A flow that is written from top to bottom, as an `async fn` over [`Ask`].
///
/// Nothing polls it but the steps' answers: it needs no runtime and no waker, and costs one box. What it awaits must come
/// from its `Ask`, one wish after the other; a future of something else ends it with an error.
///
/// ```
/// use std::path::Path;
/// use sts_proto::step::{Ask, ReadFile, Resume, Seq, Step};
/// use sts_proto::time::OffsetDateTime;
/// use sts_proto::{Body, Error};
///
/// async fn length(ask: Ask) -> Result<usize, Error> {
///     let file = ask.read(ReadFile::new("token", 1024)).await;
///     Ok(file.map_or(0, |contents| contents.len()))
/// }
///
/// let now = OffsetDateTime::UNIX_EPOCH;
/// let Step::Read(file, then) = Seq::start(now, length) else { panic!("it reads") };
/// assert_eq!(file.path, Path::new("token"));
/// let Step::Done(Ok(length)) = then.resume(now, Ok(Body::from(vec![0; 7]))) else { panic!("it is done") };
/// assert_eq!(length, 7);
/// ```
#[must_use = "a flow begins with `start`"]
pub struct Seq<T> {
    future: Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>,
    ask: Ask,
}

impl<T> Seq<T> {
    /// Begins the flow and gives its first step.
    pub fn start<Fut>(now: OffsetDateTime, flow: impl FnOnce(Ask) -> Fut) -> Step<Self>
    where
        Fut: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let ask = Ask::new(now);
        let future = Box::pin(flow(ask.clone()));
        Self { future, ask }.poll()
    }

    fn resume(self, now: OffsetDateTime, given: Given) -> Step<Self> {
        self.ask.give(now, given);
        self.poll()
    }

    fn poll(mut self) -> Step<Self> {
        // What is ready goes on at once; what is pending must have left a wish.
        if let Poll::Ready(result) = self.future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Step::Done(result);
        }
        match self.ask.wish() {
            Some(Wish::Send(transmit)) => Step::Send(transmit, OnReply(self)),
            Some(Wish::Wait(wait)) => Step::Wait(wait, OnWake(self)),
            Some(Wish::Read(file)) => Step::Read(file, OnFile(self)),
            Some(Wish::Write(file)) => Step::Write(file, OnWritten(self)),
            Some(Wish::Run(command)) => Step::Run(command, OnOutput(self)),
            Some(Wish::Mfa(prompt)) => Step::AskMfa(prompt, OnCode(self)),
            None => Step::Done(Err(Error::setting("Seq", "awaits something that is not from its `Ask`"))),
        }
    }
}

impl<T> fmt::Debug for Seq<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seq").finish_non_exhaustive()
    }
}

impl<T> Flow for Seq<T> {
    type Output = T;
    type OnReply = OnReply<T>;
    type OnWake = OnWake<T>;
    type OnFile = OnFile<T>;
    type OnWritten = OnWritten<T>;
    type OnOutput = OnOutput<T>;
    type OnCode = OnCode<T>;
}

/// A continuation for each kind of answer, so that another kind does not compile.
macro_rules! continuations {
    ($($(#[$doc:meta])* $name:ident($answer:ty) = $given:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        #[must_use = "a flow goes on with `resume`"]
        pub struct $name<T>(Seq<T>);

        impl<T> Resume<$answer, Seq<T>> for $name<T> {
            fn resume(self, now: OffsetDateTime, answer: $answer) -> Step<Seq<T>> {
                self.0.resume(now, Given::$given(answer))
            }
        }
    )*};
}

continuations! {
    /// A sequence that waits for a reply.
    OnReply(Answer) = Reply;
    /// A sequence that waits for time to pass.
    OnWake(()) = Woke;
    /// A sequence that waits for the contents of a file.
    OnFile(io::Result<Body>) = File;
    /// A sequence that waits for a file to be written.
    OnWritten(io::Result<()>) = Written;
    /// A sequence that waits for a command.
    OnOutput(io::Result<CommandOutput>) = Output;
    /// A sequence that waits for an MFA code.
    OnCode(Result<Secret, Error>) = Code;
}
