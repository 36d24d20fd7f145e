//! Whether to try again, and when: arithmetic without sleeping.
//!
//! AWS: [retry behavior](https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::seconds::part;

pub(crate) use quota::Quota;
pub(crate) use random::{Random, Uuid};
pub(crate) use rate::RateLimit;

mod quota;
mod random;
mod rate;

/// How much later than `x-amz-retry-after` says a retry may be.
const RETRY_AFTER_SPREAD: Duration = Duration::from_secs(5);

/// When a call is tried again.
///
/// The default is the standard mode of AWS's SDKs with the constants of 2026:
///
/// ```
/// use std::time::Duration;
/// use sts_proto::RetryPolicy;
///
/// let policy = RetryPolicy::default();
/// assert_eq!(policy.max_attempts, 3); // the first one included
/// assert_eq!(policy.base, Duration::from_millis(50)); // doubled with every attempt, times a random number below 1
/// assert_eq!(policy.throttling_base, Duration::from_secs(1)); // the same, after a throttle
/// assert_eq!(policy.cap, Duration::from_secs(20)); // before the random number
/// assert_eq!((policy.quota, policy.cost, policy.throttling_cost), (500, 14, 5));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// By which of AWS's rules, as the `user-agent` header has it. [`RetryMode::Adaptive`] also limits how often the client
    /// sends.
    pub mode: RetryMode,
    /// How often a request is sent at most, the first time included. At least 1.
    pub max_attempts: u32,
    /// The first wait at most. It doubles with every attempt.
    pub base: Duration,
    /// The same after a throttle.
    pub throttling_base: Duration,
    /// The longest wait, before the random number.
    pub cap: Duration,
    /// What a client has for retries. When it is spent, calls fail at their first failure: a service that is down is
    /// not flooded. A success gives back what its own last retry took, or 1.
    pub quota: u32,
    /// What a retry takes from it.
    pub cost: u32,
    /// What a retry after a throttle takes from it.
    pub throttling_cost: u32,
    /// What a retry after a deadline passed takes from it.
    pub timeout_cost: u32,
    backoff: Option<Backoff>,
}

/// By which of AWS's rules a client tries again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryMode {
    /// As the SDKs did before they agreed on a standard.
    Legacy,
    /// Growing random waits within a quota.
    #[default]
    Standard,
    /// The same, and after the first throttle a limit to how often the client sends, which follows what the service
    /// takes.
    Adaptive,
}

impl RetryMode {
    /// The mode's name in `AWS_RETRY_MODE`: `legacy`, `standard` or `adaptive`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Standard => "standard",
            Self::Adaptive => "adaptive",
        }
    }

    /// The id that AWS's SDKs give it in the `user-agent` header.
    pub(crate) fn feature(self) -> &'static str {
        match self {
            Self::Legacy => "D",
            Self::Standard => "E",
            Self::Adaptive => "F",
        }
    }
}

/// Decides on waits.
type Decide = dyn Fn(u32, &Error) -> Option<Duration> + Send + Sync;

#[derive(Clone)]
struct Backoff(Arc<Decide>);

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the caller's")
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            mode: RetryMode::Standard,
            max_attempts: 3,
            base: Duration::from_millis(50),
            throttling_base: Duration::from_secs(1),
            cap: Duration::from_secs(20),
            quota: 500,
            cost: 14,
            throttling_cost: 5,
            timeout_cost: 14,
            backoff: None,
        }
    }
}

impl RetryPolicy {
    /// One attempt, whatever happens.
    #[must_use]
    pub fn never() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// The standard mode as it was before 2026: waits from one second, cost 5, and 10 after a deadline.
    #[must_use]
    pub fn standard_before_2026() -> Self {
        Self {
            base: Duration::from_secs(1),
            throttling_base: Duration::from_secs(1),
            cost: 5,
            throttling_cost: 5,
            timeout_cost: 10,
            ..Self::default()
        }
    }

    /// The adaptive mode of AWS's SDKs: the standard mode, and from the first throttle on a limit to how often the client
    /// sends. It falls to 0.7 of what was sent with every throttle, grows again as TCP CUBIC does, and is shared by all
    /// calls of the client. An attempt that would exceed it waits, before the first one too; if it cannot wait within the
    /// call's total time, the call fails.
    #[must_use]
    pub fn adaptive() -> Self {
        Self { mode: RetryMode::Adaptive, ..Self::default() }
    }

    /// What version 2 of the SDK for JavaScript does: `maxRetries` and `retryDelayOptions.base`, no quota.
    #[must_use]
    pub fn javascript_v2(max_retries: u32, base: Duration) -> Self {
        Self {
            mode: RetryMode::Legacy,
            max_attempts: max_retries.saturating_add(1),
            base,
            throttling_base: base,
            cap: Duration::MAX,
            quota: u32::MAX,
            cost: 0,
            throttling_cost: 0,
            timeout_cost: 0,
            backoff: None,
        }
    }

    /// Another number of attempts.
    #[must_use]
    pub fn max_attempts(self, max_attempts: u32) -> Self {
        Self { max_attempts: max_attempts.max(1), ..self }
    }

    /// Decides on every wait instead of the formula: gets the number of the retry, from 1, and the error, and gives the
    /// wait, or `None` to give up. It is asked only of errors that are worth another attempt, while there is one left.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sts_proto::RetryPolicy;
    ///
    /// let waits = vec![Duration::ZERO, Duration::from_secs(2)];
    /// let policy = RetryPolicy::default().backoff(move |retry, _| waits.get(retry as usize - 1).copied());
    /// # let _ = policy;
    /// ```
    #[must_use]
    pub fn backoff(self, decide: impl Fn(u32, &Error) -> Option<Duration> + Send + Sync + 'static) -> Self {
        Self { backoff: Some(Backoff(Arc::new(decide))), ..self }
    }

    /// Whether a function of the caller's decides on the waits.
    #[must_use]
    pub fn has_backoff(&self) -> bool {
        self.backoff.is_some()
    }

    /// The wait before the `retry`th retry, counted from 1; `random` is below 1.
    ///
    /// A header `x-amz-retry-after` moves it to between what the header says and five seconds more.
    pub(crate) fn wait(&self, retry: u32, error: &Error, random: f64) -> Option<Duration> {
        if let Some(Backoff(decide)) = &self.backoff {
            return decide(retry, error);
        }
        let base = if error.is_throttling() { self.throttling_base } else { self.base };
        let doubled = base.saturating_mul(1u32.checked_shl(retry - 1).unwrap_or(u32::MAX));
        let wait = part(doubled.min(self.cap), random);
        Some(after(error, wait))
    }

    pub(crate) fn cost_of(&self, error: &Error) -> u32 {
        if error.is_throttling() {
            self.throttling_cost
        } else if error.is_timeout() {
            self.timeout_cost
        } else {
            self.cost
        }
    }
}

/// Why a call was tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryReason {
    /// The service asked to slow down.
    Throttled,
    /// The service was not well.
    Transient,
    /// The wire failed.
    Transport,
    /// The clocks differ; the next attempt is signed with the server's time.
    ClockSkew,
    /// Access was denied, which a role that was just created may do: see
    /// [`Call::retry_access_denied_for`](crate::call::Call::retry_access_denied_for).
    AccessDenied,
    /// The session would have been too long; the next attempt asks for a shorter one: see
    /// [`Call::lower_duration`](crate::call::Call::lower_duration).
    DurationTooLong,
}

impl RetryReason {
    /// Why this error is worth another attempt; clock skew is not among the reasons.
    pub(crate) fn of(error: &Error) -> Option<Self> {
        if !error.is_retryable() {
            None
        } else if error.is_throttling() {
            Some(Self::Throttled)
        } else if error.kind() == ErrorKind::Transport {
            Some(Self::Transport)
        } else {
            Some(Self::Transient)
        }
    }
}

/// One retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retry {
    /// Why.
    pub reason: RetryReason,
    /// How long the call waited before it.
    pub wait: Duration,
}

/// A wait, moved to between what the service asks for and five seconds more.
pub(crate) fn after(error: &Error, wait: Duration) -> Duration {
    match error.metadata().and_then(|metadata| metadata.retry_after) {
        Some(after) => wait.clamp(after, after.saturating_add(RETRY_AFTER_SPREAD)),
        None => wait,
    }
}

/// All waits of a call. Their sum can be longer than there are numbers for it.
pub(crate) fn waited(retries: &[Retry], rate_limited: Duration) -> Duration {
    retries.iter().fold(rate_limited, |sum, retry| sum.saturating_add(retry.wait))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TransportKind;
    use crate::operation::{GetCallerIdentity, Operation};

    fn refused(code: &str, retry_after: Option<&str>) -> Error {
        let mut response = http::Response::builder().status(400);
        if let Some(value) = retry_after {
            response = response.header("x-amz-retry-after", value);
        }
        let body = format!("<Error><Code>{code}</Code></Error>");
        GetCallerIdentity::new().decode(&response.body(body).unwrap()).unwrap_err()
    }

    fn millis(policy: &RetryPolicy, error: &Error) -> [u128; 4] {
        [1, 2, 3, 30].map(|retry| policy.wait(retry, error, 1.0).unwrap().as_millis())
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        let reset = Error::transport(TransportKind::Closed, "reset");
        let throttled = refused("Throttling", None);
        let policy = RetryPolicy::default();
        assert_eq!(millis(&policy, &reset), [50, 100, 200, 20_000]);
        assert_eq!(millis(&policy, &throttled), [1000, 2000, 4000, 20_000]);
        assert_eq!(millis(&RetryPolicy::standard_before_2026(), &reset), [1000, 2000, 4000, 20_000]);
        assert_eq!(policy.wait(2, &reset, 0.25), Some(Duration::from_millis(25)));
        assert_eq!(policy.wait(u32::MAX, &reset, 1.0), Some(policy.cap));
        let javascript = RetryPolicy::javascript_v2(3, Duration::from_millis(100));
        assert_eq!((javascript.max_attempts, millis(&javascript, &reset)[2]), (4, 400));
    }

    #[test]
    fn the_service_can_ask_for_more_time() {
        let policy = RetryPolicy::default();
        let wait =
            |header| policy.wait(1, &refused("InternalFailure", Some(header)), 1.0).unwrap().as_millis();
        assert_eq!((wait("1500"), wait("0"), wait("10")), (1500, 50, 50));
        // What is no number of milliseconds is ignored.
        assert_eq!((wait("-1"), wait("soon"), wait("1.5")), (50, 50, 50));
        let late = policy.wait(30, &refused("InternalFailure", Some("1000")), 1.0).unwrap();
        assert_eq!(late.as_millis(), 6000);
        assert!(!refused("AccessDenied", Some("10")).is_retryable());
    }

    #[test]
    fn a_function_can_decide() {
        let waits = [Duration::from_secs(7), Duration::from_secs(3)];
        let decide = move |retry, error: &Error| {
            waits.get(retry as usize - 1).copied().filter(|_| error.is_throttling())
        };
        let policy = RetryPolicy::default().backoff(decide);
        let error = refused("Throttling", None);
        for policy in [policy.clone(), policy] {
            assert_eq!(policy.wait(1, &error, 0.0), Some(Duration::from_secs(7)));
            assert_eq!(policy.wait(2, &error, 0.0), Some(Duration::from_secs(3)));
            assert_eq!(policy.wait(3, &error, 0.0), None);
            assert_eq!(policy.wait(1, &refused("InternalFailure", None), 0.0), None);
            assert!(policy.has_backoff() && format!("{policy:?}").contains("backoff: Some(the caller's)"));
        }
    }
}
