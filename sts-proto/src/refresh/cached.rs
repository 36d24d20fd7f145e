use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use time::OffsetDateTime;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::refresh::RefreshPolicy;
use crate::refresh::machine::{Decision, Refresh};
use crate::refresh::published::Published;
use crate::source::{Chain, Context, Found, Looking, Report, Source};

pub use permit::Permit;

mod permit;

/// How often a source over [`Cached`] looks whether somebody else's refresh is over.
const LOOK: Duration = Duration::from_millis(20);

/// A chain whose credentials are kept and refreshed, shared between callers. Cheap to clone.
///
/// It is driven like this, by threads and tasks alike:
/// 1. [`current`](Self::current): what most callers get, without a lock that a refresh holds.
/// 2. [`turn`](Self::turn) tells what to do otherwise.
/// 3. [`Turn::Refresh`]: begin a [`Seq`](crate::step::Seq) with [`Permit::load`] and drive it. If it is dropped on the
///    way, those who wait take over.
/// 4. [`Turn::Wait`]: await it, then go on with [`Waiting::turn`].
///
/// It is a [`Source`] as well: that of a role that is assumed with the credentials.
#[derive(Clone)]
pub struct Cached(Arc<Shared>);

struct Shared {
    chain: Chain,
    published: Published,
    inner: Mutex<Inner>,
}

struct Inner {
    refresh: Refresh,
    report: Option<Arc<Report>>,
    /// The access key id that a service refused, until the sources are told.
    refused: Option<String>,
    /// Those who wait for a refresh, by number.
    waiting: BTreeMap<u64, Waker>,
    next_number: u64,
}

/// What someone who wants credentials has to do.
#[derive(Debug)]
#[must_use = "a refresh that nobody makes keeps the others waiting"]
pub enum Turn {
    /// Nothing: here they are.
    Serve(Arc<Credentials>),
    /// Refresh them.
    Refresh(Permit),
    /// Wait for somebody else who does.
    Wait(Waiting),
}

/// Resolves when the refresh of somebody else is over. It can be dropped at any time.
#[must_use = "it waits when it is polled"]
pub struct Waiting {
    cached: Cached,
    round: u32,
    /// Under which it is woken, once it was polled.
    number: Option<u64>,
}

/// How a cache stands.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// The credentials that are there, whatever their age.
    pub credentials: Option<Arc<Credentials>>,
    /// Whether they have expired, and are served because the source fails.
    pub is_stale: bool,
    /// Why the last refresh failed, if it did.
    pub error: Option<Error>,
    /// Where the last refresh looked for credentials.
    pub report: Option<Arc<Report>>,
    /// When the next refresh is due, by the server's clock; now or earlier where there are no credentials, `None` for
    /// such without expiry.
    pub next_refresh_at: Option<OffsetDateTime>,
}

impl Cached {
    /// Over that chain. `seed` should differ from one to the next.
    #[must_use]
    pub fn new(chain: Chain, policy: RefreshPolicy, seed: u64) -> Self {
        let refresh = Refresh::new(policy, seed);
        let inner = Inner { refresh, report: None, refused: None, waiting: BTreeMap::new(), next_number: 0 };
        Self(Arc::new(Shared { chain, published: Published::new(), inner: Mutex::new(inner) }))
    }

    /// The credentials, if whoever asks at that time is served without doing anything: the way of most. `now` is the
    /// server's time in milliseconds since 1970, which needs no calendar.
    #[must_use]
    pub fn current(&self, now: i64) -> Option<Arc<Credentials>> {
        self.0.published.get(now)
    }

    /// What to do for credentials.
    ///
    /// # Errors
    /// That of a refresh that has just failed: within [`HOLD`](crate::refresh::HOLD).
    pub fn turn(&self, now: OffsetDateTime) -> Result<Turn, Error> {
        self.with(|inner| inner.refresh.ask(now)).turn(self)
    }

    /// What to do to have them refreshed, whether it is time or not: a refresh that is under way is waited for.
    ///
    /// # Errors
    /// None at present.
    pub fn force(&self, now: OffsetDateTime) -> Result<Turn, Error> {
        self.with(|inner| inner.refresh.force(now)).turn(self)
    }

    /// A service refused the credentials with that access key id, as expired or invalid: see [`Refresh::refused`].
    #[expect(clippy::must_use_candidate, reason = "most only tell")]
    pub fn refused(&self, now: OffsetDateTime, access_key_id: &str) -> bool {
        self.with(|inner| {
            let is_dropped = inner.refresh.refused(now, access_key_id);
            if is_dropped {
                inner.refused = Some(access_key_id.to_owned());
            }
            is_dropped
        })
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self, now: OffsetDateTime) -> Status {
        let inner = self.inner();
        let credentials = inner.refresh.credentials().cloned();
        let expiration = credentials.as_ref().and_then(|credentials| credentials.expiration());
        Status {
            is_stale: expiration.is_some_and(|at| at <= now),
            credentials,
            error: inner.refresh.error().cloned(),
            report: inner.report.clone(),
            next_refresh_at: inner.refresh.next_refresh_at(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the machine, publishes what follows, and wakes those whose wait is over.
    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.inner();
        let result = change(&mut inner);
        self.0.published.set(inner.refresh.credentials(), inner.refresh.served_when());
        result
    }

    /// The same at the end of a refresh. Everybody is woken: the first one to ask after an abandoned one makes the next.
    fn end<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        let (result, woken) = self.with(|inner| (change(inner), mem::take(&mut inner.waiting)));
        woken.into_values().for_each(Waker::wake);
        result
    }
}

impl Decision {
    /// What it means for a caller.
    fn turn(self, cached: &Cached) -> Result<Turn, Error> {
        Ok(match self {
            Self::Serve(served) => Turn::Serve(served.credentials),
            Self::Refresh { round, .. } => {
                Turn::Refresh(Permit { cached: cached.clone(), round: Some(round) })
            }
            Self::Wait { round } => Turn::Wait(Waiting { cached: cached.clone(), round, number: None }),
            Self::Fail(error) => return Err(error),
        })
    }
}

impl Waiting {
    /// What to do after it has resolved.
    ///
    /// # Errors
    /// That of the refresh that was waited for.
    pub fn turn(self, now: OffsetDateTime) -> Result<Turn, Error> {
        let round = self.round;
        self.cached.with(|inner| inner.refresh.after_wait(round, now)).turn(&self.cached)
    }
}

impl Future for Waiting {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<()> {
        let this = &mut *self;
        // A waker's code is not ours, and may want the lock.
        let waker = context.waker().clone();
        let mut inner = this.cached.inner();
        if inner.refresh.is_over(this.round) {
            return Poll::Ready(());
        }
        let number = *this.number.get_or_insert_with(|| {
            inner.next_number = inner.next_number.wrapping_add(1);
            inner.next_number
        });
        let former = inner.waiting.insert(number, waker);
        drop(inner);
        drop(former);
        Poll::Pending
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let waker = self.cached.inner().waiting.remove(&number);
            // A waker's code is not ours, and may want the lock.
            drop(waker);
        }
    }
}

impl Source for Cached {
    fn name(&self) -> &'static str {
        match self.0.chain.sources() {
            [only] => only.name(),
            _ => "the chain",
        }
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(async move {
            let mut turn = self.turn(context.server_time())?;
            loop {
                turn = match turn {
                    Turn::Serve(credentials) => return Ok(Found::Credentials((*credentials).clone())),
                    Turn::Refresh(permit) => {
                        let served = permit.load_with(context).await?;
                        return Ok(Found::Credentials((*served.credentials).clone()));
                    }
                    // A flow has no waker of its own.
                    Turn::Wait(waiting) => {
                        while !waiting.cached.inner().refresh.is_over(waiting.round) {
                            context.ask().wait(LOOK).await;
                        }
                        waiting.turn(context.server_time())?
                    }
                };
            }
        })
    }

    fn refused(&self, context: &Context, access_key_id: &str) -> bool {
        self.refused(context.server_time(), access_key_id)
    }
}

impl fmt::Debug for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached").field("chain", &self.0.chain).finish_non_exhaustive()
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("round", &self.round).finish_non_exhaustive()
    }
}
