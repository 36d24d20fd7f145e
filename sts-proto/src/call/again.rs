//! Whether a call makes another attempt, and when.

use std::time::Duration;

use time::OffsetDateTime;

use super::State;
use crate::error::{Error, ErrorCode};
use crate::operation::Operation;
use crate::retry::{Retry, RetryReason};

/// The skew from which on it explains a refusal.
const SKEW_EXPLAINS: i64 = 240;

impl<O: Operation> State<O> {
    /// Whether there is another attempt, and when. Takes its cost from the quota.
    pub(super) fn again(&mut self, error: &Error, skew: Option<i64>, now: OffsetDateTime) -> Option<Retry> {
        let policy = &self.caller.policy;
        if self.attempts >= policy.max_attempts {
            return None;
        }
        let is_skewed = self.caller.corrects_skew
            && skew.is_some_and(|skew| skew.abs() > SKEW_EXPLAINS)
            && error.code().is_some_and(may_be_skew);
        let reason = if is_skewed { RetryReason::ClockSkew } else { RetryReason::of(error)? };
        let wait = policy.wait(self.attempts, error, self.random.fraction())?;
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

    /// No wait goes past the deadline: there would be no time for the attempt after it. Nor does the one for the client's
    /// rate limit, of which it is known now how long it would be after the first.
    fn has_time_for(&self, wait: Duration, now: OffsetDateTime) -> bool {
        let limited = self.caller.rate.as_ref().map_or(Duration::ZERO, |rate| rate.wait(now, wait));
        self.elapsed.saturating_add(wait).saturating_add(limited) < self.deadlines.total
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
