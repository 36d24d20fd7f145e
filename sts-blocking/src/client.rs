use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use sts_proto::call::{Caller, Deadlines, LogLine};
use sts_proto::endpoint::Endpoint;
use sts_proto::operation::Operation;
use sts_proto::settings::{Resolved, Timeouts, total_time};
use sts_proto::sigv4::PresignedUrl;
use sts_proto::step::{Flow, Resume, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Body, Credentials, Error, Presign, Reply, http};

use crate::builder::ClientBuilder;
use crate::transport::Transport;

/// A client of STS. Cheap to clone and to share between threads; clones share connections and signing keys.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    credentials: Option<Arc<Credentials>>,
}

struct Shared {
    caller: Arc<Caller>,
    transport: Box<dyn Transport>,
    timeouts: Timeouts,
}

impl Client {
    /// A client in the making.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client in the making that sends by another transport than ureq.
    pub fn with_transport(transport: impl Transport + 'static) -> ClientBuilder {
        ClientBuilder::default().transport(transport)
    }

    pub(crate) fn from_parts(resolved: Resolved, transport: Box<dyn Transport>) -> Self {
        let Resolved { caller, timeouts, credentials, .. } = resolved;
        let shared = Arc::new(Shared { caller: Arc::new(caller), transport, timeouts });
        Self { shared, credentials: credentials.map(Arc::new) }
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
        Call { client: self, operation, credentials: self.credentials.clone(), timeout: None }
    }

    /// A URL that makes the call for whoever opens it, signed with the client's credentials.
    ///
    /// # Errors
    /// As [`Encoder::presign`](crate::Encoder::presign).
    pub fn presign<O: Operation>(&self, operation: &O, options: &Presign) -> Result<PresignedUrl, Error> {
        let now = OffsetDateTime::now_utc();
        self.shared.caller.presign(operation, self.credentials.as_deref(), now, options)
    }

    /// The same client with other credentials, such as those of a role just assumed.
    #[must_use]
    pub fn with_credentials(&self, credentials: Credentials) -> Self {
        Self { shared: Arc::clone(&self.shared), credentials: Some(Arc::new(credentials)) }
    }

    /// Where requests go, what they are signed for, and why.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        self.shared.caller.encoder().endpoint()
    }

    /// What the server's clock is ahead of ours by, as far as is known. Requests are signed with the server's time.
    #[must_use]
    pub fn skew(&self) -> sts_proto::time::Duration {
        self.shared.caller.skew()
    }

    /// Closes the connections that are kept open for further requests.
    pub fn close_idle(&self) {
        self.shared.transport.close_idle();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", self.endpoint())
            .field("credentials", &self.credentials)
            .field("timeouts", &self.shared.timeouts)
            .finish_non_exhaustive()
    }
}

/// One call, with settings of its own.
#[must_use = "a call is made by `send`"]
pub struct Call<'c, O> {
    client: &'c Client,
    operation: O,
    credentials: Option<Arc<Credentials>>,
    timeout: Option<Duration>,
}

impl<O: Operation> Call<'_, O> {
    /// Other credentials for this call.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(Arc::new(credentials));
        self
    }

    /// Another total time for this call.
    pub fn timeout(mut self, total: Duration) -> Self {
        self.timeout = Some(total);
        self
    }

    /// The request that the call would begin with at that time, signed and complete, without sending it: for a dry run.
    /// The same call at the same time gives the same request; its invocation id is not random.
    ///
    /// # Errors
    /// As [`Encoder::encode`](crate::Encoder::encode).
    pub fn first_request(self, at: OffsetDateTime) -> Result<http::Request<Body>, Error> {
        let shared = &self.client.shared;
        let deadlines = Deadlines { attempt: shared.timeouts.attempt, total: shared.timeouts.total };
        let caller = Arc::clone(&shared.caller);
        match sts_proto::call::Call::new(caller, self.operation, self.credentials, deadlines, 0).start(at) {
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
        let shared = &self.client.shared;
        let action = self.operation.action().to_owned();
        let total = total_time(self.timeout, shared.timeouts).map_err(|error| error.during(&action))?;
        let key = self.credentials.clone();
        let deadlines = Deadlines { attempt: shared.timeouts.attempt, total };
        let caller = Arc::clone(&shared.caller);
        let call = sts_proto::call::Call::new(caller, self.operation, self.credentials, deadlines, seed());
        let start = Instant::now();
        let outcome = drive(&*shared.transport, call.start(OffsetDateTime::now_utc()));
        let line = LogLine {
            action: &action,
            took: start.elapsed(),
            credentials: key.as_deref(),
            outcome: &outcome,
        };
        match &outcome {
            Ok(_) => log::debug!("{line}"),
            Err(_) => log::warn!("{line}"),
        }
        outcome
    }
}

/// The driver: sends and sleeps, and decides nothing.
fn drive<F: Flow>(transport: &dyn Transport, mut step: Step<F>) -> Result<F::Output, Error> {
    loop {
        step = match step {
            Step::Send(transmit, then) => {
                let answer = transport.send(transmit.request, transmit.timeout);
                then.resume(OffsetDateTime::now_utc(), answer)
            }
            Step::Wait(wait, then) => {
                thread::sleep(wait);
                then.resume(OffsetDateTime::now_utc(), ())
            }
            Step::Done(result) => return result,
        }
    }
}

/// The randomness of a call's waits. The standard library draws a new key for each of its hashers.
fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
