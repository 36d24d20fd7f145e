//! Whether a call makes another attempt, and when.

use std::time::Duration;

use time::OffsetDateTime;

use super::{Caller, State};
use crate::error::{Error, ErrorCode, ServiceError};
use crate::hint::{self, Cause};
use crate::operation::Operation;
use crate::reply::LoweredDuration;
use crate::retry::{self, Retry, RetryReason};
use crate::seconds::part;

/// The skew from which on it explains a refusal.
const SKEW_EXPLAINS: i64 = 240;

/// The first wait for a role that is not known yet; it doubles with every attempt. IAM's changes take some seconds to
/// arrive everywhere.
const DENIED_BASE: Duration = Duration::from_secs(1);

/// The longest such wait, before the random part.
const DENIED_CAP: Duration = Duration::from_secs(5);

/// What to ask for instead, in seconds: the choices of IAM's console for a role's maximum, below the greatest of 12 hours.
const DURATIONS: [u32; 4] = [28_800, 14_400, 7200, SHORTEST_MAXIMUM];

/// The least that a role's maximum can be set to, and all that a chain of roles gets: an hour.
const SHORTEST_MAXIMUM: u32 = 3600;

/// What a call puts up with beyond its policy, if it is told to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Leniency {
    pub(super) denied_for: Duration,
    pub(super) lowers_duration: bool,
}

impl<O: Operation> State<O> {
    /// Whether there is another attempt, and when.
    pub(super) fn again(&mut self, error: &Error, skew: Option<i64>, now: OffsetDateTime) -> Option<Retry> {
        if let Some(retry) = self.by_policy(error, skew, now) {
            return Some(retry);
        }
        let retry = self.shorter(error, now).or_else(|| self.not_known_yet(error, now))?;
        self.free = self.free.saturating_add(1);
        Some(retry)
    }

    /// By the policy. Takes the cost from the quota.
    fn by_policy(&mut self, error: &Error, skew: Option<i64>, now: OffsetDateTime) -> Option<Retry> {
        let policy = &self.caller.policy;
        let attempts = self.attempts.saturating_sub(self.free);
        if attempts >= policy.max_attempts {
            return None;
        }
        let is_skewed = self.caller.corrects_skew
            && skew.is_some_and(|skew| skew.abs() > SKEW_EXPLAINS)
            && error.code().is_some_and(may_be_skew);
        let reason = if is_skewed { RetryReason::ClockSkew } else { RetryReason::of(error)? };
        let wait = policy.wait(attempts, error, self.random.fraction())?;
        if !self.has_time_for(wait, now) {
            return None;
        }
        let cost = policy.cost_of(error);
        if !self.caller.quota.take(cost) {
            return None;
        }
        self.cost = Some(cost);
        Some(Retry { reason, wait })
    }

    /// For a role that STS may not know yet.
    fn not_known_yet(&mut self, error: &Error, now: OffsetDateTime) -> Option<Retry> {
        let time = self.leniency.denied_for;
        if time.is_zero() || !error.is_access_denied() || self.operation.role_duration().is_none() {
            return None;
        }
        // A code works once, and none does not become one.
        if error.service().and_then(ServiceError::message).is_some_and(hint::is_about_mfa) {
            return None;
        }
        let wait = retry::after(error, denied_wait(self.denied, self.random.fraction()));
        if self.elapsed.saturating_add(wait) > time || !self.has_time_for(wait, now) {
            return None;
        }
        self.denied = self.denied.saturating_add(1);
        Some(Retry { reason: RetryReason::AccessDenied, wait })
    }

    /// Asks for a shorter session where that one is too long. Ends, because it gets shorter every time.
    fn shorter(&mut self, error: &Error, now: OffsetDateTime) -> Option<Retry> {
        let service = error.service().filter(|_| self.leniency.lowers_duration)?;
        if *service.code() != ErrorCode::ValidationError || !self.has_time_for(Duration::ZERO, now) {
            return None;
        }
        let cause = hint::duration_cause(service.message()?)?;
        let duration = self.operation.role_duration()?;
        let asked = (*duration)?;
        let most = if cause == Cause::ChainedOverAnHour { SHORTEST_MAXIMUM } else { u32::MAX };
        let granted = DURATIONS.into_iter().find(|choice| *choice < asked && *choice <= most)?;
        *duration = Some(granted);
        let requested = self.lowered.map_or(asked, |before| before.requested);
        self.lowered = Some(LoweredDuration { requested, granted });
        Some(Retry { reason: RetryReason::DurationTooLong, wait: Duration::ZERO })
    }

    /// No wait goes past the deadline: there would be no time for the attempt after it. Nor does the one for the client's
    /// rate limit, of which it is known now how long it would be after the first.
    fn has_time_for(&self, wait: Duration, now: OffsetDateTime) -> bool {
        self.caller.time_with_limit(self.elapsed, wait, now) < self.deadlines.total
    }
}

// What does not depend on the operation is there once, and not for each of a program's operations.

impl Caller {
    /// The time that was used once that wait and the one for the rate limit are over.
    #[inline(never)]
    fn time_with_limit(&self, elapsed: Duration, wait: Duration, now: OffsetDateTime) -> Duration {
        let limited = self.rate.as_ref().map_or(Duration::ZERO, |rate| rate.wait(now, wait));
        elapsed.saturating_add(wait).saturating_add(limited)
    }
}

/// The wait before another attempt for a role that is not known yet.
#[inline(never)]
fn denied_wait(denied: u32, random: f64) -> Duration {
    let doubled = DENIED_BASE.saturating_mul(1u32.checked_shl(denied).unwrap_or(u32::MAX));
    // Half of it is random: no wait is so short that the attempt after it tells nothing new.
    part(doubled.min(DENIED_CAP), 0.5 + random / 2.0)
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
