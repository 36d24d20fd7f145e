//! One client, and the replies that it gets.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use sts_proto::call::{Backoff, Call, Caller, Deadlines, Sent};
use sts_proto::endpoint::Endpoint;
use sts_proto::http::{Response, StatusCode};
use sts_proto::operation::AssumeRole;
use sts_proto::sigv4::Signer;
use sts_proto::step::{Resume, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Body, Credentials, Encoder, RetryPolicy};

const DEADLINES: Deadlines = Deadlines { attempt: Duration::from_secs(15), total: Duration::from_secs(60) };

/// A client of its own: nobody shares its quota.
pub(super) struct Client {
    caller: Arc<Caller>,
    state: State,
    /// Where in the period its calls are made.
    pub(super) phase: Duration,
    /// Whether its last call failed.
    pub(super) has_failed: bool,
}

enum State {
    Idle,
    Sent(Sent<AssumeRole>, Verdict),
    Waiting(Backoff<AssumeRole>),
}

/// What the service makes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Granted,
    Throttled,
    Down,
}

/// What comes of a client's turn.
pub(super) enum Turn {
    /// A request is on its way.
    Sends,
    /// It waits for its next attempt.
    Waits(Duration),
    /// Its call is over, and this is whether it succeeded.
    Ends(bool),
}

impl Client {
    /// The signer is shared only to save memory: all clients sign with the same key.
    pub(super) fn new(
        endpoint: &Endpoint,
        signer: &Arc<Signer>,
        policy: RetryPolicy,
        phase: Duration,
    ) -> Self {
        let encoder = Encoder::new(endpoint.clone()).with_signer(Arc::clone(signer));
        let caller = Arc::new(Caller::new(encoder, policy));
        Self { caller, state: State::Idle, phase, has_failed: false }
    }

    /// Goes on: begins a call, takes the reply or tries again.
    pub(super) fn go_on(
        &mut self,
        now: OffsetDateTime,
        seed: u64,
        operation: &AssumeRole,
        key: &Arc<Credentials>,
    ) -> Turn {
        let step = match mem::replace(&mut self.state, State::Idle) {
            State::Idle => {
                let caller = Arc::clone(&self.caller);
                Call::new(caller, operation.clone(), Some(Arc::clone(key)), DEADLINES, seed).start(now)
            }
            State::Sent(sent, verdict) => sent.resume(now, Ok(verdict.reply())),
            State::Waiting(backoff) => backoff.resume(now, ()),
        };
        match step {
            Step::Send(_, sent) => {
                self.state = State::Sent(sent, Verdict::Down);
                Turn::Sends
            }
            Step::Wait(wait, backoff) => {
                self.state = State::Waiting(backoff);
                Turn::Waits(wait)
            }
            Step::Done(outcome) => Turn::Ends(outcome.is_ok()),
        }
    }

    /// Says what the service makes of the request that is on its way.
    pub(super) fn decide(&mut self, decided: Verdict) {
        if let State::Sent(_, verdict) = &mut self.state {
            *verdict = decided;
        }
    }
}

impl Verdict {
    /// How long the reply takes.
    pub(super) fn delay(self) -> Duration {
        Duration::from_millis(match self {
            Self::Granted => 30,
            Self::Throttled => 10,
            Self::Down => 50,
        })
    }

    fn reply(self) -> Response<Body> {
        let (status, body) = match self {
            Self::Granted => (StatusCode::OK, GRANTED),
            Self::Throttled => (StatusCode::BAD_REQUEST, THROTTLED),
            Self::Down => (StatusCode::SERVICE_UNAVAILABLE, DOWN),
        };
        let mut response = Response::new(Body::from(body.as_bytes().to_vec()));
        *response.status_mut() = status;
        response
    }
}

const GRANTED: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>\
    <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY</SecretAccessKey><SessionToken>IQoJb3JpZ2luX2Vj</SessionToken>\
    <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>AROA:fleet</AssumedRoleId>\
    <Arn>arn:aws:sts::123456789012:assumed-role/Fleet/fleet</Arn></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>";
const THROTTLED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message>\
    </Error><RequestId>r-1</RequestId></ErrorResponse>";
const DOWN: &str =
    "<ErrorResponse><Error><Type>Receiver</Type><Code>ServiceUnavailable</Code></Error></ErrorResponse>";
