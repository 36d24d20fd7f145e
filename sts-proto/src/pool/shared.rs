use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use time::OffsetDateTime;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::pool::{Decision, Pool, PoolPolicy, RoleKey};
#[cfg(doc)]
use crate::refresh::Cached;
use crate::refresh::Served;

/// A [`Pool`] of roles with the wakers of those who wait, shared between callers. Cheap to clone.
///
/// It is driven as [`Cached`] is: [`turn`](Self::turn) tells what to do.
#[derive(Clone)]
pub struct SharedPool(Arc<Mutex<Inner>>);

struct Inner {
    pool: Pool<RoleKey>,
    /// Those who wait for the refresh of a key.
    waiting: BTreeMap<(RoleKey, u64), Waker>,
    /// Those who wait for room, in their order. One is woken for each refresh that ends, and wakes the next one if it
    /// does not refresh.
    queue: BTreeMap<u64, Waker>,
    next_number: u64,
}

/// What someone who wants credentials of a role has to do.
#[derive(Debug)]
#[must_use = "a refresh that nobody makes keeps the others waiting"]
pub enum PoolTurn {
    /// Nothing: here they are.
    Serve(Arc<Credentials>),
    /// Assume the role.
    Refresh(PoolPermit),
    /// Wait: for somebody else who does, or for room.
    Wait(PoolWaiting),
}

/// The right to assume a role, which one caller has at a time. Dropped, it goes to those who wait.
#[must_use = "whoever has it assumes the role"]
pub struct PoolPermit {
    shared: SharedPool,
    key: RoleKey,
    /// `None` once it is used.
    round: Option<u32>,
}

/// Resolves when it makes sense to go on with [`turn`](Self::turn). It can be dropped at any time.
#[must_use = "it waits when it is polled"]
pub struct PoolWaiting {
    shared: SharedPool,
    key: RoleKey,
    /// The refresh that is waited for; `None` in the queue for room.
    round: Option<u32>,
    /// Under which it is woken, once it was polled.
    number: Option<u64>,
    /// Whether a place in the queue is still to be used, or passed on.
    is_queued: bool,
}

impl SharedPool {
    /// An empty one.
    #[must_use]
    pub fn new(policy: PoolPolicy, seed: u64) -> Self {
        let pool = Pool::new(policy, seed);
        let inner = Inner { pool, waiting: BTreeMap::new(), queue: BTreeMap::new(), next_number: 0 };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// What to do for the credentials of a role.
    ///
    /// # Errors
    /// That of a refresh of this role that has just failed.
    pub fn turn(&self, key: RoleKey, now: OffsetDateTime) -> Result<PoolTurn, Error> {
        let decision = self.inner().pool.ask(&key, now);
        self.turn_of(decision, key, None)
    }

    /// A service refused the credentials of that role: see [`Refresh::refused`](crate::refresh::Refresh::refused).
    #[expect(clippy::must_use_candidate, reason = "most only tell")]
    pub fn refused(&self, key: &RoleKey, now: OffsetDateTime, access_key_id: &str) -> bool {
        self.inner().pool.refused(key, now, access_key_id)
    }

    /// How many roles are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner().pool.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn_of(&self, decision: Decision, key: RoleKey, number: Option<u64>) -> Result<PoolTurn, Error> {
        let wait = |round: Option<u32>, number| {
            let shared = self.clone();
            PoolTurn::Wait(PoolWaiting { shared, key, round, number, is_queued: false })
        };
        Ok(match decision {
            Decision::Serve(served) => PoolTurn::Serve(served.credentials),
            Decision::Refresh { round } => {
                PoolTurn::Refresh(PoolPermit { shared: self.clone(), key, round: Some(round) })
            }
            Decision::Wait { round } => wait(Some(round), None),
            Decision::Queue => wait(None, number),
            Decision::Fail(error) => return Err(error),
        })
    }

    /// The end of a refresh: wakes those who wait for it, and the next one in the queue.
    fn end<T>(&self, key: RoleKey, change: impl FnOnce(&mut Pool<RoleKey>) -> T) -> T {
        let mut inner = self.inner();
        let result = change(&mut inner.pool);
        let numbers: Vec<_> =
            inner.waiting.range((key, 0)..=(key, u64::MAX)).map(|(number, _)| *number).collect();
        let woken: Vec<_> = numbers.iter().filter_map(|number| inner.waiting.remove(number)).collect();
        let next = inner.next_in_queue();
        drop(inner);
        woken.into_iter().chain(next).for_each(Waker::wake);
        result
    }

    /// Somebody did not use the room that it was woken for.
    fn pass_on(&self) {
        let next = self.inner().next_in_queue();
        next.into_iter().for_each(Waker::wake);
    }
}

impl Inner {
    fn next_in_queue(&mut self) -> Option<Waker> {
        if self.pool.has_room() { self.queue.pop_first().map(|(_, waker)| waker) } else { None }
    }
}

impl PoolPermit {
    /// What came of it; those who wait are told.
    ///
    /// # Errors
    /// As [`Refresh::finished`](crate::refresh::Refresh::finished).
    pub fn finish(
        mut self,
        now: OffsetDateTime,
        outcome: Result<Credentials, Error>,
    ) -> Result<Served, Error> {
        match self.round.take() {
            Some(round) => {
                let key = self.key;
                self.shared.end(key, |pool| pool.finished(&key, round, now, outcome))
            }
            None => outcome.map(Served::fresh),
        }
    }
}

impl Drop for PoolPermit {
    fn drop(&mut self) {
        if let Some(round) = self.round.take() {
            let key = self.key;
            self.shared.end(key, |pool| pool.abandoned(&key, round));
        }
    }
}

impl PoolWaiting {
    /// What to do after it has resolved.
    ///
    /// # Errors
    /// That of the refresh that was waited for.
    pub fn turn(mut self, now: OffsetDateTime) -> Result<PoolTurn, Error> {
        let key = self.key;
        let decision = match self.round {
            Some(round) => self.shared.inner().pool.after_wait(&key, round, now),
            None => self.shared.inner().pool.ask(&key, now),
        };
        if matches!(decision, Decision::Refresh { .. } | Decision::Queue) {
            // The room is used, or there is none to be passed on.
            self.is_queued = false;
        }
        let number = self.number.filter(|_| self.round.is_none());
        self.shared.turn_of(decision, key, number)
    }
}

impl Future for PoolWaiting {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut inner = this.shared.inner();
        let is_over = match this.round {
            Some(round) => inner.pool.is_over(&this.key, round),
            // There may be room since it was asked for; and who is no longer in the queue has been woken.
            None => inner.pool.has_room() || this.is_queued && !this.is_in(&inner),
        };
        if is_over {
            return Poll::Ready(());
        }
        let number = *this.number.get_or_insert_with(|| {
            inner.next_number = inner.next_number.wrapping_add(1);
            inner.next_number
        });
        let waker = context.waker().clone();
        let _before = match this.round {
            Some(_) => inner.waiting.insert((this.key, number), waker),
            None => {
                this.is_queued = true;
                inner.queue.insert(number, waker)
            }
        };
        drop(inner);
        Poll::Pending
    }
}

impl PoolWaiting {
    fn is_in(&self, inner: &Inner) -> bool {
        self.number.is_some_and(|number| inner.queue.contains_key(&number))
    }
}

impl Drop for PoolWaiting {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut inner = self.shared.inner();
        let waker = match self.round {
            Some(_) => inner.waiting.remove(&(self.key, number)),
            None => inner.queue.remove(&number),
        };
        drop(inner);
        if self.is_queued && waker.is_none() {
            self.shared.pass_on();
        }
    }
}

impl fmt::Debug for SharedPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedPool").field("roles", &self.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for PoolPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolPermit").field("key", &self.key).finish_non_exhaustive()
    }
}

impl fmt::Debug for PoolWaiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolWaiting").field("key", &self.key).finish_non_exhaustive()
    }
}
