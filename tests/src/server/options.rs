//! How a server is started.

use std::fmt;
use std::time::Duration;

use super::config::Config;
use super::constraint::Enforcement;

/// Connections served at the same time unless one says otherwise: more than a process may have open on most systems.
const CONNECTIONS: usize = 10_000;

/// How much the server takes from its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a connection may stay silent between requests before the server closes it.
    pub idle: Duration,
    /// How long a request may take from its first byte to the end of its head, and from there to its last byte; also
    /// how long a client may take to receive. A request that is late is answered with 408.
    pub request: Duration,
    /// Connections served at the same time. Further ones wait in the system's backlog until one of them ends, as they do
    /// when the process is out of descriptors.
    pub connections: usize,
}

impl Default for Limits {
    /// Five seconds for either wait, ten thousand connections.
    fn default() -> Self {
        Self { idle: Duration::from_secs(5), request: Duration::from_secs(5), connections: CONNECTIONS }
    }
}

/// How a server is started, for those whom [`Server::start`](super::Server::start) does not suit.
#[derive(Debug, Default)]
pub struct Options {
    pub(super) limits: Limits,
    pub(super) port: u16,
    pub(super) clock_offset: Option<i64>,
    pub(super) log: Option<LogSink>,
    pub(super) config: Option<Config>,
    pub(super) tls: bool,
    pub(super) metadata: bool,
    pub(super) enforcement: Enforcement,
}

impl Options {
    /// What [`Server::start`](super::Server::start) does.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How much the server takes from its clients.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The port, where 0 stands for any free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How many seconds the server's clock is ahead of the machine's, whatever the configuration says.
    #[must_use]
    pub fn clock_offset(mut self, seconds: i64) -> Self {
        self.clock_offset = Some(seconds);
        self
    }

    /// Users, roles and identity providers.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// Speaks TLS, and nothing else, with a certificate for `localhost`, 127.0.0.1 and ::1 of an authority made at start.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Answers also as instance metadata (`/latest/`, the second version), as the endpoint of ECS and EKS (`/v1/credentials`)
    /// and as SSO (`/federation/credentials`, `/token`). [`Metadata`](super::Metadata) holds what their clients need.
    #[must_use]
    pub fn metadata(mut self) -> Self {
        self.metadata = true;
        self
    }

    /// Does not enforce the maxima, patterns and enums of the service model.
    ///
    /// The server then answers like a service whose limits AWS raised after the model was written. Minima, required parameters, formats and rules about several parameters are still enforced.
    #[must_use]
    pub fn accept_beyond_model(mut self) -> Self {
        self.enforcement = Enforcement::BeyondModel;
        self
    }

    /// Who is told about every request: one line each, and after the line of a request whose signature does not match
    /// the canonical request that the server expected. Neither holds a secret. Nobody is served until it returns.
    #[must_use]
    pub fn log(mut self, sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.log = Some(LogSink(Box::new(sink)));
        self
    }
}

/// Where the log goes.
pub(super) struct LogSink(Box<dyn Fn(&str) + Send + Sync>);

impl LogSink {
    pub(super) fn write(&self, text: &str) {
        (self.0)(text);
    }
}

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogSink")
    }
}
