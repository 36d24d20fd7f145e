//! When credentials are refreshed, who does it, and what the others get meanwhile.
//!
//! [`Refresh`] is a machine without clock, lock or IO. Whoever wants credentials asks it, and whoever is told to refresh
//! says what came of it:
//!
//! ```
//! use std::time::Duration;
//! use sts_proto::refresh::{Decision, Refresh, RefreshPolicy};
//! use sts_proto::time::OffsetDateTime;
//! use sts_proto::{Credentials, Error};
//!
//! let mut refresh = Refresh::new(RefreshPolicy::default(), 7);
//! let now = OffsetDateTime::UNIX_EPOCH;
//! let Decision::Refresh { round, .. } = refresh.ask(now) else { panic!("there is nothing yet") };
//! let Decision::Wait { .. } = refresh.ask(now) else { panic!("one is enough") };
//!
//! let expiration = now + Duration::from_secs(3600);
//! let credentials = Credentials::new("ASIAEXAMPLE", "secret")?.with_expiration(expiration);
//! refresh.finished(round, now, Ok(credentials))?;
//! let Decision::Serve(served) = refresh.ask(now) else { panic!("now there is something") };
//! assert!(!served.is_stale);
//!
//! // A quarter of an hour before the end one caller refreshes, and the others are served what there is.
//! let late = expiration - Duration::from_secs(13 * 60);
//! let Decision::Refresh { .. } = refresh.ask(late) else { panic!("it is time") };
//! let Decision::Serve(_) = refresh.ask(late) else { panic!("it is good still") };
//! # Ok::<(), Error>(())
//! ```
//!
//! [`Cached`] is the same over a [`Chain`](crate::source::Chain), shared between callers, with their wakers: drivers
//! are thin layers over it.
//!
//! # The rules
//! - Before the *advisory* window everybody is served. In it, one caller refreshes and the others are served. In the
//!   *mandatory* window, the last minute, everybody waits for the one who refreshes. [`RefreshPolicy`] has the windows.
//! - A failed refresh keeps what is still good. The source is asked again after [`PAUSE`], drawn at random, and at the
//!   latest when the mandatory window opens and at the end, so that expired credentials are served only after the source
//!   has failed to replace them. Those are marked as [stale](Served::is_stale), and the source is asked every [`HOLD`].
//! - Without anything to serve, the error is given to those who waited for it, and to those who ask within [`HOLD`]. The
//!   same holds, whatever there is to serve, for refusals that no time heals: `AccessDenied`,
//!   `MalformedPolicyDocument`, `PackedPolicyTooLarge`, `RegionDisabledException`, `IDPRejectedClaim` and
//!   `InvalidIdentityToken`; and for bad input where all there is has expired. No error is kept any longer.
//! - Credentials that a service refuses as expired or invalid are dropped; those that are younger than [`HOLD`] are not,
//!   or a service that refuses everything would have them replaced with every call.
//! - Credentials that have expired when they come are a failure of their source. Those without an expiry are never
//!   refreshed.
//!
//! All times are the server's: whoever has a local clock adds [`Caller::skew`](crate::call::Caller::skew).
//!
//! AWS: the SDKs share these windows and waits since 2026; see
//! [temporary credentials](https://docs.aws.amazon.com/sdkref/latest/guide/access-temp-idc.html).

use std::ops::RangeInclusive;
use std::time::Duration;

pub use cached::{Cached, Permit, Status, Turn, Waiting};
pub use machine::{Decision, Refresh, Served};

mod cached;
mod machine;
mod published;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use state::{State, milliseconds};

/// How long after a failed refresh the source is asked again, while there is something good to serve. In seconds.
pub const PAUSE: RangeInclusive<u64> = 300..=600;

/// The same when there is nothing good to serve: as long as that the error is given out, or what has expired. In
/// seconds.
pub const HOLD: RangeInclusive<u64> = 1..=5;

/// When credentials are refreshed.
///
/// ```
/// use std::time::Duration;
/// use sts_proto::refresh::RefreshPolicy;
///
/// let policy = RefreshPolicy::default();
/// let minutes = |lifetime: u64| policy.window(Duration::from_secs(60 * lifetime)).as_secs() / 60;
/// assert_eq!((minutes(15), minutes(20)), (5, 5));
/// assert_eq!((minutes(21), minutes(60), minutes(89)), (15, 15, 15));
/// assert_eq!((minutes(90), minutes(720)), (60, 60));
/// // Never more than three quarters of the lifetime, or what comes from the source would have to be replaced at once.
/// assert_eq!((minutes(4), policy.advisory(Duration::from_secs(900)).window(Duration::from_secs(900)).as_secs()), (3, 675));
/// assert_eq!(policy.mandatory, Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RefreshPolicy {
    /// How long before the end one caller refreshes, instead of AWS's windows by lifetime.
    pub advisory: Option<Duration>,
    /// How long before the end everybody waits for it. Never longer than the advisory window.
    pub mandatory: Duration,
    /// The share of the time between the two by which a refresh can be later, at random: from 0 to 1. It keeps programs
    /// that were started together from refreshing together.
    pub jitter: f64,
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self { advisory: None, mandatory: Duration::from_secs(60), jitter: 0.1 }
    }
}

impl RefreshPolicy {
    /// Another advisory window.
    #[must_use]
    pub fn advisory(self, window: Duration) -> Self {
        Self { advisory: Some(window), ..self }
    }

    /// Another mandatory window.
    #[must_use]
    pub fn mandatory(self, window: Duration) -> Self {
        Self { mandatory: window, ..self }
    }

    /// Another jitter.
    #[must_use]
    pub fn jitter(self, share: f64) -> Self {
        Self { jitter: share, ..self }
    }

    /// The advisory window of credentials that live so long: the user's, or AWS's for that lifetime. At most three
    /// quarters of the lifetime.
    #[must_use]
    pub fn window(&self, lifetime: Duration) -> Duration {
        let minutes = match lifetime.as_secs() {
            0..=1200 => 5,
            1201..5400 => 15,
            _ => 60,
        };
        self.advisory.unwrap_or_else(|| Duration::from_secs(60 * minutes)).min(lifetime / 4 * 3)
    }
}
