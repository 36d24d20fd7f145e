//! One operation with all its attempts.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use time::OffsetDateTime;

use crate::credentials::Credentials;
use crate::encoder::Encoder;
use crate::error::{Error, ErrorCode, TransportKind};
use crate::observe::{CallId, Event, Observer, Parameters};
use crate::operation::Operation;
use crate::reply::{Metadata, Reply};
use crate::retry::{Quota, Random, Retry, RetryPolicy, RetryReason};
use crate::step::{Answer, Flow, Resume, Step, Transmit};

const INVOCATION_ID: HeaderName = HeaderName::from_static("amz-sdk-invocation-id");
const SDK_REQUEST: HeaderName = HeaderName::from_static("amz-sdk-request");

/// The skew from which on it explains a refusal.
const SKEW_EXPLAINS: i64 = 240;

/// No clock is more wrong than this: one that begins in 1970 is less.
const MAX_SKEW: time::Duration = time::Duration::days(36_500);

/// A reply that took longer says nothing about the clocks.
const SKEW_ROUND_TRIP: time::Duration = time::Duration::minutes(15);

/// What the calls of one client share: the encoder, the policy for retries and what is left for them, and what was
/// learned about the clocks.
pub struct Caller {
    encoder: Encoder,
    policy: RetryPolicy,
    quota: Quota,
    /// The server's clock minus ours, in seconds.
    skew: AtomicI64,
    corrects_skew: bool,
    observer: Option<Box<dyn Observer>>,
}

impl Caller {
    /// Calls with requests of that encoder.
    #[must_use]
    pub fn new(encoder: Encoder, policy: RetryPolicy) -> Self {
        let quota = Quota::new(policy.quota);
        let policy = policy.max_attempts(policy.max_attempts);
        Self { encoder, policy, quota, skew: AtomicI64::new(0), corrects_skew: true, observer: None }
    }

    /// Whether requests are signed with the server's time once it is known. On by default.
    #[must_use]
    pub fn corrects_skew(self, on: bool) -> Self {
        Self { corrects_skew: on, ..self }
    }

    /// Someone who is told what happens in the calls.
    #[must_use]
    pub fn observer(self, observer: impl Observer + 'static) -> Self {
        Self { observer: Some(Box::new(observer)), ..self }
    }

    pub(crate) fn boxed_observer(self, observer: Box<dyn Observer>) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// The encoder.
    #[must_use]
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// What the server's clock is ahead of ours by, as far as is known: learned from the `Date` of every reply, or set.
    #[must_use]
    pub fn skew(&self) -> time::Duration {
        time::Duration::seconds(self.skew.load(Ordering::Relaxed))
    }

    /// Sets what the server's clock is ahead by, until the next reply tells. With the correction switched off, it stays.
    pub fn set_skew(&self, skew: time::Duration) {
        let skew = skew.clamp(-MAX_SKEW, MAX_SKEW);
        self.skew.store(skew.whole_seconds(), Ordering::Relaxed);
    }

    /// What is left of the quota for retries.
    #[must_use]
    pub fn quota(&self) -> u32 {
        *self.quota.left()
    }

    /// Learns from a reply: its `Date` is taken for the middle of the time that it was under way.
    fn learn(&self, sent: OffsetDateTime, received: OffsetDateTime, metadata: &Metadata) -> Option<i64> {
        let date = metadata.date.filter(|_| !metadata.is_from_cache)?;
        let round_trip = received - sent;
        if round_trip.is_negative() || round_trip > SKEW_ROUND_TRIP {
            return None;
        }
        let middle = sent.saturating_add(round_trip / 2);
        let skew = (date - middle).clamp(-MAX_SKEW, MAX_SKEW).whole_seconds();
        if self.corrects_skew {
            self.skew.store(skew, Ordering::Relaxed);
        }
        Some(skew)
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("encoder", &self.encoder)
            .field("policy", &self.policy)
            .field("quota", &self.quota())
            .field("skew", &self.skew())
            .finish_non_exhaustive()
    }
}

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
pub struct Call<O>(State<O>);

/// A call whose request is under way.
#[must_use = "a call goes on with `resume`"]
pub struct Sent<O> {
    state: State<O>,
    /// When, by our clock.
    at: OffsetDateTime,
    timeout: Duration,
}

/// A call that waits for its next attempt.
#[must_use = "a call goes on with `resume`"]
pub struct Backoff<O>(State<O>);

struct State<O> {
    caller: Arc<Caller>,
    operation: O,
    credentials: Option<Arc<Credentials>>,
    deadlines: Deadlines,
    random: Random,
    invocation_id: String,
    /// Requests made.
    attempts: u32,
    /// Time gone by in attempts and waits. Summed up from those and not read from the wall clock, which can be set.
    elapsed: Duration,
    retries: Vec<Retry>,
    /// What the last retry took from the quota.
    cost: u32,
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
        Self(State {
            caller,
            operation,
            credentials,
            deadlines,
            random,
            invocation_id,
            attempts: 0,
            elapsed: Duration::ZERO,
            retries: Vec::new(),
            cost: 0,
        })
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
        let outcome = match answer {
            Ok(response) => state.operation.decode(&response),
            Err(error) => Err(error.during(action)),
        };
        let metadata = outcome.as_ref().map_or_else(Error::metadata, |reply| Some(&reply.metadata));
        state.tell(|call, attempt| match (metadata, &outcome) {
            (None, Err(error)) => Event::Failure { call, attempt, error, took },
            (Some(metadata), _) => Event::Reply { call, attempt, metadata, took },
            (None, Ok(reply)) => Event::Reply { call, attempt, metadata: &reply.metadata, took },
        });
        // A proxy's error page says nothing about the clock of STS.
        let is_from_sts = outcome.as_ref().map_or_else(|error| error.service().is_some(), |_| true);
        let skew =
            metadata.filter(|_| is_from_sts).and_then(|metadata| state.caller.learn(at, now, metadata));
        match outcome {
            Ok(reply) => state.succeed(reply),
            Err(error) => state.fail(error, skew, now),
        }
    }
}

impl<O: Operation> State<O> {
    fn attempt(mut self, now: OffsetDateTime) -> Step<Call<O>> {
        let left = self.deadlines.total.saturating_sub(self.elapsed);
        let timeout = self.deadlines.attempt.min(left);
        if timeout.is_zero() {
            let error = Error::transport(TransportKind::Timeout, "the call's total time is over");
            return self.done(Err(error));
        }
        let time = now.saturating_add(self.caller.skew());
        let request = self.caller.encoder.encode(&self.operation, self.credentials.as_deref(), time);
        let mut request = match request {
            Ok(request) => request,
            Err(error) => return self.done(Err(error)),
        };
        // Counted once there is something to send: the result tells how often it was sent.
        self.attempts += 1;
        self.tell(|call, attempt| Event::Attempt { call, attempt, timeout });
        let attempt = format!("attempt={}; max={}", self.attempts, self.caller.policy.max_attempts);
        for (name, value) in [(INVOCATION_ID, self.invocation_id.as_str()), (SDK_REQUEST, &attempt)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                request.headers_mut().insert(name, value);
            }
        }
        Step::Send(Transmit { request, timeout }, Sent { state: self, at: now, timeout })
    }

    fn succeed(self, mut reply: Reply<O::Output>) -> Step<Call<O>> {
        self.caller.quota.give(if self.retries.is_empty() { 1 } else { self.cost });
        reply.metadata.attempts = self.attempts;
        reply.metadata.retries = self.retries.clone();
        self.finish(Ok(reply))
    }

    fn fail(mut self, error: Error, skew: Option<i64>, now: OffsetDateTime) -> Step<Call<O>> {
        match self.retry(&error, skew) {
            Some(retry) => {
                self.tell(|call, attempt| Event::Retry { call, attempt, retry });
                self.retries.push(retry);
                self.elapsed = self.elapsed.saturating_add(retry.wait);
                Step::Wait(retry.wait, Backoff(self))
            }
            None => {
                let time =
                    if self.caller.corrects_skew { now } else { now.saturating_add(self.caller.skew()) };
                let error = self.caller.encoder.explain(error, self.credentials.as_deref(), time);
                self.done(Err(error))
            }
        }
    }

    /// Whether there is another attempt, and when. Takes its cost from the quota.
    fn retry(&mut self, error: &Error, skew: Option<i64>) -> Option<Retry> {
        let policy = &self.caller.policy;
        if self.attempts >= policy.max_attempts {
            return None;
        }
        let is_skewed = self.caller.corrects_skew
            && skew.is_some_and(|skew| skew.abs() > SKEW_EXPLAINS)
            && error.code().is_some_and(may_be_skew);
        let reason = if is_skewed { RetryReason::ClockSkew } else { RetryReason::of(error)? };
        let wait = policy.wait(self.attempts, error, self.random.fraction())?;
        // No wait goes past the deadline: there would be no time for the attempt after it.
        if self.elapsed.saturating_add(wait) >= self.deadlines.total {
            return None;
        }
        let cost = policy.cost_of(error);
        if !self.caller.quota.take(cost) {
            return None;
        }
        self.cost = cost;
        Some(Retry { reason, wait })
    }

    fn done(self, result: Result<Reply<O::Output>, Error>) -> Step<Call<O>> {
        let result = result.map_err(|error| {
            error.during(self.operation.action()).after(self.attempts, self.retries.clone())
        });
        self.finish(result)
    }

    fn finish(self, result: Result<Reply<O::Output>, Error>) -> Step<Call<O>> {
        if self.caller.observer.is_some() {
            let (parameters, took) = (&Parameters::of(&self.operation), self.elapsed);
            let error = result.as_ref().err();
            self.tell(|call, attempts| Event::Done { call, attempts, took, parameters, error });
        }
        Step::Done(result)
    }

    /// Tells the observer, if there is one.
    fn tell<'s>(&'s self, event: impl FnOnce(CallId<'s>, u32) -> Event<'s>) {
        let Some(observer) = &self.caller.observer else { return };
        let credentials = self.credentials.as_deref().filter(|_| self.operation.is_signed());
        let call = CallId {
            action: self.operation.action(),
            invocation_id: &self.invocation_id,
            access_key_id: credentials.map(Credentials::access_key_id),
        };
        observer.event(&event(call, self.attempts));
    }
}

/// What became of a call in one line for a log, without its level: a refusal is worth more notice than a success.
///
/// The access key id stands in it because it links the line to CloudTrail; no secret does.
#[derive(Debug)]
pub struct LogLine<'a, T> {
    /// AWS's name of the operation.
    pub action: &'a str,
    /// How long the call took.
    pub took: Duration,
    /// What it was signed with.
    pub credentials: Option<&'a Credentials>,
    /// Its result.
    pub outcome: &'a Result<Reply<T>, Error>,
}

impl<T> fmt::Display for LogLine<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = self.took.as_secs_f64();
        let key = self.credentials.map_or("none", Credentials::access_key_id);
        match self.outcome {
            Ok(Reply { metadata, .. }) => write!(
                f,
                "{}: HTTP {} in {took:.3} s, attempt {}, request id {}, access key {key}",
                self.action,
                metadata.status,
                metadata.attempts,
                metadata.request_id.as_deref().unwrap_or("none"),
            ),
            Err(error) => write!(f, "{error}; after {took:.3} s, access key {key}"),
        }
    }
}

/// The codes that a wrong clock gives, among other causes.
fn may_be_skew(code: &ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::AccessDenied
            | ErrorCode::AuthFailure
            | ErrorCode::InvalidSignature
            | ErrorCode::RequestExpired
            | ErrorCode::RequestInTheFuture
            | ErrorCode::RequestTimeTooSkewed
            | ErrorCode::SignatureDoesNotMatch
    )
}

impl<O> fmt::Debug for State<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("invocation_id", &self.invocation_id)
            .field("attempts", &self.attempts)
            .field("elapsed", &self.elapsed)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

impl<O> fmt::Debug for Call<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<O> fmt::Debug for Sent<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)
    }
}

impl<O> fmt::Debug for Backoff<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
