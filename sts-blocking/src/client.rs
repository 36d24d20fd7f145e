use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use sts_proto::call::{Caller, Deadlines};
use sts_proto::endpoint::Endpoint;
use sts_proto::operation::Operation;
use sts_proto::settings::{Resolved, Timeouts, total_time};
use sts_proto::sigv4::PresignedUrl;
#[cfg(doc)]
use sts_proto::step::Seq;
use sts_proto::step::{Flow, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Body, Credentials, Error, Presign, Reply, http};

use crate::builder::ClientBuilder;
use crate::driver::{Io, MfaCode, drive};
use crate::log::Log;
use crate::transport::Transport;

/// A client of STS. Cheap to clone and to share between threads; clones share connections and signing keys.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    credentials: Option<Arc<Credentials>>,
}

struct Shared {
    caller: Arc<Caller>,
    io: Io,
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

    pub(crate) fn from_parts(
        resolved: Resolved,
        transport: Box<dyn Transport>,
        mfa_code: Box<MfaCode>,
    ) -> Self {
        let Resolved { caller, timeouts, credentials, .. } = resolved;
        let io = Io { transport, mfa_code };
        let shared = Arc::new(Shared { caller: Arc::new(caller.observer(Log)), io, timeouts });
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
        Call {
            client: self,
            operation,
            credentials: self.credentials.clone(),
            timeout: None,
            denied_for: None,
            lowers_duration: None,
        }
    }

    /// A URL that makes the call for whoever opens it, signed with the client's credentials.
    ///
    /// # Errors
    /// As [`Encoder::presign`](crate::Encoder::presign).
    pub fn presign<O: Operation>(&self, operation: &O, options: &Presign) -> Result<PresignedUrl, Error> {
        let now = OffsetDateTime::now_utc();
        self.shared.caller.presign(operation, self.credentials.as_deref(), now, options)
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
        self.shared.io.transport.close_idle();
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
    denied_for: Option<Duration>,
    lowers_duration: Option<bool>,
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
        let total = total_time(self.timeout, shared.timeouts)
            .map_err(|error| error.during(self.operation.action()))?;
        let deadlines = Deadlines { attempt: shared.timeouts.attempt, total };
        let caller = Arc::clone(&shared.caller);
        let mut call =
            sts_proto::call::Call::new(caller, self.operation, self.credentials, deadlines, seed());
        if let Some(time) = self.denied_for {
            call = call.retry_access_denied_for(time);
        }
        if let Some(on) = self.lowers_duration {
            call = call.lower_duration(on);
        }
        drive(&shared.io, call.start(OffsetDateTime::now_utc()))
    }
}

/// The randomness of a call's waits. The standard library draws a new key for each of its hashers.
pub(crate) fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
