//! Credentials of many roles: one bounded cache, for services that act for thousands of customers.
//!
//! [`Pool`] is a machine as [`Refresh`](crate::refresh::Refresh) is, with the same rules for each key. Besides, it limits
//! how many keys it keeps, dropping the one that was not asked for the longest, and how many refreshes are under way at
//! once; in the advisory window, whoever finds no room for a refresh is served what there is. [`SharedPool`] is the same
//! with wakers, shared between callers; the drivers' `RolePool` makes the calls.
//!
//! ```
//! use sts_proto::pool::{Decision, Pool, PoolPolicy};
//! use sts_proto::time::OffsetDateTime;
//! use sts_proto::{Credentials, Error};
//!
//! let policy = PoolPolicy::default();
//! assert_eq!((policy.capacity, policy.concurrency), (50_000, 16));
//!
//! let mut pool: Pool<&str> = Pool::new(policy.concurrency(1), 7);
//! let now = OffsetDateTime::UNIX_EPOCH;
//! let Decision::Refresh { round } = pool.ask(&"one", now) else { panic!("there is nothing yet") };
//! let Decision::Queue = pool.ask(&"two", now) else { panic!("one at a time") };
//! pool.finished(&"one", round, now, Ok(Credentials::new("ASIAEXAMPLE", "secret")?))?;
//! let Decision::Refresh { .. } = pool.ask(&"two", now) else { panic!("now it is its turn") };
//! # Ok::<(), Error>(())
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::operation::{AssumeRole, Operation};
use crate::refresh::{self, RefreshPolicy, Served, State};
use crate::retry::Random;

pub use shared::{PoolPermit, PoolTurn, PoolWaiting, SharedPool};

mod shared;
#[cfg(test)]
mod tests;

/// How large a pool may grow, and how fast it may ask.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct PoolPolicy {
    /// The most keys that are kept. At least 1. Keys whose refresh is under way are not dropped.
    pub capacity: usize,
    /// The most refreshes that are under way at once. At least 1.
    pub concurrency: usize,
    /// When a key is refreshed. The jitter is half of the window here, so that roles that were first used together are
    /// not refreshed together for ever.
    pub refresh: RefreshPolicy,
}

impl Default for PoolPolicy {
    fn default() -> Self {
        Self { capacity: 50_000, concurrency: 16, refresh: RefreshPolicy::default().jitter(0.5) }
    }
}

impl PoolPolicy {
    /// Another number of keys.
    #[must_use]
    pub fn capacity(self, keys: usize) -> Self {
        Self { capacity: keys, ..self }
    }

    /// Another number of refreshes at once.
    #[must_use]
    pub fn concurrency(self, refreshes: usize) -> Self {
        Self { concurrency: refreshes, ..self }
    }

    /// Other rules for when a key is refreshed.
    #[must_use]
    pub fn refresh(self, policy: RefreshPolicy) -> Self {
        Self { refresh: policy, ..self }
    }
}

/// What to do for someone who wants the credentials of a key.
#[derive(Clone, Debug)]
#[must_use = "a refresh that nobody makes keeps the others waiting"]
pub enum Decision {
    /// Serve these.
    Serve(Served),
    /// Refresh them, and report by [`Pool::finished`] or [`Pool::abandoned`].
    Refresh {
        /// The number of the refresh.
        round: u32,
    },
    /// Wait until that refresh of the key is over, and go on with [`Pool::after_wait`].
    Wait {
        /// The number of the refresh.
        round: u32,
    },
    /// Wait until some refresh is over, and [ask](Pool::ask) again.
    Queue,
    /// Fail: it has just been tried.
    Fail(Error),
}

/// Names a role with all parameters of its session. 32 bytes, none of which is a secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleKey([u8; 32]);

impl RoleKey {
    /// That of an operation: equal for equal parameters.
    #[must_use]
    pub fn of(operation: &AssumeRole) -> Self {
        Self(Sha256::digest(operation.form().into_body()).into())
    }
}

impl fmt::Debug for RoleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoleKey({})", hex::encode(self.0))
    }
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Pool<K> {
    policy: PoolPolicy,
    random: Random,
    entries: BTreeMap<K, Entry>,
    /// The keys by when they were last asked for.
    by_use: BTreeMap<u64, K>,
    uses: u64,
    running: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    state: State,
    used: u64,
    is_refreshing: bool,
}

impl<K: Ord + Clone> Pool<K> {
    /// An empty pool. `seed` draws the jitter and the waits.
    #[must_use]
    pub fn new(policy: PoolPolicy, seed: u64) -> Self {
        Self {
            policy,
            random: Random::new(seed),
            entries: BTreeMap::new(),
            by_use: BTreeMap::new(),
            uses: 0,
            running: 0,
        }
    }

    /// What to do now for someone who wants the credentials of that key.
    pub fn ask(&mut self, key: &K, now: OffsetDateTime) -> Decision {
        self.decide(key, |state, may_begin| state.ask(refresh::milliseconds(now), may_begin))
    }

    /// What to do for someone who has waited for that refresh of the key.
    pub fn after_wait(&mut self, key: &K, round: u32, now: OffsetDateTime) -> Decision {
        self.decide(key, |state, may_begin| state.after_wait(round, refresh::milliseconds(now), may_begin))
    }

    fn decide(&mut self, key: &K, ask: impl FnOnce(&mut State, bool) -> refresh::Decision) -> Decision {
        let has_room = self.has_room();
        let entry = self.touch(key);
        let decision = ask(&mut entry.state, has_room);
        match decision {
            refresh::Decision::Serve(served) => Decision::Serve(served),
            refresh::Decision::Fail(error) => Decision::Fail(error),
            refresh::Decision::Wait { round } if entry.is_refreshing => Decision::Wait { round },
            refresh::Decision::Wait { .. } => Decision::Queue,
            refresh::Decision::Refresh { round, .. } => {
                entry.is_refreshing = true;
                self.running += 1;
                Decision::Refresh { round }
            }
        }
    }

    /// What came of a refresh, and what to serve who made it.
    ///
    /// # Errors
    /// As [`Refresh::finished`](crate::refresh::Refresh::finished).
    pub fn finished(
        &mut self,
        key: &K,
        round: u32,
        now: OffsetDateTime,
        outcome: Result<Credentials, Error>,
    ) -> Result<Served, Error> {
        let Some(entry) = self.entries.get_mut(key) else {
            return outcome.map(Served::fresh);
        };
        if !entry.state.is_over(round) {
            entry.is_refreshing = false;
            self.running = self.running.saturating_sub(1);
        }
        let now = refresh::milliseconds(now);
        let result = entry.state.finished(round, now, outcome, &self.policy.refresh, &mut self.random);
        self.shrink();
        result
    }

    /// Whoever made that refresh is gone: the next one to ask makes it.
    pub fn abandoned(&mut self, key: &K, round: u32) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        if !entry.state.is_over(round) {
            entry.is_refreshing = false;
            self.running = self.running.saturating_sub(1);
        }
        entry.state.abandoned(round);
        self.shrink();
    }

    /// A service refused the credentials of that key: see [`Refresh::refused`](crate::refresh::Refresh::refused).
    pub fn refused(&mut self, key: &K, now: OffsetDateTime, access_key_id: &str) -> bool {
        let entry = self.entries.get_mut(key);
        entry.is_none_or(|entry| entry.state.refused(refresh::milliseconds(now), access_key_id))
    }

    /// Whether that refresh of the key is not under way any more.
    #[must_use]
    pub fn is_over(&self, key: &K, round: u32) -> bool {
        self.entries.get(key).is_none_or(|entry| entry.state.is_over(round))
    }

    /// Whether another refresh may begin.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.running < self.policy.concurrency.max(1)
    }

    /// The credentials of a key, whatever their age. It does not count as a use.
    #[must_use]
    pub fn credentials(&self, key: &K) -> Option<&Arc<Credentials>> {
        self.entries.get(key)?.state.credentials()
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry of a key, as the one that was used last.
    fn touch(&mut self, key: &K) -> &mut Entry {
        self.uses += 1;
        let uses = self.uses;
        let is_new = match self.entries.get_mut(key) {
            Some(entry) => {
                self.by_use.remove(&entry.used);
                false
            }
            None => true,
        };
        self.by_use.insert(uses, key.clone());
        if is_new {
            // Before the new one is there, which is not to be dropped.
            self.make_room_for(1);
        }
        let entry = self.entries.entry(key.clone()).or_insert_with(|| Entry {
            state: State::default(),
            used: uses,
            is_refreshing: false,
        });
        entry.used = uses;
        entry
    }

    fn shrink(&mut self) {
        self.make_room_for(0);
    }

    /// Drops what was not used for the longest, refreshes under way aside.
    fn make_room_for(&mut self, more: usize) {
        while self.entries.len() + more > self.policy.capacity.max(1) {
            let oldest = self
                .by_use
                .iter()
                .find(|(_, key)| self.entries.get(key).is_some_and(|entry| !entry.is_refreshing));
            let Some((&used, key)) = oldest else { return };
            let key = key.clone();
            self.by_use.remove(&used);
            self.entries.remove(&key);
        }
    }
}
