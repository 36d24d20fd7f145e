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
use sts_proto::source::Chain;
#[cfg(doc)]
use sts_proto::step::Seq;
use sts_proto::step::{Flow, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Body, Credentials, Encoder, Error, Presign, Reply, TransportKind, http};

use crate::builder::ClientBuilder;
use crate::driver::{Io, MfaCode, drive, drive_call};
#[cfg(feature = "sources")]
use crate::environment;
use crate::log::Log;
#[cfg(feature = "sources")]
use crate::network;
use crate::provider::Provider;
use crate::signer::{Refreshed, Signer};
use crate::transport::Transport;

/// Makes a client whose credentials are those of a chain.
pub(crate) type Provide = fn(&Client, Chain) -> Client;

/// A client of STS. Cheap to clone and to share between threads; clones share connections and signing keys.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
    pub(crate) signer: Signer,
}

pub(crate) struct Shared {
    pub(crate) caller: Arc<Caller>,
    pub(crate) io: Io,
    pub(crate) timeouts: Timeouts,
    report: Report,
}

impl Client {
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
    pub fn from_env() -> Result<Self, Error> {
        let config = Arc::new(crate::config_from_env(None)?);
        let builder = Self::builder().config(Arc::clone(&config)).credentials_from_chain();
        if config.region().is_some() || config.endpoint_url()?.is_some() {
            return builder.build();
        }
        let transport = network::next_door()?;
        let region = environment::instance_region(&config, transport)?;
        builder.region(region).build()
    }

    /// A client in the making.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client in the making that sends by another transport than ureq.
    pub fn with_transport(transport: impl Transport + 'static) -> ClientBuilder {
        ClientBuilder::default().transport(transport)
    }

    pub(crate) fn from_parts(
        resolved: Resolved,
        transport: Box<dyn Transport>,
        mfa_code: Option<Box<MfaCode>>,
        provide: Option<Provide>,
    ) -> Self {
        let Resolved { caller, timeouts, credentials, chain, report, .. } = resolved;
        let io = Io { transport, mfa_code };
        let shared = Arc::new(Shared { caller: Arc::new(caller.observer(Log)), io, timeouts, report });
        let client = Self { shared, signer: Signer::from(credentials) };
        match (chain, provide) {
            (Some(chain), Some(provide)) => provide(&client, chain),
            (chain, _) => {
                debug_assert!(chain.is_none(), "whoever sets a chain sets what serves it");
                client
            }
        }
    }

    /// Makes the call and waits for the result.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn send<O: Operation>(&self, operation: O) -> Result<Reply<O::Output>, Error> {
        self.call(operation).send()
    }

    /// A call whose settings can differ from the client's.
    pub fn call<O: Operation>(&self, operation: O) -> Call<'_, O> {
        Call {
            client: self,
            operation,
            signer: self.signer.clone(),
            timeout: None,
            denied_for: None,
            lowers_duration: None,
        }
    }

    /// A URL that makes the call for whoever opens it, signed with the client's credentials.
    ///
    /// # Errors
    /// As [`Encoder::presign`](crate::Encoder::presign), and those of the provider, if there is one.
    pub fn presign<O: Operation>(&self, operation: &O, options: &Presign) -> Result<PresignedUrl, Error> {
        let credentials = self.signer.credentials()?;
        let now = OffsetDateTime::now_utc();
        self.shared.caller.presign(operation, credentials.as_deref(), now, options)
    }

    /// Goes through the steps of a flow with the client's transport: such as those of [`Seq::start`].
    ///
    /// # Errors
    /// Those of the flow.
    pub fn drive<F: Flow>(&self, step: Step<F>) -> Result<F::Output, Error> {
        drive(&self.shared.io, step)
    }

    /// The same client with other credentials, such as those of a role just assumed.
    #[must_use]
    pub fn with_credentials(&self, credentials: Credentials) -> Self {
        Self { shared: Arc::clone(&self.shared), signer: Signer::from(Some(credentials)) }
    }

    /// The same client with the credentials of a provider, which refreshes them: before they expire, and when STS
    /// refuses them as expired or invalid. Then the call is made again with others, once.
    #[must_use]
    pub fn with_provider(&self, provider: impl Into<Provider>) -> Self {
        Self { shared: Arc::clone(&self.shared), signer: Signer::from(provider.into()) }
    }

    /// What gives and refreshes the credentials, if something does.
    #[must_use]
    pub fn provider(&self) -> Option<&Provider> {
        self.signer.provider().map(Refreshed::provider)
    }

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

    /// The credentials that a call would be signed with now; a provider may have to fetch them. `None` for a client
    /// without any.
    ///
    /// # Errors
    /// Those of the provider.
    pub fn credentials(&self) -> Result<Option<Arc<Credentials>>, Error> {
        self.signer.credentials()
    }

    /// What the server's clock is ahead of ours by, as far as is known. Requests are signed with the server's time.
    #[must_use]
    pub fn skew(&self) -> sts_proto::time::Duration {
        self.shared.caller.skew()
    }

    /// Closes the connections that are kept open for further requests.
    pub fn close_idle(&self) {
        self.shared.io.transport.close_idle();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", self.endpoint())
            .field("credentials", &self.signer)
            .field("timeouts", &self.shared.timeouts)
            .finish_non_exhaustive()
    }
}

/// One call, with settings of its own.
#[derive(Debug)]
#[must_use = "a call is made by `send`"]
pub struct Call<'c, O> {
    client: &'c Client,
    operation: O,
    signer: Signer,
    timeout: Option<Duration>,
    denied_for: Option<Duration>,
    lowers_duration: Option<bool>,
}

impl<O: Operation> Call<'_, O> {
    /// Other credentials for this call.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.signer = Signer::from(Some(credentials));
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

    /// The request that the call would begin with at that time, signed and complete, without sending it: for a dry run. A provider
    /// may have to send requests of its own for its credentials.
    /// The same call at the same time gives the same request; its invocation id is not random.
    ///
    /// # Errors
    /// As [`Encoder::encode`](crate::Encoder::encode).
    pub fn first_request(self, at: OffsetDateTime) -> Result<http::Request<Body>, Error> {
        let credentials = match self.operation.is_signed() {
            true => self.signer.credentials()?,
            false => None,
        };
        let shared = &self.client.shared;
        let deadlines = Deadlines { attempt: shared.timeouts.attempt, total: shared.timeouts.total };
        let caller = Arc::clone(&shared.caller);
        match sts_proto::call::Call::new(caller, self.operation, credentials, deadlines, 0).start(at) {
            Step::Send(transmit, _) => Ok(transmit.request),
            Step::Done(Err(error)) => Err(error),
            // A call begins with a request, or ends before it.
            Step::Wait(..) | Step::Done(Ok(_)) => Err(Error::setting("Call", "did not begin with a request")),
        }
    }

    /// Makes the call and waits for the result.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). Retries are spent.
    pub fn send(self) -> Result<Reply<O::Output>, Error> {
        let Self { client, operation, signer, timeout, denied_for, lowers_duration } = self;
        let total =
            total_time(timeout, client.shared.timeouts).map_err(|error| error.during(operation.action()))?;
        let start = Instant::now();
        let credentials = match operation.is_signed() {
            true => signer.credentials()?,
            false => None,
        };
        let again = signer.provider().map(|provider| (provider, operation.clone()));
        let left = total.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(no_time_left().during(operation.action()));
        }
        let own = Own { total: left, denied_for, lowers_duration };
        let outcome = client.once(operation, credentials.clone(), own);
        let (Err(error), Some(credentials), Some((provider, operation))) = (&outcome, credentials, again)
        else {
            return outcome;
        };
        let fresh = match error.refuses_credentials() {
            true => provider.instead_of(&credentials),
            false => None,
        };
        let left = total.saturating_sub(start.elapsed());
        match fresh {
            Some(fresh) if !left.is_zero() => client.once(operation, Some(fresh), Own { total: left, ..own }),
            _ => outcome,
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

impl Client {
    fn once<O: Operation>(
        &self,
        operation: O,
        credentials: Option<Arc<Credentials>>,
        own: Own,
    ) -> Result<Reply<O::Output>, Error> {
        let shared = &self.shared;
        let deadlines = Deadlines { attempt: shared.timeouts.attempt, total: own.total };
        let caller = Arc::clone(&shared.caller);
        let mut call = sts_proto::call::Call::new(caller, operation, credentials, deadlines, seed());
        if let Some(time) = own.denied_for {
            call = call.retry_access_denied_for(time);
        }
        if let Some(on) = own.lowers_duration {
            call = call.lower_duration(on);
        }
        drive_call(&shared.io, call.start(OffsetDateTime::now_utc()))
    }
}

/// The randomness of a call's waits. The standard library draws a new key for each of its hashers.
pub(crate) fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
