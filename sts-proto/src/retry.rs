//! Whether to try again, and when: arithmetic without sleeping.
//!
//! AWS: [retry behavior](https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::error::{Error, ErrorKind};

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
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RetryPolicy {
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
    /// Decides instead of the formula: gets the number of the retry, from 1, and the error, and gives the wait, or
    /// `None` to give up.
    pub backoff: Option<fn(u32, &Error) -> Option<Duration>>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
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

    /// What version 2 of the SDK for JavaScript does: `maxRetries` and `retryDelayOptions.base`, no quota.
    #[must_use]
    pub fn javascript_v2(max_retries: u32, base: Duration) -> Self {
        Self {
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

    /// A function that decides on every wait.
    #[must_use]
    pub fn backoff(self, backoff: fn(u32, &Error) -> Option<Duration>) -> Self {
        Self { backoff: Some(backoff), ..self }
    }

    /// The wait before the `retry`th retry, counted from 1; `random` is below 1.
    ///
    /// A header `x-amz-retry-after` moves it to between what the header says and five seconds more.
    pub(crate) fn wait(&self, retry: u32, error: &Error, random: f64) -> Option<Duration> {
        if let Some(backoff) = self.backoff {
            return backoff(retry, error);
        }
        let base = if error.is_throttling() { self.throttling_base } else { self.base };
        let doubled = base.saturating_mul(1u32.checked_shl(retry - 1).unwrap_or(u32::MAX));
        let wait = doubled.min(self.cap).mul_f64(random);
        Some(match error.metadata().and_then(|metadata| metadata.retry_after) {
            Some(after) => wait.clamp(after, after.saturating_add(RETRY_AFTER_SPREAD)),
            None => wait,
        })
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

/// What the calls of one client have left for retries.
#[derive(Debug)]
pub(crate) struct Quota {
    left: Mutex<u32>,
    full: u32,
}

impl Quota {
    pub(crate) fn new(full: u32) -> Self {
        Self { left: Mutex::new(full), full }
    }

    pub(crate) fn take(&self, cost: u32) -> bool {
        let mut left = self.left();
        match left.checked_sub(cost) {
            Some(rest) => {
                *left = rest;
                true
            }
            None => false,
        }
    }

    pub(crate) fn give(&self, amount: u32) {
        let mut left = self.left();
        *left = left.saturating_add(amount).min(self.full);
    }

    /// A number is never half written.
    pub(crate) fn left(&self) -> std::sync::MutexGuard<'_, u32> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Random numbers from a seed: SplitMix64, by Steele, Lea and Flood.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        // 53 bits are what a float holds exactly.
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            (low >> 48) & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff
        )
    }
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
        let policy = RetryPolicy::default().backoff(|retry, _| (retry < 2).then_some(Duration::from_secs(7)));
        let error = refused("Throttling", None);
        assert_eq!(policy.wait(1, &error, 0.0), Some(Duration::from_secs(7)));
        assert_eq!(policy.wait(2, &error, 0.0), None);
    }

    #[test]
    fn a_quota_is_spent_and_filled_to_the_brim_only() {
        let quota = Quota::new(20);
        assert!(quota.take(14) && !quota.take(14) && quota.take(5));
        quota.give(100);
        assert_eq!(*quota.left(), 20);
    }

    #[test]
    fn random_numbers_follow_from_the_seed() {
        let mut random = Random::new(0);
        // The reference values of SplitMix64 for seed 0.
        assert_eq!([random.next(), random.next()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
        let id = random.uuid();
        assert_eq!((id.len(), &id[14..15]), (36, "4"));
        assert!("89ab".contains(&id[19..20]), "{id}");
        assert!((0..1000).map(|_| random.fraction()).all(|x| (0.0..1.0).contains(&x)));
    }
}
