use std::ops::Range;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::refresh::RefreshPolicy;
use crate::refresh::state::{State, milliseconds};
use crate::retry::Random;

/// What credentials are refreshed by. See the [module](crate::refresh).
#[derive(Clone, Debug)]
pub struct Refresh {
    policy: RefreshPolicy,
    random: Random,
    state: State,
}

/// What to do for someone who wants credentials.
#[derive(Clone, Debug)]
#[must_use = "a refresh that nobody makes keeps the others waiting"]
pub enum Decision {
    /// Serve these.
    Serve(Served),
    /// Refresh, and report by [`Refresh::finished`] or [`Refresh::abandoned`]. Until then, everybody else is served what
    /// there is, or waits.
    Refresh {
        /// The number of the refresh.
        round: u32,
        /// What can be served meanwhile, for who would have somebody else do it.
        meanwhile: Option<Served>,
    },
    /// Wait until that refresh is over, and go on with [`Refresh::after_wait`].
    Wait {
        /// The number of the refresh.
        round: u32,
    },
    /// Fail: it has just been tried.
    Fail(Error),
}

/// What is served.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Served {
    /// The credentials.
    pub credentials: Arc<Credentials>,
    /// Whether they have expired and are served all the same, because the source fails.
    pub is_stale: bool,
}

impl Refresh {
    /// A machine without credentials. `seed` should differ from machine to machine: it draws the jitter and the waits.
    #[must_use]
    pub fn new(policy: RefreshPolicy, seed: u64) -> Self {
        Self { policy, random: Random::new(seed), state: State::default() }
    }

    /// What to do now for someone who wants credentials.
    pub fn ask(&mut self, now: OffsetDateTime) -> Decision {
        self.state.ask(milliseconds(now), true)
    }

    /// What to do now for someone who wants them refreshed, whether it is time or not.
    pub fn force(&mut self, now: OffsetDateTime) -> Decision {
        self.state.force(milliseconds(now))
    }

    /// What to do for someone who has waited for that refresh: its outcome serves them, even where it would not serve
    /// those who come now.
    pub fn after_wait(&mut self, round: u32, now: OffsetDateTime) -> Decision {
        self.state.after_wait(round, milliseconds(now), true)
    }

    /// Whether that refresh is not under way any more.
    #[must_use]
    pub fn is_over(&self, round: u32) -> bool {
        self.state.is_over(round)
    }

    /// What came of a refresh, and what to serve who made it. One that is not under way any more changes nothing.
    ///
    /// # Errors
    /// The refresh's, where there is nothing to serve, or where time does not heal it.
    pub fn finished(
        &mut self,
        round: u32,
        now: OffsetDateTime,
        outcome: Result<Credentials, Error>,
    ) -> Result<Served, Error> {
        self.state.finished(round, milliseconds(now), outcome, &self.policy, &mut self.random)
    }

    /// Whoever made that refresh is gone: the next one to ask makes it.
    pub fn abandoned(&mut self, round: u32) {
        self.state.abandoned(round);
    }

    /// A service refused the credentials with that access key id, as expired or invalid. They are dropped if they are
    /// those that are served. Says whether asking again can give others.
    pub fn refused(&mut self, now: OffsetDateTime, access_key_id: &str) -> bool {
        self.state.refused(milliseconds(now), access_key_id)
    }

    /// When the next refresh is due, for who makes it in the background. Now or earlier where nothing is there yet;
    /// `None` for credentials without expiry.
    #[must_use]
    pub fn next_refresh_at(&self) -> Option<OffsetDateTime> {
        self.state.next_refresh_at().map(moment)
    }

    /// The credentials, whatever their age.
    #[must_use]
    pub fn credentials(&self) -> Option<&Arc<Credentials>> {
        self.state.credentials()
    }

    /// The error of the last refresh, if it failed.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.state.error()
    }

    pub(super) fn served_when(&self) -> Range<i64> {
        self.state.served_when()
    }
}

impl Served {
    pub(crate) fn fresh(credentials: Credentials) -> Self {
        Self { credentials: Arc::new(credentials), is_stale: false }
    }
}

/// As near as a calendar has it.
fn moment(milliseconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH.saturating_add(time::Duration::milliseconds(milliseconds))
}
