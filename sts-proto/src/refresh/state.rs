use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::credentials::Credentials;
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::refresh::machine::{Decision, Served};
use crate::refresh::{HOLD, PAUSE, RefreshPolicy};
use crate::retry::Random;
use crate::seconds::part;

/// The machine without what many of them can share. Times are in milliseconds since 1970.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    value: Option<Value>,
    failure: Option<Box<Failure>>,
    /// The last refresh that was begun, and the last that was finished. They may wrap: nobody waits for four billion.
    round: u32,
    finished: u32,
    is_refreshing: bool,
}

#[derive(Clone, Debug)]
struct Value {
    credentials: Arc<Credentials>,
    /// From when on a refusal drops them.
    settled_at: i64,
    refresh_at: i64,
    mandatory_at: i64,
    expires_at: i64,
}

#[derive(Clone, Debug)]
struct Failure {
    error: Error,
    /// Whether it is given to everybody, whatever there is to serve.
    is_raised: bool,
    failed_at: i64,
    retry_at: i64,
}

impl State {
    /// `may_begin`: whether there is room for another refresh. Where there is none, what is good is served, and
    /// [`Decision::Wait`] with the last round tells that there would have been a refresh.
    pub(crate) fn ask(&mut self, now: i64, may_begin: bool) -> Decision {
        let can_do = self.value.as_ref().filter(|_| !self.is_raised());
        if let Some(value) = can_do
            && now < value.mandatory_at
            && (self.is_refreshing || !may_begin)
        {
            return Decision::Serve(value.served(now));
        }
        if self.is_refreshing {
            return Decision::Wait { round: self.round };
        }
        match (&self.failure, can_do) {
            (Some(failure), _) if failure.held().contains(&now) => return self.outcome(now),
            (None, Some(value)) if now < value.refresh_at => return Decision::Serve(value.served(now)),
            _ => {}
        }
        if may_begin { self.begin(now) } else { Decision::Wait { round: self.round } }
    }

    pub(crate) fn force(&mut self, now: i64) -> Decision {
        if self.is_refreshing { Decision::Wait { round: self.round } } else { self.begin(now) }
    }

    fn begin(&mut self, now: i64) -> Decision {
        self.round = self.round.wrapping_add(1);
        self.is_refreshing = true;
        let good = self.value.as_ref().filter(|value| now < value.mandatory_at && !self.is_raised());
        Decision::Refresh { round: self.round, meanwhile: good.map(|value| value.served(now)) }
    }

    pub(crate) fn after_wait(&mut self, round: u32, now: i64, may_begin: bool) -> Decision {
        let is_finished = self.finished.wrapping_sub(round) <= u32::MAX / 2;
        let is_good = self.value.as_ref().is_some_and(|value| now < value.expires_at);
        if is_finished && (self.failure.is_some() || is_good) {
            return self.outcome(now);
        }
        self.ask(now, may_begin)
    }

    /// What the last refresh means for who waited for it.
    fn outcome(&self, now: i64) -> Decision {
        match (&self.value, &self.failure) {
            (Some(value), Some(failure)) if !failure.is_raised => Decision::Serve(value.served(now)),
            (_, Some(failure)) => Decision::Fail(failure.error.clone()),
            (Some(value), None) => Decision::Serve(value.served(now)),
            // Not reached: a refresh that is over has left one of the two.
            (None, None) => Decision::Wait { round: self.round },
        }
    }

    pub(crate) fn is_over(&self, round: u32) -> bool {
        !(self.is_refreshing && self.round == round)
    }

    pub(crate) fn finished(
        &mut self,
        round: u32,
        now: i64,
        outcome: Result<Credentials, Error>,
        policy: &RefreshPolicy,
        random: &mut Random,
    ) -> Result<Served, Error> {
        let outcome = outcome.and_then(|credentials| unexpired(credentials, now));
        if self.is_over(round) {
            return outcome.map(Served::fresh);
        }
        self.is_refreshing = false;
        self.finished = round;
        match outcome {
            Ok(credentials) => {
                let value = Value::new(credentials, now, policy, random);
                let served = value.served(now);
                (self.value, self.failure) = (Some(value), None);
                Ok(served)
            }
            Err(error) => {
                let is_good = self.value.as_ref().is_some_and(|value| now < value.expires_at);
                let is_raised = is_raised(&error, is_good);
                let good = self.value.as_ref().filter(|_| is_good && !is_raised);
                let retry_at = match good {
                    Some(value) => {
                        let next =
                            if now < value.mandatory_at { value.mandatory_at } else { value.expires_at };
                        next.min(later(now, &PAUSE, random))
                    }
                    None => later(now, &HOLD, random),
                };
                let served = self.value.as_ref().filter(|_| !is_raised).map(|value| value.served(now));
                let result = served.ok_or_else(|| error.clone());
                self.failure = Some(Box::new(Failure { error, is_raised, failed_at: now, retry_at }));
                result
            }
        }
    }

    pub(crate) fn abandoned(&mut self, round: u32) {
        if !self.is_over(round) {
            self.is_refreshing = false;
        }
    }

    pub(crate) fn refused(&mut self, now: i64, access_key_id: &str) -> bool {
        let Some(value) = &self.value else { return true };
        if value.credentials.access_key_id() != access_key_id {
            return true;
        }
        // Set back, the clock makes nothing young.
        let is_young = now < value.settled_at && value.settled_at - now <= LONGEST_HOLD;
        if !is_young {
            (self.value, self.failure) = (None, None);
        }
        !is_young
    }

    pub(crate) fn next_refresh_at(&self) -> Option<i64> {
        match (&self.failure, &self.value) {
            (Some(failure), _) => Some(failure.retry_at),
            (None, Some(value)) => Some(value.refresh_at).filter(|at| *at < i64::MAX),
            (None, None) => Some(0),
        }
    }

    pub(crate) fn credentials(&self) -> Option<&Arc<Credentials>> {
        self.value.as_ref().map(|value| &value.credentials)
    }

    pub(crate) fn error(&self) -> Option<&Error> {
        self.failure.as_ref().map(|failure| &failure.error)
    }

    fn is_raised(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.is_raised)
    }

    /// When whoever asks is served the credentials that are there, and nothing changes by it.
    pub(crate) fn served_when(&self) -> Range<i64> {
        match (&self.value, &self.failure) {
            (None, _) => i64::MIN..i64::MIN,
            (Some(_), Some(failure)) if failure.is_raised => i64::MIN..i64::MIN,
            (Some(value), _) if self.is_refreshing => i64::MIN..value.mandatory_at,
            (Some(_), Some(failure)) => failure.held(),
            (Some(value), None) => i64::MIN..value.refresh_at,
        }
    }
}

impl Failure {
    /// When it is too early to try again. It is not where the clock was set back since, by more than its corrections are:
    /// then the retry is planned for a time that may be hours ahead.
    fn held(&self) -> Range<i64> {
        self.failed_at.saturating_sub(LONGEST_HOLD)..self.retry_at
    }
}

impl Value {
    fn new(credentials: Credentials, now: i64, policy: &RefreshPolicy, random: &mut Random) -> Self {
        let settled_at = later(now, &HOLD, random);
        let credentials = Arc::new(credentials);
        let Some(expires_at) = credentials.expiration().map(milliseconds) else {
            let never = i64::MAX;
            return Self {
                credentials,
                settled_at,
                refresh_at: never,
                mandatory_at: never,
                expires_at: never,
            };
        };
        let lifetime = Duration::from_millis(u64::try_from(expires_at.saturating_sub(now)).unwrap_or(0));
        let advisory = policy.window(lifetime);
        let mandatory = policy.mandatory.min(advisory);
        // A NaN is no jitter.
        let share = policy.jitter.clamp(0.0, 1.0).max(0.0) * random.fraction();
        let jitter = part(advisory.saturating_sub(mandatory), share);
        let before = |window: Duration| {
            expires_at.saturating_sub(i64::try_from(window.as_millis()).unwrap_or(i64::MAX))
        };
        Self {
            credentials,
            settled_at,
            refresh_at: before(advisory.saturating_sub(jitter)),
            mandatory_at: before(mandatory),
            expires_at,
        }
    }

    fn served(&self, now: i64) -> Served {
        Served { credentials: Arc::clone(&self.credentials), is_stale: now >= self.expires_at }
    }
}

const LONGEST_HOLD: i64 = *HOLD.end() as i64 * 1000;

/// A moment in that many seconds, at random.
fn later(now: i64, seconds: &RangeInclusive<u64>, random: &mut Random) -> i64 {
    let (from, to) = (*seconds.start() as f64, *seconds.end() as f64);
    let wait = (from + (to - from) * random.fraction()) * 1000.0;
    // Within the range: it fits.
    now.saturating_add(wait as i64)
}

/// Whether time does not heal it. The refusals are those that AWS's SDKs do not cover with older credentials. Bad input
/// can be a file that is being written, or a variable of a look that went well before: it does not cost what is good.
fn is_raised(error: &Error, is_good: bool) -> bool {
    let code = error.code().is_some_and(|code| {
        matches!(
            code,
            ErrorCode::AccessDenied
                | ErrorCode::IdpRejectedClaim
                | ErrorCode::InvalidIdentityToken
                | ErrorCode::MalformedPolicyDocument
                | ErrorCode::PackedPolicyTooLarge
                | ErrorCode::RegionDisabled
        )
    });
    code || (!is_good && error.kind() == ErrorKind::InvalidInput)
}

fn unexpired(credentials: Credentials, now: i64) -> Result<Credentials, Error> {
    match credentials.expiration().map(milliseconds) {
        Some(at) if at <= now => {
            let source = credentials.source().unwrap_or("the source").to_owned();
            let seconds = (now - at) / 1000;
            Err(Error::credentials(source, format!("those that it gave expired {seconds} seconds ago")))
        }
        _ => Ok(credentials),
    }
}

/// Since 1970.
pub(crate) fn milliseconds(at: OffsetDateTime) -> i64 {
    at.unix_timestamp().saturating_mul(1000).saturating_add(i64::from(at.millisecond()))
}
