//! One operation with all its attempts.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue, InvalidHeaderValue};
use time::OffsetDateTime;

use crate::credentials::Credentials;
use crate::error::{Error, TransportKind};
use crate::form::{DIGITS, decimal};
use crate::observe::{CallId, Event, Parameters};
use crate::operation::Operation;
use crate::reply::{self, LoweredDuration, Metadata, Reply};
use crate::retry::{Random, Retry, RetryReason, Uuid};
use crate::seconds::Seconds;
use crate::step::{Answer, Flow, Resume, Step, Transmit};

use again::Leniency;
pub use caller::Caller;

mod again;
mod caller;
mod show;

const INVOCATION_ID: HeaderName = HeaderName::from_static("amz-sdk-invocation-id");
const SDK_REQUEST: HeaderName = HeaderName::from_static("amz-sdk-request");

/// How many headers a call adds: those two.
const ADDED_HEADERS: usize = 2;

/// How long a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// One attempt.
    pub attempt: Duration,
    /// The whole call, waits included: no wait goes past it.
    pub total: Duration,
}

/// A call that has not begun.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use sts_proto::call::{Call, Caller, Deadlines};
/// use sts_proto::endpoint::EndpointOptions;
/// use sts_proto::operation::GetCallerIdentity;
/// use sts_proto::step::{Resume, Step};
/// use sts_proto::{Credentials, Encoder, Error, RetryPolicy, TransportKind};
/// use time::OffsetDateTime;
///
/// let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve()?);
/// let caller = Arc::new(Caller::new(encoder, RetryPolicy::default()));
/// let credentials = Arc::new(Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret")?);
/// let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };
/// let now = OffsetDateTime::UNIX_EPOCH;
///
/// // The last argument seeds the randomness of the waits and the id of the call.
/// let call = Call::new(caller, GetCallerIdentity::new(), Some(credentials), deadlines, 7);
/// let Step::Send(transmit, then) = call.start(now) else { panic!("a request comes first") };
/// assert_eq!(transmit.timeout, Duration::from_secs(5));
/// // Nothing came back: the call wants to wait, and then to try again.
/// let step = then.resume(now, Err(Error::transport(TransportKind::Closed, "reset by peer")));
/// let Step::Wait(wait, _) = step else { panic!("a wait comes next") };
/// assert!(wait < Duration::from_millis(50));
/// # Ok::<(), Error>(())
/// ```
#[must_use = "a call begins with `start`"]
pub struct Call<O>(Box<State<O>>);

/// A call whose request is under way.
#[must_use = "a call goes on with `resume`"]
pub struct Sent<O> {
    state: Box<State<O>>,
    /// When, by our clock.
    at: OffsetDateTime,
    timeout: Duration,
}

/// A call that waits for its next attempt.
#[must_use = "a call goes on with `resume`"]
pub struct Backoff<O>(Box<State<O>>);

/// In a place of its own: it is handed on with every step, and most of its several hundred bytes are the operation.
struct State<O> {
    caller: Arc<Caller>,
    operation: O,
    credentials: Option<Arc<Credentials>>,
    deadlines: Deadlines,
    random: Random,
    invocation_id: Uuid,
    /// Requests made.
    attempts: u32,
    /// Time gone by in attempts and waits. Summed up from those and not read from the wall clock, which can be set.
    elapsed: Duration,
    retries: Vec<Retry>,
    /// What the last retry took from the quota, if one did.
    cost: Option<u32>,
    /// Time spent waiting for the client's rate limit.
    rate_limited: Duration,
    /// What this call puts up with.
    leniency: Leniency,
    /// Attempts that do not count as the policy's.
    free: u32,
    /// How often access was denied and asked for again.
    denied: u32,
    lowered: Option<LoweredDuration>,
    /// Whether the rate limit lets the next attempt through.
    has_token: bool,
}

impl<O: Operation> Call<O> {
    /// A call; `seed` should differ from call to call, or all clients wait for the same time.
    pub fn new(
        caller: Arc<Caller>,
        operation: O,
        credentials: Option<Arc<Credentials>>,
        deadlines: Deadlines,
        seed: u64,
    ) -> Self {
        let mut random = Random::new(seed);
        let invocation_id = random.uuid();
        let leniency = caller.leniency;
        Self(Box::new(State {
            caller,
            operation,
            credentials,
            deadlines,
            random,
            invocation_id,
            attempts: 0,
            elapsed: Duration::ZERO,
            retries: Vec::new(),
            cost: None,
            rate_limited: Duration::ZERO,
            leniency,
            free: 0,
            denied: 0,
            lowered: None,
            has_token: false,
        }))
    }

    /// Asks again when access to assume a role is denied, until that much of the call's time is over: for some seconds
    /// after a role, its trust policy or the caller's own was made, STS may not know it. Concerns AssumeRole,
    /// AssumeRoleWithSAML and AssumeRoleWithWebIdentity, but no refusal for want of MFA: a code works once.
    ///
    /// Takes nothing from the quota and counts as none of the policy's attempts; waits from half a second to five seconds,
    /// and never past the total deadline. Each is a retry with [`RetryReason::AccessDenied`]. Zero switches it off.
    pub fn retry_access_denied_for(mut self, time: Duration) -> Self {
        self.0.leniency.denied_for = time;
        self
    }

    /// Whether to ask again for a shorter session when STS says that `DurationSeconds` exceeds the role's
    /// `MaxSessionDuration`: for eight, four, two hours, and one, of those below what was asked for. At once for one where
    /// roles are chained. Off unless it is switched on.
    ///
    /// Concerns the same operations as [`retry_access_denied_for`](Self::retry_access_denied_for), costs as little, and does
    /// not wait. Each is a retry with [`RetryReason::DurationTooLong`], and the result has
    /// [`Metadata::lowered_duration`](crate::reply::Metadata::lowered_duration).
    pub fn lower_duration(mut self, on: bool) -> Self {
        self.0.leniency.lowers_duration = on;
        self
    }

    /// The first attempt.
    pub fn start(self, now: OffsetDateTime) -> Step<Self> {
        self.0.attempt(now)
    }
}

impl<O: Operation> Flow for Call<O> {
    type Output = Reply<O::Output>;
    type OnReply = Sent<O>;
    type OnWake = Backoff<O>;
    type OnFile = Infallible;
    type OnWritten = Infallible;
    type OnOutput = Infallible;
    type OnCode = Infallible;
}

impl<O: Operation> Resume<(), Call<O>> for Backoff<O> {
    fn resume(self, now: OffsetDateTime, (): ()) -> Step<Call<O>> {
        self.0.attempt(now)
    }
}

impl<O: Operation> Resume<Answer, Call<O>> for Sent<O> {
    fn resume(self, now: OffsetDateTime, answer: Answer) -> Step<Call<O>> {
        let Self { mut state, at, timeout } = self;
        let took = Duration::try_from(now - at).unwrap_or_default().min(timeout);
        state.elapsed = state.elapsed.saturating_add(took);
        let action = state.operation.action();
        let mut outcome = match answer {
            Ok(response) => reply::decode(&state.operation, state.credentials.as_deref(), &response),
            Err(error) => Err(error.during(action)),
        };
        let metadata = outcome.as_ref().map_or_else(Error::metadata, |reply| Some(&reply.metadata));
        state.tell(|call, attempt| match (metadata, &outcome) {
            (None, Err(error)) => Event::Failure { call, attempt, error, took },
            (Some(metadata), _) => Event::Reply { call, attempt, metadata, took },
            (None, Ok(reply)) => Event::Reply { call, attempt, metadata: &reply.metadata, took },
        });
        if let Some(rate) = &state.caller.rate {
            rate.learn(now, outcome.as_ref().is_err_and(Error::is_throttling));
        }
        // A proxy's error page says nothing about the clock of STS.
        let is_from_sts = outcome.as_ref().map_or_else(|error| error.service().is_some(), |_| true);
        let skew =
            metadata.filter(|_| is_from_sts).and_then(|metadata| state.caller.learn(at, now, metadata));
        // Changed where it is and then handed out: it is large.
        if let Ok(reply) = &mut outcome {
            state.caller.quota.give(state.cost.unwrap_or(1));
            state.complete(&mut reply.metadata);
        }
        match outcome {
            Err(error) => state.fail(error, skew, now),
            outcome => state.done(outcome),
        }
    }
}

impl<O: Operation> State<O> {
    fn attempt(mut self: Box<Self>, now: OffsetDateTime) -> Step<Call<O>> {
        let left = self.deadlines.total.saturating_sub(self.elapsed);
        let timeout = self.deadlines.attempt.min(left);
        if timeout.is_zero() {
            let error = Error::transport(TransportKind::Timeout, "the call's total time is over");
            return self.give_up(error);
        }
        let time = now.saturating_add(self.caller.skew());
        let (encoder, credentials) = (&self.caller.encoder, self.credentials.as_deref());
        let request = encoder.encode_with_room(&self.operation, credentials, time, ADDED_HEADERS);
        let mut request = match request {
            Ok(request) => request,
            Err(error) => return self.give_up(error),
        };
        if let Some(rate) = self.caller.rate.as_ref().filter(|_| !self.has_token) {
            match rate.take(now, left) {
                Ok(Duration::ZERO) => {}
                // Signed anew after the wait.
                Ok(wait) => return self.limited(wait),
                Err(wait) => return self.over_the_limit(wait, left),
            }
        }
        self.has_token = false;
        if self.attempts == 0 {
            self.advise();
        }
        // Counted once there is something to send: the result tells how often it was sent.
        self.attempts += 1;
        self.tell(|call, attempt| Event::Attempt { call, attempt, timeout });
        let most = self.caller.policy.max_attempts.saturating_add(self.free);
        let id = HeaderValue::from_str(self.invocation_id.as_str());
        for (name, value) in [(INVOCATION_ID, id), (SDK_REQUEST, sdk_request(self.attempts, most))] {
            if let Ok(value) = value {
                request.headers_mut().insert(name, value);
            }
        }
        Step::Send(Transmit { request, timeout }, Sent { state: self, at: now, timeout })
    }

    /// Waits for the token that it already has.
    fn limited(mut self: Box<Self>, wait: Duration) -> Step<Call<O>> {
        self.tell(|call, attempts| Event::Limited { call, attempt: attempts.saturating_add(1), wait });
        self.has_token = true;
        self.rate_limited = self.rate_limited.saturating_add(wait);
        self.elapsed = self.elapsed.saturating_add(wait);
        Step::Wait(wait, Backoff(self))
    }

    fn over_the_limit(&mut self, wait: Duration, left: Duration) -> Step<Call<O>> {
        let words = format!(
            "the service throttles, and the limit that adaptive mode sets on this client's rate asks for a wait of {} s, \
             of which the call has {} s left",
            Seconds(wait),
            Seconds(left)
        );
        let error = Error::transport(TransportKind::Timeout, "the client limits its rate").because(words);
        self.give_up(error)
    }

    /// What the reply does not tell and the call knows.
    fn complete(&mut self, metadata: &mut Metadata) {
        metadata.attempts = self.attempts;
        metadata.retries = std::mem::take(&mut self.retries);
        metadata.lowered_duration = self.lowered;
        metadata.rate_limited = self.rate_limited;
    }

    fn fail(mut self: Box<Self>, error: Error, skew: Option<i64>, now: OffsetDateTime) -> Step<Call<O>> {
        match self.again(&error, skew, now) {
            Some(retry) => {
                self.tell(|call, attempt| Event::Retry { call, attempt, retry });
                self.retries.push(retry);
                if retry.reason == RetryReason::DurationTooLong {
                    return self.attempt(now);
                }
                self.elapsed = self.elapsed.saturating_add(retry.wait);
                Step::Wait(retry.wait, Backoff(self))
            }
            None => {
                let time =
                    if self.caller.corrects_skew { now } else { now.saturating_add(self.caller.skew()) };
                let error = self.caller.encoder.explain(error, self.credentials.as_deref(), time);
                self.give_up(error)
            }
        }
    }

    fn give_up(&mut self, error: Error) -> Step<Call<O>> {
        let retries = std::mem::take(&mut self.retries);
        let error = error.during(self.operation.action());
        self.done(Err(error.after(self.attempts, retries, self.rate_limited)))
    }

    fn done(&self, result: Result<Reply<O::Output>, Error>) -> Step<Call<O>> {
        if self.caller.is_observed() {
            let (parameters, took) = (&Parameters::of(&self.operation), self.elapsed);
            let metadata = result.as_ref().map_or_else(Error::metadata, |reply| Some(&reply.metadata));
            let error = result.as_ref().err();
            self.tell(|call, attempts| Event::Done { call, attempts, took, parameters, metadata, error });
        }
        Step::Done(result)
    }

    /// Emits the advice on the parameters, if there is any.
    fn advise(&self) {
        if self.caller.is_observed() {
            let advice = self.operation.advice();
            if !advice.is_empty() {
                let model = self.operation.model();
                self.tell(|call, _| Event::Advice { call, advice: &advice, model });
            }
        }
    }

    /// Tells those who observe.
    fn tell<'s>(&'s self, event: impl FnOnce(CallId<'s>, u32) -> Event<'s>) {
        if self.caller.observers.is_empty() {
            return;
        }
        let credentials = self.credentials.as_deref().filter(|_| self.operation.is_signed());
        let call = CallId {
            action: self.operation.action(),
            invocation_id: self.invocation_id.as_str(),
            access_key_id: credentials.map(Credentials::access_key_id),
        };
        let event = event(call, self.attempts);
        self.caller.tell(&event);
    }
}

/// As the AWS SDKs say which attempt it is.
fn sdk_request(attempt: u32, most: u32) -> Result<HeaderValue, InvalidHeaderValue> {
    let (mut attempt_digits, mut most_digits) = ([0; DIGITS], [0; DIGITS]);
    let attempt = decimal(attempt, &mut attempt_digits);
    let most = decimal(most, &mut most_digits);
    HeaderValue::try_from([b"attempt=", attempt, b"; max=", most].concat())
}
