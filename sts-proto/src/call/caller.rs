use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;

use super::again::Leniency;
use crate::credentials::Credentials;
use crate::encoder::{Encoder, Presign};
use crate::error::Error;
use crate::observe::{Event, Observer};
use crate::operation::Operation;
use crate::reply::Metadata;
use crate::retry::{Quota, RateLimit, RetryMode, RetryPolicy};
use crate::sigv4::PresignedUrl;

/// No clock is more wrong than this: one that begins in 1970 is less.
const MAX_SKEW: time::Duration = time::Duration::days(36_500);

/// A reply that took longer says nothing about the clocks.
const SKEW_ROUND_TRIP: time::Duration = time::Duration::minutes(15);

/// What the calls of one client share: the encoder, the policy for retries and what is left for them, and what was
/// learned about the clocks.
pub struct Caller {
    pub(super) encoder: Encoder,
    pub(super) policy: RetryPolicy,
    pub(super) quota: Quota,
    /// In adaptive mode.
    pub(super) rate: Option<RateLimit>,
    /// The server's clock minus ours, in seconds.
    skew: AtomicI64,
    pub(super) corrects_skew: bool,
    pub(super) leniency: Leniency,
    pub(super) observers: Vec<Box<dyn Observer>>,
}

impl Caller {
    /// Calls with requests of that encoder.
    #[must_use]
    pub fn new(encoder: Encoder, policy: RetryPolicy) -> Self {
        let quota = Quota::new(policy.quota);
        let max_attempts = policy.max_attempts;
        let policy = policy.max_attempts(max_attempts);
        let rate = (policy.mode == RetryMode::Adaptive).then(RateLimit::default);
        Self {
            encoder,
            policy,
            quota,
            rate,
            skew: AtomicI64::new(0),
            corrects_skew: true,
            leniency: Leniency::default(),
            observers: Vec::new(),
        }
    }

    /// Whether requests are signed with the server's time once it is known. On by default.
    #[must_use]
    pub fn corrects_skew(self, on: bool) -> Self {
        Self { corrects_skew: on, ..self }
    }

    /// For all calls what [`Call::retry_access_denied_for`](super::Call::retry_access_denied_for) is for one.
    #[must_use]
    pub fn retry_access_denied_for(mut self, time: Duration) -> Self {
        self.leniency.denied_for = time;
        self
    }

    /// For all calls what [`Call::lower_duration`](super::Call::lower_duration) is for one.
    #[must_use]
    pub fn lower_duration(mut self, on: bool) -> Self {
        self.leniency.lowers_duration = on;
        self
    }

    /// Someone who is told what happens in the calls, after those who are told already.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Whether an observer wants events now.
    pub(super) fn is_observed(&self) -> bool {
        self.observers.iter().any(|observer| observer.is_active())
    }

    /// Tells those who observe.
    pub(crate) fn tell(&self, event: &Event<'_>) {
        self.observers
            .iter()
            .filter(|observer| observer.is_active())
            .for_each(|observer| observer.event(event));
    }

    pub(crate) fn observers(self, observers: Vec<Box<dyn Observer>>) -> Self {
        Self { observers, ..self }
    }

    /// A presigned URL, as [`Encoder::presign`] makes it, with the server's time. `now` is ours.
    ///
    /// # Errors
    /// As [`Encoder::presign`]; and there are no credentials.
    pub fn presign<O: Operation>(
        &self,
        operation: &O,
        credentials: Option<&Credentials>,
        now: OffsetDateTime,
        options: &Presign,
    ) -> Result<PresignedUrl, Error> {
        let credentials = credentials.ok_or_else(|| {
            Error::setting("Credentials", "are required: a URL is signed, and there are none")
                .during(operation.action())
        })?;
        self.encoder.presign(operation, credentials, now.saturating_add(self.skew()), options)
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

    /// How many requests a second are sent at most. `None` until the service throttles, and without
    /// [`RetryPolicy::adaptive`].
    #[must_use]
    pub fn rate_limit(&self) -> Option<f64> {
        self.rate.as_ref()?.rate()
    }

    /// Learns from a reply: its `Date` is taken for the middle of the time that it was under way.
    pub(super) fn learn(
        &self,
        sent: OffsetDateTime,
        received: OffsetDateTime,
        metadata: &Metadata,
    ) -> Option<i64> {
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
