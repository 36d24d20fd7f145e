//! The built-in transport: ureq.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use sts_proto::endpoint::port_of;
use sts_proto::http::request::Parts;
use sts_proto::http::{Method, Request, Response, Uri};
use sts_proto::proxy::{Proxy, ProxySettings};
use sts_proto::settings::Timeouts;
use sts_proto::step::Direct;
use sts_proto::{Body, Error, TransportKind};
use ureq::config::AutoHeaderValue;
use ureq::config::Config;
use ureq::unversioned::transport::Connector;
use ureq::{Agent, SendBody};

use crate::transport::Transport;

use dial::Dialer;
use exchange::Exchanges;
use failure::Way;
use names::Unresolved;
use tls::TlsConfig;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub use tls::{CaBundle, Roots, Tls};

mod dial;
mod exchange;
mod failure;
mod framing;
mod names;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod records;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod refusal;
mod running;
mod socket;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
#[path = "ureq_transport/no_tls.rs"]
mod tls;
mod whole;

/// What ureq reads into, for each connection and with TLS twice: as much as a record of TLS holds. All of it is filled with
/// zeros.
const INPUT_BYTES: usize = 16 << 10;

/// The longest header of a request, name and value.
const MAX_REQUEST_HEADER_BYTES: usize = 32 << 10;

/// What ureq writes from: such a header must fit in, with what stands around it.
const OUTPUT_BYTES: usize = MAX_REQUEST_HEADER_BYTES + (1 << 10);

/// What requests of STS need. A macro because the trait of what can be configured so is private to ureq.
macro_rules! for_sts {
    ($config:expr) => {
        $config
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .accept(AutoHeaderValue::None)
            .accept_encoding(AutoHeaderValue::None)
    };
}

/// How a [`UreqTransport`] connects.
#[derive(Clone, Debug, Default)]
pub struct UreqOptions {
    timeouts: Timeouts,
    proxy: ProxySettings,
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    tls: Tls,
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    roots: Roots,
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    is_unverified: bool,
}

impl UreqOptions {
    /// The default times, no proxy, the default TLS with its own roots. Nothing comes from the environment.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Other times.
    #[must_use]
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// What decides on the proxy of a request.
    #[must_use]
    pub fn proxy(self, proxy: ProxySettings) -> Self {
        Self { proxy, ..self }
    }

    /// Another library for TLS.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    #[must_use]
    pub fn tls(self, tls: Tls) -> Self {
        Self { tls, ..self }
    }

    /// Other authorities to trust.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    #[must_use]
    pub fn roots(self, roots: Roots) -> Self {
        Self { roots, ..self }
    }

    /// Whoever answers is believed to be STS, whatever its certificate: secrets may end up with anybody. For a server of
    /// your own on a network of your own, where it would have been better to trust its certificate.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    #[must_use]
    pub fn dangerously_unverified(self) -> Self {
        Self { is_unverified: true, ..self }
    }
}

/// Sends by ureq: HTTP/1.1 with kept connections.
///
/// It never follows a redirect, never turns a status into an error, and adds no header of its own but
/// `content-length`. Through a proxy it asks for a tunnel (`CONNECT`) even to an `http` URL, and leaves it to the proxy
/// to resolve the host's name.
///
/// The crate that ureq stands on writes every byte sent to the log, at the level TRACE of the target `ureq_proto::util`,
/// secrets and all; with an agent of your own, every byte received too. A library cannot switch that off; a program that
/// sets up a logger can, and is warned in the log.
#[derive(Debug)]
pub struct UreqTransport {
    proxies: ProxySettings,
    /// The direct one first, then one for each proxy.
    routes: Vec<Route>,
    /// The time that the agents are set to, unless the agent is not ours.
    attempt: Option<Duration>,
    /// Whether it was told what the log holds.
    has_warned: AtomicBool,
}

/// Where the crate that ureq stands on logs every byte sent, and with an agent of the user's own received, secrets and all.
const LOG_OF_BYTES: &str = "ureq_proto::util";

#[derive(Debug)]
struct Route {
    proxy: Option<Proxy>,
    /// Replaced to close its connections.
    agent: RwLock<Agent>,
}

impl UreqTransport {
    /// An agent with those times, no proxy, and the default TLS: rustls, if that feature is on.
    #[must_use]
    pub fn new(timeouts: Timeouts) -> Self {
        Self::direct(timeouts, tls::default_config())
    }

    /// An agent with those times, no proxy, and that TLS.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    #[must_use]
    pub fn with_tls(timeouts: Timeouts, tls: Tls) -> Self {
        Self::direct(timeouts, tls::config(tls, tls::built_in(tls), false))
    }

    /// An agent as the options say.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the TLS library cannot use those roots.
    pub fn with_options(options: UreqOptions) -> Result<Self, Error> {
        let tls = tls::of(&options)?;
        let UreqOptions { timeouts, proxy: proxies, .. } = options;
        let mut routes = vec![Route::new(timeouts, None, tls.clone())];
        for proxy in proxies.proxies() {
            routes.push(Route::new(timeouts, Some(proxy), tls.clone()));
        }
        Ok(Self { routes, attempt: Some(timeouts.attempt), proxies, has_warned: AtomicBool::new(false) })
    }

    fn direct(timeouts: Timeouts, tls: TlsConfig) -> Self {
        let routes = vec![Route::new(timeouts, None, tls)];
        let has_warned = AtomicBool::new(false);
        Self { proxies: ProxySettings::none(), routes, attempt: Some(timeouts.attempt), has_warned }
    }

    /// Your own agent, with your proxies, certificates and pool sizes. What requests of STS need, such as no
    /// redirects, is set for each request, and the time of each request is the client's. Its idle connections are not
    /// closed by [`close_idle`](Transport::close_idle): only you can make another with the same connector and resolver.
    ///
    /// Its connections are ureq's own, and so is its reader of replies, which takes more than the reader of `sts_proto::http1`
    /// does: SECURITY.md lists what. If it has a proxy, ureq 3.5 gives that proxy the whole time anew for each piece of the
    /// reply to `CONNECT`, so a proxy that sends it drop by drop outlasts every deadline.
    #[must_use]
    pub fn with_agent(agent: Agent) -> Self {
        let route = Route { proxy: None, agent: RwLock::new(agent) };
        let has_warned = AtomicBool::new(false);
        Self { proxies: ProxySettings::none(), routes: vec![route], attempt: None, has_warned }
    }

    /// Whether the agent is the user's own.
    fn is_own_agent(&self) -> bool {
        self.attempt.is_none()
    }

    /// Nothing but the program's own choice of a level keeps these lines out of its log.
    fn warn_of_log(&self) {
        if log::log_enabled!(target: LOG_OF_BYTES, log::Level::Trace)
            && !self.has_warned.swap(true, Ordering::Relaxed)
        {
            log::warn!(
                "the level TRACE of {LOG_OF_BYTES} writes requests and replies with their secrets to the log; \
                 switch it off"
            );
        }
    }

    fn route(&self, url: &Uri, is_direct: bool) -> Result<&Route, Error> {
        // ureq takes a port that it cannot read for one that is not there.
        port_of(url)?;
        let proxy = if is_direct { None } else { self.proxies.for_url(url)? };
        let route = self.routes.iter().find(|route| route.proxy.as_ref() == proxy);
        route.ok_or_else(|| Error::setting("Proxy", "is none of those that are known"))
    }
}

impl Route {
    fn new(timeouts: Timeouts, proxy: Option<&Proxy>, tls: TlsConfig) -> Self {
        let config = Agent::config_builder()
            .timeout_connect(Some(timeouts.connect))
            .timeout_global(Some(timeouts.attempt))
            .input_buffer_size(INPUT_BYTES)
            .output_buffer_size(OUTPUT_BYTES)
            // ureq's own reading of the environment knows neither the URL's scheme nor NO_PROXY's networks, and its own tunnels
            // know no deadline.
            .proxy(None)
            // The request brings its own. Not to be set for a single request: that would cost the kept connection.
            .user_agent(AutoHeaderValue::None);
        let agent = agent(tls::set(for_sts!(config), tls).build(), proxy);
        Self { proxy: proxy.cloned(), agent: RwLock::new(agent) }
    }

    fn agent(&self) -> Agent {
        self.agent.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl UreqTransport {
    /// The head of a request with what is to be told to ureq about it.
    fn configured(&self, agent: &Agent, parts: Parts, timeout: Duration) -> Parts {
        if self.attempt == Some(timeout) {
            // With a configuration for a single request, ureq would set up TLS anew for each connection, certificates
            // and all, and never resume a session.
            return parts;
        }
        let request = Request::from_parts(parts, SendBody::none());
        for_sts!(agent.configure_request(request)).timeout_global(Some(timeout)).build().into_parts().0
    }
}

/// ureq's agent with its pool and its TLS, between connections of ours and a reader of ours.
fn agent(config: Config, proxy: Option<&Proxy>) -> Agent {
    let connector = Dialer::new(proxy);
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    let connector = connector.chain(records::BelowTls);
    #[cfg(feature = "rustls")]
    let connector = connector.chain(ureq::unversioned::transport::RustlsConnector::default());
    #[cfg(feature = "native-tls")]
    let connector = connector.chain(ureq::unversioned::transport::NativeTlsConnector::default());
    Agent::with_parts(config, connector.chain(Exchanges), Unresolved)
}

impl Transport for UreqTransport {
    fn send(&self, request: Request<Body>, timeout: Duration) -> Result<Response<Body>, Error> {
        self.warn_of_log();
        let url = request.uri().clone();
        let is_direct = request.extensions().get::<Direct>().is_some();
        let route = self.route(&url, is_direct)?;
        check_headers(&request)?;
        let way = Way { url: &url, proxy: route.proxy.as_ref() };
        let agent = route.agent();
        let (parts, body) = request.into_parts();
        let parts = self.configured(&agent, parts, timeout);
        // ureq would send a `content-length` of what has no body.
        let response = if body.is_empty() && matches!(parts.method, Method::GET | Method::HEAD) {
            agent.run(Request::from_parts(parts, SendBody::none()))
        } else {
            agent.run(Request::from_parts(parts, body.as_ref()))
        };
        let reply = exchange::take_reply();
        let response = response.map_err(|error| way.error(error))?;
        if self.is_own_agent() {
            return framing::read(response, way);
        }
        reply.ok_or_else(|| Error::transport(TransportKind::Other, "ureq dropped the reply"))
    }

    fn close_idle(&self) {
        if self.is_own_agent() {
            // An agent of the user's own may have a connector that its configuration knows nothing of.
            return;
        }
        for route in &self.routes {
            let mut agent = route.agent.write().unwrap_or_else(PoisonError::into_inner);
            // The old agent's connections go with it, those in use when their reply is read.
            *agent = self::agent(agent.config().clone(), route.proxy.as_ref());
        }
    }
}

/// Refuses what ureq has no room for, before anything is sent. Servers of AWS take less.
fn check_headers(request: &Request<Body>) -> Result<(), Error> {
    let mut lengths = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
    match lengths.find(|length| *length > MAX_REQUEST_HEADER_BYTES) {
        Some(length) => Err(Error::setting(
            "Header",
            format!(
                "may have {MAX_REQUEST_HEADER_BYTES} bytes, name and value, and one of the request has {length}"
            ),
        )),
        None => Ok(()),
    }
}
