//! A driver for the tests of sources: it answers each step from a list, and keeps what was asked for.
#![cfg_attr(not(feature = "sources"), allow(dead_code))]

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use time::OffsetDateTime;

use crate::body::Body;
use crate::call::{Caller, Deadlines};
use crate::constraint::Validation;
use crate::credentials::{Credentials, Secret};
use crate::encoder::Encoder;
use crate::endpoint::EndpointOptions;
use crate::error::{Error, TransportKind};
use crate::retry::RetryPolicy;
use crate::source::{Context, Found, Source};
use crate::step::{Ask, CommandOutput, Direct, MfaPrompt, Resume, RunCommand, Seq, Step, WriteFile};

/// Half past midnight of a day, the time at which all of them run.
pub(super) const NOW: i64 = 1_795_134_600;

/// What the driver answers next.
enum Given {
    Reply(u16, Vec<u8>),
    Broken(TransportKind),
    File(io::Result<Vec<u8>>),
    Written(io::Result<()>),
    Output(io::Result<CommandOutput>),
    Code(&'static str),
}

/// What was asked for.
#[derive(Debug)]
pub(super) enum Asked {
    Request(Request<Body>, Duration),
    Wait,
    File(String),
    Write(WriteFile),
    Command(RunCommand),
    Mfa(MfaPrompt),
}

/// Answers, in their order. Waits pass by themselves.
#[derive(Default)]
pub(super) struct Play {
    given: VecDeque<Given>,
    pub(super) asked: Vec<Asked>,
    waited: Duration,
}

impl Play {
    pub(super) fn new() -> Self {
        Self::default()
    }

    fn then(mut self, given: Given) -> Self {
        self.given.push_back(given);
        self
    }

    pub(super) fn reply(self, status: u16, body: impl Into<Vec<u8>>) -> Self {
        self.then(Given::Reply(status, body.into()))
    }

    pub(super) fn broken(self, kind: TransportKind) -> Self {
        self.then(Given::Broken(kind))
    }

    pub(super) fn file(self, contents: impl Into<Vec<u8>>) -> Self {
        self.then(Given::File(Ok(contents.into())))
    }

    pub(super) fn no_file(self, kind: io::ErrorKind) -> Self {
        self.then(Given::File(Err(kind.into())))
    }

    pub(super) fn written(self, result: io::Result<()>) -> Self {
        self.then(Given::Written(result))
    }

    pub(super) fn output(self, code: i32, stdout: &str, stderr: &str) -> Self {
        let bytes = |text: &str| Body::from(text.as_bytes().to_vec());
        self.then(Given::Output(Ok(CommandOutput {
            code: Some(code),
            stdout: bytes(stdout),
            stderr: bytes(stderr),
        })))
    }

    pub(super) fn no_output(self, kind: io::ErrorKind) -> Self {
        self.then(Given::Output(Err(kind.into())))
    }

    pub(super) fn code(self, code: &'static str) -> Self {
        self.then(Given::Code(code))
    }

    /// Looks into the source. Every answer must have been asked for.
    pub(super) fn run(self, source: impl Source + 'static) -> Result<Found, Error> {
        self.watch(source).0
    }

    /// The same, with what was asked for.
    pub(super) fn watch(self, source: impl Source + 'static) -> (Result<Found, Error>, Vec<Asked>) {
        self.flow(|ask| async move { source.look(&context(ask)).await })
    }

    /// The same for a flow of any kind.
    pub(super) fn flow<T, Fut>(mut self, flow: impl FnOnce(Ask) -> Fut) -> (Result<T, Error>, Vec<Asked>)
    where
        Fut: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let mut step = Seq::start(self.now(), flow);
        loop {
            step = match step {
                Step::Send(transmit, then) => {
                    let timeout = transmit.timeout;
                    self.asked.push(Asked::Request(transmit.request, timeout));
                    let answer = match self.next() {
                        Given::Reply(status, body) => {
                            Ok(Response::builder().status(status).body(Body::from(body)).unwrap())
                        }
                        Given::Broken(kind) => Err(Error::transport(kind, "broken")),
                        _ => panic!("no reply is given for {:?}", self.asked),
                    };
                    then.resume(self.now(), answer)
                }
                Step::Wait(wait, then) => {
                    self.asked.push(Asked::Wait);
                    self.waited += wait;
                    then.resume(self.now(), ())
                }
                Step::Read(file, then) => {
                    self.asked.push(Asked::File(file.path.to_str().unwrap().to_owned()));
                    let Given::File(contents) = self.next() else { panic!("no file: {:?}", self.asked) };
                    then.resume(self.now(), contents.map(Body::from))
                }
                Step::Write(file, then) => {
                    self.asked.push(Asked::Write(file));
                    let Given::Written(result) = self.next() else { panic!("no writing: {:?}", self.asked) };
                    then.resume(self.now(), result)
                }
                Step::Run(command, then) => {
                    self.asked.push(Asked::Command(command));
                    let Given::Output(output) = self.next() else { panic!("no command: {:?}", self.asked) };
                    then.resume(self.now(), output)
                }
                Step::AskMfa(prompt, then) => {
                    self.asked.push(Asked::Mfa(prompt));
                    let Given::Code(code) = self.next() else { panic!("no code: {:?}", self.asked) };
                    then.resume(self.now(), Ok(Secret::from(code)))
                }
                Step::Done(result) => {
                    assert_eq!(self.given.len(), 0, "answers that nobody asked for, after {:?}", self.asked);
                    return (result, self.asked);
                }
            }
        }
    }

    fn next(&mut self) -> Given {
        self.given.pop_front().unwrap_or_else(|| panic!("no answer is left for {:?}", self.asked))
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(NOW).unwrap() + self.waited
    }
}

/// With an STS in Ireland that is called once and not again.
pub(super) fn context(ask: Ask) -> Context {
    context_with(ask, Validation::default())
}

/// The same with another choice of rules.
pub(super) fn context_with(ask: Ask, validation: Validation) -> Context {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
    let encoder = encoder.validation(validation);
    let caller = Arc::new(Caller::new(encoder, RetryPolicy::never()));
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };
    Context::new(ask, caller, deadlines, 7)
}

pub(super) fn found(result: Result<Found, Error>) -> Credentials {
    match result {
        Ok(Found::Credentials(credentials)) => credentials,
        other => panic!("no credentials: {other:?}"),
    }
}

pub(super) fn nothing(result: Result<Found, Error>) -> String {
    match result {
        Ok(Found::Nothing(why)) => why.into_owned(),
        other => panic!("not skipped: {other:?}"),
    }
}

/// The error's sentence, which must hold no secret.
pub(super) fn sentence(result: Result<Found, Error>) -> String {
    let error = result.expect_err("an error");
    let text = format!("{error}");
    assert!(!format!("{text} {error:?}").contains("sEcReT"), "{error:?}");
    text
}

impl Asked {
    /// The method, the URL and the body of a request.
    pub(super) fn request(&self) -> (String, String) {
        let Self::Request(request, _) = self else { panic!("no request: {self:?}") };
        let body = std::str::from_utf8(request.body().as_ref()).unwrap();
        (format!("{} {}", request.method(), request.uri()), body.to_owned())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let Self::Request(request, _) = self else { panic!("no request: {self:?}") };
        request.headers().get(name).map(|value| value.to_str().unwrap())
    }

    pub(super) fn is_direct(&self) -> bool {
        matches!(self, Self::Request(request, _) if request.extensions().get::<Direct>().is_some())
    }
}

/// A reply of STS that gives out credentials for a role.
pub(super) fn sts_reply(action: &str) -> String {
    format!(
        "<{action}Response><{action}Result><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>\
         <SecretAccessKey>sEcReT</SecretAccessKey><SessionToken>sEcReTtoken</SessionToken>\
         <Expiration>2026-11-20T02:00:00Z</Expiration></Credentials><AssumedRoleUser>\
         <AssumedRoleId>AROA:s</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn>\
         </AssumedRoleUser></{action}Result></{action}Response>"
    )
}

/// A refusal of STS.
pub(super) fn sts_refusal(code: &str) -> String {
    format!("<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>")
}
