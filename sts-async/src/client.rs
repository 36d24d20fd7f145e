use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sts_proto::call::{Caller, Deadlines};
use sts_proto::endpoint::Endpoint;
use sts_proto::operation::Operation;
use sts_proto::settings::{Report, Resolved, Timeouts, total_time};
use sts_proto::sigv4::PresignedUrl;
#[cfg(doc)]
use sts_proto::step::Seq;
use sts_proto::step::{Flow, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Credentials, Encoder, Error, Presign, Reply, TransportKind};

use crate::builder::ClientBuilder;
use crate::connector::Connector;
use crate::driver::{Io, MfaCode, drive};
#[cfg(feature = "sources")]
use crate::environment;
use crate::http_transport::HttpTransport;
use crate::log::Log;
use crate::provider::Provider;
use crate::signer::Signer;
use crate::transport::Transport;

/// A client of STS. Cheap to clone and to share; clones share connections and signing keys.
///
/// What it gives are futures that hold all they need: they can be spawned, and dropped at any time. Dropping one
/// abandons its call and closes the connection that it used, if any; whether STS got the request is not known then.
pub struct Client<T> {
    pub(crate) shared: Arc<Shared<T>>,
    pub(crate) signer: Signer<T>,
}

pub(crate) struct Shared<T> {
    pub(crate) caller: Arc<Caller>,
    pub(crate) io: Io<T>,
    pub(crate) timeouts: Timeouts,
    report: Report,
}

impl<C: Connector + Default> Client<HttpTransport<C>> {
    /// A client as this machine has it: settings and credentials from the process's environment, the shared config and
    /// credentials files, and wherever else AWS's SDKs find credentials. On a laptop, in CI, in a container, on EC2.
    ///
    /// Where nothing names a region, and no endpoint URL takes its place, the instance metadata service is asked for it, which
    /// elsewhere than on EC2 takes up to a second. Nothing else is sent yet: where there are no credentials, the first call
    /// says so.
    ///
    /// # Errors
    /// As [`config_from_env`](crate::config_from_env) and [`ClientBuilder::build`], among which: there is no region.
    #[cfg(feature = "sources")]
    pub async fn from_env() -> Result<Self, Error> {
        let config = Arc::new(crate::config_from_env(None)?);
        let builder = Self::builder().config(Arc::clone(&config)).credentials_from_chain();
        if config.region().is_some() || config.endpoint_url()?.is_some() {
            return builder.build();
        }
        let transport = HttpTransport::new(C::default());
        let region = environment::instance_region(&config, transport).await?;
        builder.region(region).build()
    }

    /// A client in the making.
    pub fn builder() -> ClientBuilder<HttpTransport<C>> {
        Self::with_connector(C::default())
    }
}

impl<C: Connector> Client<HttpTransport<C>> {
    /// A client in the making that sends over connections of that connector.
    pub fn with_connector(connector: C) -> ClientBuilder<HttpTransport<C>> {
        ClientBuilder::with_connector(connector)
    }
}

impl<T: Transport> Client<T> {
    /// A client in the making that sends by that transport.
    pub fn with_transport(transport: T) -> ClientBuilder<T> {
        ClientBuilder::with_transport(transport)
    }

    pub(crate) fn from_parts(resolved: Resolved, transport: T, mfa_code: Option<Box<MfaCode>>) -> Self {
        let Resolved { caller, timeouts, credentials, chain, report, .. } = resolved;
        let io = Io { transport, mfa_code };
        let shared = Arc::new(Shared { caller: Arc::new(caller.observer(Log)), io, timeouts, report });
        let client = Self { shared, signer: Signer::from(credentials) };
        match chain {
            Some(chain) => client.with_provider(Provider::new(&client, chain)),
            None => client,
        }
    }

    /// Makes the call and gives the result.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn send<O: Operation>(
        &self,
        operation: O,
    ) -> impl Future<Output = Result<Reply<O::Output>, Error>> + use<T, O> {
        self.call(operation).send()
    }

    /// A call whose settings can differ from the client's.
    pub fn call<O: Operation>(&self, operation: O) -> Call<T, O> {
        Call { client: self.clone(), operation, timeout: None, denied_for: None, lowers_duration: None }
    }

    /// A URL that makes the call for whoever opens it, signed with the client's credentials. The call itself is not made; a
    /// provider may have to fetch the credentials.
    ///
    /// # Errors
    /// As [`Encoder::presign`](crate::Encoder::presign), and those of the provider, if there is one.
    pub fn presign<O: Operation>(
        &self,
        operation: &O,
        options: &Presign,
    ) -> impl Future<Output = Result<PresignedUrl, Error>> + use<T, O> {
        let Self { shared, signer } = self.clone();
        let (operation, options) = (operation.clone(), options.clone());
        async move {
            let credentials = signer.credentials().await?;
            let now = OffsetDateTime::now_utc();
            shared.caller.presign(&operation, credentials.as_deref(), now, &options)
        }
    }

    /// Goes through the steps of a flow with the client's transport: such as those of [`Seq::start`].
    ///
    /// # Errors
    /// Those of the flow.
    pub fn drive<F: Flow>(
        &self,
        step: Step<F>,
    ) -> impl Future<Output = Result<F::Output, Error>> + use<T, F> {
        let shared = Arc::clone(&self.shared);
        async move { drive(&shared.io, step).await }
    }

    /// The same client with other credentials, such as those of a role just assumed.
    #[must_use]
    pub fn with_credentials(&self, credentials: Credentials) -> Self {
        Self { shared: Arc::clone(&self.shared), signer: Signer::from(Some(credentials)) }
    }

    /// The same client with the credentials of a provider, which refreshes them: before they expire, and when STS
    /// refuses them as expired or invalid. Then the call is made again with others, once.
    #[must_use]
    pub fn with_provider(&self, provider: impl Into<Provider<T>>) -> Self {
        Self { shared: Arc::clone(&self.shared), signer: Signer::Provider(provider.into()) }
    }

    /// What gives and refreshes the credentials, if something does.
    #[must_use]
    pub fn provider(&self) -> Option<&Provider<T>> {
        self.signer.provider()
    }

    /// Closes the connections that are kept open for further requests.
    ///
    /// No thread watches over them: one that has grown too old is closed by a later call, by this, or with the client.
    pub fn close_idle(&self) {
        self.shared.io.transport.close_idle();
    }
}

impl<T> Client<T> {
    /// Where requests go, what they are signed for, and why.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        self.shared.caller.encoder().endpoint()
    }

    /// What makes requests: endpoint, checks and signing keys, for what `token` builds.
    #[must_use]
    pub fn encoder(&self) -> &Encoder {
        self.shared.caller.encoder()
    }

    /// What was decided when the client was made, and by whom. No secret is in it.
    #[must_use]
    pub fn settings(&self) -> &Report {
        &self.shared.report
    }

    /// What the server's clock is ahead of ours by, as far as is known. Requests are signed with the server's time.
    #[must_use]
    pub fn skew(&self) -> sts_proto::time::Duration {
        self.shared.caller.skew()
    }
}

impl<T> Clone for Client<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), signer: self.signer.clone() }
    }
}

impl<T> fmt::Debug for Client<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", self.endpoint())
            .field("credentials", &self.signer)
            .field("timeouts", &self.shared.timeouts)
            .finish_non_exhaustive()
    }
}

/// One call, with settings of its own.
#[must_use = "a call is made by `send`"]
pub struct Call<T, O> {
    client: Client<T>,
    operation: O,
    timeout: Option<Duration>,
    denied_for: Option<Duration>,
    lowers_duration: Option<bool>,
}

// Derived, it would ask for a `T` that can be shown.
impl<T, O: fmt::Debug> fmt::Debug for Call<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("client", &self.client)
            .field("operation", &self.operation)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl<T: Transport, O: Operation> Call<T, O> {
    /// Other credentials for this call.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.client.signer = Signer::from(Some(credentials));
        self
    }

    /// Another total time for this call. Getting the credentials counts, and is not broken off: if it leaves no time, nothing
    /// is sent. The credentials are kept for the next call then.
    pub fn timeout(mut self, total: Duration) -> Self {
        self.timeout = Some(total);
        self
    }

    /// For this call what [`ClientBuilder::retry_access_denied_for`] is for all.
    pub fn retry_access_denied_for(mut self, time: Duration) -> Self {
        self.denied_for = Some(time);
        self
    }

    /// For this call what [`ClientBuilder::lower_duration`] is for all.
    pub fn lower_duration(mut self, on: bool) -> Self {
        self.lowers_duration = Some(on);
        self
    }

    /// Makes the call and gives the result.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). Retries are spent.
    pub async fn send(self) -> Result<Reply<O::Output>, Error> {
        let Self { client: Client { shared, signer }, mut operation, timeout, denied_for, lowers_duration } =
            self;
        let total = total_time(timeout, shared.timeouts).map_err(|error| error.during(operation.action()))?;
        let start = Instant::now();
        let mut credentials = match operation.is_signed() {
            true => signer.credentials().await?,
            false => None,
        };
        let mut left = total.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(no_time_left().during(operation.action()));
        }
        // Whoever can give others than those that were refused is asked for them once.
        let mut provider = signer.provider();
        loop {
            let again = provider.take().map(|provider| (provider, operation.clone()));
            let own = Own { total: left, denied_for, lowers_duration };
            let outcome = shared.once(operation, credentials.clone(), own).await;
            let (Err(error), Some(refused), Some((provider, same))) = (&outcome, credentials, again) else {
                return outcome;
            };
            let fresh = match error.refuses_credentials() {
                true => provider.instead_of(&refused).await,
                false => None,
            };
            left = total.saturating_sub(start.elapsed());
            if fresh.is_none() || left.is_zero() {
                return outcome;
            }
            (operation, credentials) = (same, fresh);
        }
    }
}

fn no_time_left() -> Error {
    let words = "the credentials came when the call's time was over";
    Error::transport(TransportKind::Timeout, io::Error::new(io::ErrorKind::TimedOut, words))
}

/// What a call has of its own.
#[derive(Clone, Copy)]
struct Own {
    total: Duration,
    denied_for: Option<Duration>,
    lowers_duration: Option<bool>,
}

impl<T: Transport> Shared<T> {
    async fn once<O: Operation>(
        &self,
        operation: O,
        credentials: Option<Arc<Credentials>>,
        own: Own,
    ) -> Result<Reply<O::Output>, Error> {
        let deadlines = Deadlines { attempt: self.timeouts.attempt, total: own.total };
        let caller = Arc::clone(&self.caller);
        let mut call = sts_proto::call::Call::new(caller, operation, credentials, deadlines, seed());
        if let Some(time) = own.denied_for {
            call = call.retry_access_denied_for(time);
        }
        if let Some(on) = own.lowers_duration {
            call = call.lower_duration(on);
        }
        drive(&self.io, call.start(OffsetDateTime::now_utc())).await
    }
}

/// The randomness of a call's waits. The standard library draws a new key for each of its hashers.
pub(crate) fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
