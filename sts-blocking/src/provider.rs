use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context as TaskContext, Wake, Waker};
use std::time::{SystemTime, UNIX_EPOCH};

use sts_proto::call::Deadlines;
use sts_proto::refresh::{Cached, Permit, RefreshPolicy, Status, Turn};
use sts_proto::source::{Chain, Context, Report};
use sts_proto::step::Seq;
use sts_proto::time::OffsetDateTime;
use sts_proto::{Credentials, Error};

use crate::client::{Client, Shared, seed};
use crate::driver::drive;
use crate::signer::Refreshed;

/// Credentials that do not expire under whoever uses them: those of a chain of sources, kept, and refreshed in time.
/// Cheap to clone and to share between threads; clones share the credentials.
///
/// [`credentials`](Self::credentials) gives what is there, mostly at once. When a refresh is due, one of the threads that
/// ask makes it, and the others are served what there is; in the last minute they wait for it. A thread of yours can make
/// it instead, so that nobody ever waits:
///
/// ```
/// use std::time::Duration;
/// use sts_blocking::source::Chain;
/// # use sts_blocking::source::{Context, Found, Looking, Source};
/// use sts_blocking::time::OffsetDateTime;
/// use sts_blocking::{Client, Credentials, Error, Provider};
///
/// # #[derive(Debug)] struct Vault;
/// # impl Source for Vault {
/// #     fn name(&self) -> &'static str { "vault" }
/// #     fn look<'a>(&'a self, _: &'a Context) -> Looking<'a> {
/// #         Box::pin(async { Ok(Found::Credentials(Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret")?)) })
/// #     }
/// # }
/// # struct Off;
/// # impl sts_blocking::Transport for Off {
/// #     fn send(&self, _: sts_blocking::http::Request<sts_blocking::Body>, _: Duration)
/// #         -> Result<sts_blocking::http::Response<sts_blocking::Body>, Error> {
/// #         Err(Error::transport(sts_blocking::TransportKind::Connect, "off")) } }
/// # let client = Client::with_transport(Off).region("eu-west-1").build()?;
/// let provider = Provider::new(&client, Chain::new().with(Vault));
/// let client = client.with_provider(provider.clone());
/// // What the thread does, until it is stopped:
/// # let mut turns = 0;
/// loop {
///     let wait = match provider.next_refresh_at() {
///         None => break, // credentials without expiry
///         Some(at) => Duration::try_from(at - OffsetDateTime::now_utc()).unwrap_or_default(),
///     };
///     std::thread::sleep(wait);
///     if let Err(error) = provider.refresh() {
///         eprintln!("{error}");
///     }
/// #   turns += 1; assert!(turns < 2);
/// }
/// assert_eq!(provider.credentials()?.source(), Some("vault"));
/// # Ok::<(), Error>(())
/// ```
///
/// The rules are [`refresh`](crate::refresh)'s.
#[derive(Clone)]
pub struct Provider {
    cached: Cached,
    shared: Arc<Shared>,
}

impl Provider {
    /// Over that chain, with the client's transport, endpoint and settings. The client's credentials play no part.
    #[must_use]
    pub fn new(client: &Client, chain: Chain) -> Self {
        Self::with_policy(client, chain, RefreshPolicy::default())
    }

    /// The same with other windows.
    #[must_use]
    pub fn with_policy(client: &Client, chain: Chain, policy: RefreshPolicy) -> Self {
        Self { cached: Cached::new(chain, policy, seed()), shared: Arc::clone(&client.shared) }
    }

    /// Credentials that are good now. Mostly at once; otherwise after a refresh.
    ///
    /// Equal ones may be in different `Arc`s: threads have copies of their own.
    ///
    /// # Errors
    /// Those of the chain, where it gives none and there are none from before.
    pub fn credentials(&self) -> Result<Arc<Credentials>, Error> {
        match self.current() {
            Some(credentials) => Ok(credentials),
            None => self.follow(self.cached.turn(self.now())),
        }
    }

    /// The credentials that are there, if they are good and no refresh is due. Never waits.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Credentials>> {
        let skew = self.shared.caller.skew().whole_seconds().saturating_mul(1000);
        self.cached.current(milliseconds().saturating_add(skew))
    }

    /// Refreshes now, be it time or not, and gives what there is then. A refresh that is under way is waited for.
    ///
    /// # Errors
    /// Those of the chain, where it gives none and there are none from before; otherwise [`status`](Self::status) has
    /// them.
    pub fn refresh(&self) -> Result<Arc<Credentials>, Error> {
        self.follow(self.cached.force(self.now()))
    }

    /// Tells that a service refused the credentials with that access key id, with a code such as `ExpiredToken`,
    /// `ExpiredTokenException` or `InvalidToken`: if they are those that are there, they are dropped. Says whether
    /// [`credentials`](Self::credentials) can give others now. A [`Client`] with this provider does it by itself.
    #[expect(clippy::must_use_candidate, reason = "most only tell")]
    pub fn expired(&self, access_key_id: &str) -> bool {
        self.cached.refused(self.now(), access_key_id)
    }

    /// When the next refresh is due, by the local clock: now or earlier where there are no credentials yet, `None` for
    /// those without expiry.
    #[must_use]
    pub fn next_refresh_at(&self) -> Option<OffsetDateTime> {
        let at = self.status().next_refresh_at?;
        Some(at.saturating_sub(self.shared.caller.skew()))
    }

    /// Where the last refresh looked for credentials, and what it found there.
    #[must_use]
    pub fn report(&self) -> Option<Arc<Report>> {
        self.status().report
    }

    /// What is there, whether it is stale, and what the last refresh failed with. Times are the server's.
    #[must_use]
    pub fn status(&self) -> Status {
        self.cached.status(self.now())
    }

    pub(crate) fn cached(&self) -> &Cached {
        &self.cached
    }

    /// Whether it refreshes with the transport, endpoint and settings of that client.
    pub(crate) fn is_over(&self, client: &Client) -> bool {
        Arc::ptr_eq(&self.shared, &client.shared)
    }

    /// By the server's clock, as far as it is known.
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc().saturating_add(self.shared.caller.skew())
    }

    fn follow(&self, turn: Result<Turn, Error>) -> Result<Arc<Credentials>, Error> {
        let mut turn = turn?;
        loop {
            turn = match turn {
                Turn::Serve(credentials) => return Ok(credentials),
                Turn::Refresh(permit) => return self.load(permit),
                Turn::Wait(mut waiting) => {
                    wait(&mut waiting);
                    waiting.turn(self.now())?
                }
            };
        }
    }

    fn load(&self, permit: Permit) -> Result<Arc<Credentials>, Error> {
        let Shared { caller, io, timeouts, .. } = &*self.shared;
        let deadlines = Deadlines { attempt: timeouts.attempt, total: timeouts.total };
        let caller = Arc::clone(caller);
        let step = Seq::start(OffsetDateTime::now_utc(), |ask| {
            permit.load(Context::new(ask, caller, deadlines, seed()))
        });
        let result = drive(io, step);
        match (&result, self.status()) {
            (Err(error), _) => log::warn!("{error}"),
            (Ok(_), Status { error: Some(error), .. }) => log::warn!("{error}; older credentials are served"),
            (Ok(served), _) => log::debug!("credentials refreshed: {:?}", served.credentials),
        }
        result.map(|served| served.credentials)
    }
}

impl Refreshed for Provider {
    fn credentials(&self) -> Result<Arc<Credentials>, Error> {
        self.credentials()
    }

    fn instead_of(&self, refused: &Credentials) -> Option<Arc<Credentials>> {
        let can_help = self.expired(refused.access_key_id());
        let fresh = if can_help { self.credentials().ok() } else { None };
        fresh.filter(|fresh| fresh.access_key_id() != refused.access_key_id())
    }

    fn provider(&self) -> &Provider {
        self
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("cached", &self.cached).finish_non_exhaustive()
    }
}

/// The local time since 1970, without a calendar.
fn milliseconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX).saturating_mul(1000) + i64::from(since.subsec_millis())
}

/// Waits in this thread.
pub(crate) fn wait(waiting: &mut (impl Future<Output = ()> + Unpin)) {
    let signal = Arc::new(Signal::default());
    let waker = Waker::from(Arc::clone(&signal));
    let mut waiting = pin!(waiting);
    while waiting.as_mut().poll(&mut TaskContext::from_waker(&waker)).is_pending() {
        let mut is_woken = signal.is_woken.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_woken {
            is_woken = signal.condition.wait(is_woken).unwrap_or_else(PoisonError::into_inner);
        }
        *is_woken = false;
    }
}

/// Wakes a thread. Not by unparking it, which code of the caller's may use for something else.
#[derive(Default)]
struct Signal {
    is_woken: Mutex<bool>,
    condition: Condvar,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        *self.is_woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.condition.notify_one();
    }
}
