//! The built-in transport: HTTP/1.1 over whatever a connector connects.

use std::fmt;
use std::time::Duration;

use futures_lite::future;
use sts_proto::http::{Request, Uri};
use sts_proto::proxy::{Proxy, ProxyScheme, ProxySettings};
use sts_proto::settings::{Timeouts, Way};
use sts_proto::step::{Answer, Direct};
use sts_proto::{Body, Error, TransportKind, http1};

use crate::connector::Connector;
use crate::transport::Transport;

use exchange::{exchange, request_tunnel};
use pool::Pool;
pub use pool::{MAX_IDLE_AGE, MAX_IDLE_PER_HOST};
use stream::Stream;
use target::Target;
use tls::Tls;
#[cfg(feature = "rustls")]
pub use tls::{CaBundle, Roots};

mod bounded;
#[cfg(test)]
mod doubles;
mod exchange;
mod pool;
#[cfg(feature = "rustls")]
mod records;
mod stream;
mod target;
#[cfg(feature = "rustls")]
mod tls;
#[cfg(not(feature = "rustls"))]
#[path = "http_transport/no_tls.rs"]
mod tls;

/// How an [`HttpTransport`] connects.
#[derive(Clone, Debug, Default)]
pub struct HttpOptions {
    timeouts: Timeouts,
    proxy: ProxySettings,
    #[cfg(feature = "rustls")]
    roots: Roots,
}

impl HttpOptions {
    /// The default times, no proxy, Mozilla's roots. Nothing comes from the environment.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Other times. Only the one to connect matters here: the others come with each request.
    #[must_use]
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// What decides on the proxy of a request.
    #[must_use]
    pub fn proxy(self, proxy: ProxySettings) -> Self {
        Self { proxy, ..self }
    }

    /// Other authorities to trust.
    #[cfg(feature = "rustls")]
    #[must_use]
    pub fn roots(self, roots: Roots) -> Self {
        Self { roots, ..self }
    }
}

/// Sends HTTP/1.1 over the connections of a [`Connector`], and keeps them for further requests.
///
/// A connection is used again if nothing has arrived on it since the last reply, which the connector has to know:
/// [`Connector::has_unsolicited_data`].
///
/// It never follows a redirect, and adds no header of its own but `host` and `content-length`. Through a proxy it asks
/// for a tunnel (`CONNECT`) even to an `http` URL, and leaves it to the proxy to resolve the host's name. A kept
/// connection that turns out to be closed before a byte of the reply came is replaced once by a new one. A connection
/// whose exchange was cancelled or failed is closed.
///
/// How many connections are kept, and for how long:
///
/// ```
/// # use std::time::Duration;
/// use sts_async::{MAX_IDLE_AGE, MAX_IDLE_PER_HOST};
///
/// assert_eq!(MAX_IDLE_PER_HOST, 16);
/// assert_eq!(MAX_IDLE_AGE, Duration::from_secs(15));
/// ```
pub struct HttpTransport<C: Connector> {
    connector: C,
    connect_timeout: Duration,
    proxies: ProxySettings,
    tls: Tls,
    pool: Pool<Stream<C::Stream>>,
}

impl<C: Connector> HttpTransport<C> {
    /// The defaults, over connections of that connector.
    pub fn new(connector: C) -> Self {
        Self::from_parts(connector, Timeouts::default().connect, ProxySettings::none(), Tls::default())
    }

    /// As the options say.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): no certificate of the bundle can be used.
    pub fn with_options(connector: C, options: HttpOptions) -> Result<Self, Error> {
        let tls = Tls::of(&options)?;
        Ok(Self::from_parts(connector, options.timeouts.connect, options.proxy, tls))
    }

    /// With the same connector, as a client's settings say.
    pub(crate) fn configured(self, way: Way) -> Result<Self, Error> {
        let Way { proxy, roots, timeouts, .. } = way;
        let options = tls::rooted(HttpOptions::new().timeouts(timeouts).proxy(proxy), roots)?;
        Self::with_options(self.connector, options)
    }

    fn from_parts(connector: C, connect_timeout: Duration, proxies: ProxySettings, tls: Tls) -> Self {
        Self { connector, connect_timeout, proxies, tls, pool: Pool::default() }
    }

    async fn exchange(&self, request: Request<Body>) -> Answer {
        let url = request.uri().clone();
        let is_direct = request.extensions().get::<Direct>().is_some();
        let proxy = if is_direct { None } else { self.proxies.for_url(&url)? };
        let target = Target { is_direct, ..Target::of(&url)? };
        let bytes = http1::request(&request)?;
        let method = request.method().clone();
        // From here on there is one copy of the body, and it is wiped with the bytes.
        drop(request);
        let generation = self.pool.generation();
        let mut kept = self.pool.take(&target, &self.connector).await;
        loop {
            let was_kept = kept.is_some();
            let stream = match kept.take() {
                Some(stream) => stream,
                // In a place of its own: handshakes are large, and a call under way has no more need of them.
                None => Box::pin(self.open(&url, &target, proxy)).await?,
            };
            match exchange(stream, &method, &bytes).await {
                Ok(done) => return Ok(self.keep(target, generation, done)),
                Err(broken) if was_kept && broken.is_stale() => {
                    log::trace!("a kept connection had been closed");
                }
                Err(broken) => return Err(broken.into_error(proxy)),
            }
        }
    }

    fn keep(
        &self,
        target: Target,
        generation: u64,
        done: exchange::Done<Stream<C::Stream>>,
    ) -> sts_proto::http::Response<Body> {
        if let Some(stream) = done.reusable {
            self.pool.put(target, generation, stream);
        }
        done.response
    }

    /// A new connection, TLS and all.
    async fn open(
        &self,
        url: &Uri,
        target: &Target,
        proxy: Option<&Proxy>,
    ) -> Result<Stream<C::Stream>, Error> {
        let connect = async {
            match proxy {
                None => self.direct(target).await,
                Some(proxy) => self.tunnel(url, target, proxy).await,
            }
        };
        self.within(self.connect_timeout, "no connection stood", connect).await
    }

    /// Ends `work` when the time is over.
    ///
    /// The time is looked at first in every poll: a peer can keep the work busy, and the work what a runtime allows to one
    /// poll, tokio's timers included.
    fn within<T>(
        &self,
        time: Duration,
        what: &'static str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> impl Future<Output = Result<T, Error>> {
        let late = async move {
            self.connector.sleep(time).await;
            Err(Error::transport(TransportKind::Timeout, format!("{what} after {time:?}")))
        };
        future::or(late, work)
    }

    async fn direct(&self, target: &Target) -> Result<Stream<C::Stream>, Error> {
        let stream = self.connector.connect(target.bare_host(), target.port).await;
        let stream = Stream::new(stream.map_err(|error| {
            let kind = TransportKind::of_io(&error);
            // Whatever else it is, no request was under way.
            let kind = if kind == TransportKind::Other { TransportKind::Connect } else { kind };
            Error::transport(kind, error)
        })?);
        if !target.is_tls {
            return Ok(stream);
        }
        self.tls.connect(stream, target.bare_host(), &target.to_string()).await
    }

    async fn tunnel(&self, url: &Uri, target: &Target, proxy: &Proxy) -> Result<Stream<C::Stream>, Error> {
        let proxy_host = target::bare(proxy.host());
        let stream = self.connector.connect(proxy_host, proxy.port()).await;
        let mut stream = Stream::new(stream.map_err(|error| {
            let words = match TransportKind::of_io(&error) {
                TransportKind::Dns => format!("the name in {proxy} could not be resolved"),
                _ => format!("{proxy} cannot be reached"),
            };
            Error::transport(TransportKind::Proxy, error).because(words)
        })?);
        if proxy.scheme() == ProxyScheme::Https {
            stream = self.tls.connect(stream, proxy_host, &format!("the proxy {proxy}")).await?;
        }
        let request = http1::connect(proxy, &target.host, target.port);
        let stream = request_tunnel(stream, proxy, url, &request).await?;
        if !target.is_tls {
            return Ok(stream);
        }
        self.tls.connect(stream, target.bare_host(), &target.to_string()).await
    }
}

impl<C: Connector> Transport for HttpTransport<C> {
    async fn send(&self, request: Request<Body>, timeout: Duration) -> Answer {
        self.within(timeout, "no whole reply had come", self.exchange(request)).await
    }

    async fn sleep(&self, time: Duration) {
        self.connector.sleep(time).await;
    }

    fn close_idle(&self) {
        self.pool.clear();
    }
}

impl<C: Connector> fmt::Debug for HttpTransport<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("connect_timeout", &self.connect_timeout)
            .field("proxies", &self.proxies)
            .finish_non_exhaustive()
    }
}
