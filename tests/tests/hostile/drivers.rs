//! One call by each driver and runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use async_executor::LocalExecutor;
use futures_lite::future;
use sts_async::Connector;
use sts_async::smol::SmolConnector;
use sts_async::tokio::TokioConnector;
use sts_proto::operation::{AssumeRoleWithWebIdentity, GetCallerIdentity};
use sts_proto::settings::Timeouts;
use sts_proto::{Credentials, Error, RetryPolicy};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    Blocking,
    TokioCurrentThread,
    TokioMultiThread,
    Smol,
}

/// Where a client sends, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) url: String,
    pub(crate) proxy: Option<String>,
    pub(crate) authority: String,
    /// For the connection, the attempt and the call.
    pub(crate) deadline: Duration,
    /// How many bytes the token that is sent has; zero is a small request without one.
    pub(crate) token_bytes: usize,
}

/// What came of a call.
pub(crate) struct Outcome {
    /// The account that the reply names.
    pub(crate) result: Result<String, Error>,
    pub(crate) elapsed: Duration,
    /// The longest time without another task of the same thread.
    pub(crate) starved: Duration,
}

/// How often the other task runs.
const TICK: Duration = Duration::from_millis(5);

const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

/// The same client of either driver: their builders have the same methods.
macro_rules! client {
    ($builder:expr, $setup:expr) => {{
        let Setup { url, proxy, authority, deadline, .. } = $setup;
        let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG").unwrap();
        let timeouts = Timeouts::default().connect(*deadline).attempt(*deadline).total(*deadline);
        let builder = $builder.region("us-east-1").endpoint_url(url).credentials(credentials);
        let builder = builder.retry(RetryPolicy::never()).variables(|_| None).timeouts(timeouts);
        let builder = match proxy {
            Some(proxy) => builder.proxy(proxy.as_str()),
            None => builder.no_proxy(),
        };
        builder.ca_bundle_pem(authority.as_str()).build().unwrap()
    }};
}

fn with_token(bytes: usize) -> AssumeRoleWithWebIdentity {
    AssumeRoleWithWebIdentity::new(ROLE, "session", "web-identity-secret".repeat(bytes / 19 + 1))
}

/// Makes one call after each of the pauses, with the same client. Nothing is awaited in a pause: the program computes.
pub(crate) fn calls(driver: Driver, setup: &Setup, pauses: &[Duration]) -> Vec<Outcome> {
    match driver {
        Driver::Blocking => blocking(setup, pauses),
        Driver::TokioCurrentThread => {
            on_tokio(tokio::runtime::Builder::new_current_thread(), setup.clone(), pauses.to_vec())
        }
        Driver::TokioMultiThread => {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            runtime.worker_threads(2);
            on_tokio(runtime, setup.clone(), pauses.to_vec())
        }
        Driver::Smol => {
            let (executor, other) = (LocalExecutor::new(), Other::default());
            executor.spawn(other.clone().run(SmolConnector)).detach();
            let calls = asynchronous::<SmolConnector>(setup.clone(), pauses.to_vec(), other);
            future::block_on(executor.run(calls))
        }
    }
}

fn blocking(setup: &Setup, pauses: &[Duration]) -> Vec<Outcome> {
    let client = client!(sts_blocking::Client::builder(), setup);
    let call = |pause: &Duration| {
        thread::sleep(*pause);
        let start = Instant::now();
        let result = match setup.token_bytes {
            0 => client.send(GetCallerIdentity::new()).map(|reply| reply.account.clone()),
            bytes => client.send(with_token(bytes)).map(|_| String::new()),
        };
        Outcome { result, elapsed: start.elapsed(), starved: Duration::ZERO }
    };
    pauses.iter().map(call).collect()
}

fn on_tokio(mut runtime: tokio::runtime::Builder, setup: Setup, pauses: Vec<Duration>) -> Vec<Outcome> {
    let runtime = runtime.enable_all().build().unwrap();
    let outcomes = runtime.block_on(async {
        let other = Other::default();
        tokio::spawn(other.clone().run(TokioConnector));
        tokio::spawn(asynchronous::<TokioConnector>(setup, pauses, other)).await.unwrap()
    });
    // A resolution of names that goes on is nobody's concern.
    runtime.shutdown_background();
    outcomes
}

async fn asynchronous<C: Connector + Default>(
    setup: Setup,
    pauses: Vec<Duration>,
    other: Other,
) -> Vec<Outcome> {
    let client = client!(sts_async::Client::<sts_async::HttpTransport<C>>::builder(), &setup);
    let mut outcomes = Vec::new();
    for pause in pauses {
        thread::sleep(pause);
        let start = Instant::now();
        other.begin();
        let result = match setup.token_bytes {
            0 => client.send(GetCallerIdentity::new()).await.map(|reply| reply.account.clone()),
            bytes => client.send(with_token(bytes)).await.map(|_| String::new()),
        };
        outcomes.push(Outcome { result, elapsed: start.elapsed(), starved: other.end() });
    }
    outcomes
}

/// Another task, which wants to run every few milliseconds.
#[derive(Clone)]
struct Other {
    epoch: Instant,
    /// When it last ran, in microseconds of the epoch.
    last: Arc<AtomicU64>,
    /// The longest time between two runs.
    longest: Arc<AtomicU64>,
}

impl Default for Other {
    fn default() -> Self {
        Self { epoch: Instant::now(), last: Arc::default(), longest: Arc::default() }
    }
}

impl Other {
    async fn run<C: Connector>(self, connector: C) {
        loop {
            connector.sleep(TICK).await;
            self.note();
        }
    }

    fn note(&self) {
        let now = u64::try_from(self.epoch.elapsed().as_micros()).unwrap();
        let last = self.last.swap(now, Ordering::Relaxed);
        self.longest.fetch_max(now.saturating_sub(last), Ordering::Relaxed);
    }

    fn begin(&self) {
        self.note();
        self.longest.store(0, Ordering::Relaxed);
    }

    fn end(&self) -> Duration {
        self.note();
        Duration::from_micros(self.longest.load(Ordering::Relaxed))
    }
}
