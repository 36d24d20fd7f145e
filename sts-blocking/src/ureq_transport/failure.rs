//! From ureq's errors to ours: which kind, and what to say.

use std::fmt;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use std::fmt::Write;
use std::io;

#[cfg(any(feature = "rustls", feature = "native-tls"))]
use sts_proto::certificate::Refusal;
use sts_proto::http::Uri;
use sts_proto::proxy::Proxy;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use sts_proto::proxy::ProxyScheme;
use sts_proto::{Error, TransportKind};

/// An error of ours on its way through ureq.
#[derive(Debug)]
pub(super) enum Ours {
    /// A proxy gave no tunnel; the error says all there is to say.
    Tunnel(Error),
    /// What arrived is no reply.
    Reply(Error),
}

impl fmt::Display for Ours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Tunnel(error) | Self::Reply(error)) = self;
        error.fmt(f)
    }
}

impl std::error::Error for Ours {}

impl From<Ours> for ureq::Error {
    fn from(error: Ours) -> Self {
        Self::Other(Box::new(error))
    }
}

/// The way on which something failed.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) url: &'a Uri,
    pub(super) proxy: Option<&'a Proxy>,
}

impl Way<'_> {
    pub(super) fn error(self, error: ureq::Error) -> Error {
        let error = match error {
            ureq::Error::ConnectProxyFailed(_) => return self.tunnel_failure(error),
            ureq::Error::Other(error) => match error.downcast() {
                Ok(ours) => return self.ours(*ours),
                Err(other) => ureq::Error::Other(other),
            },
            error => error,
        };
        let (kind, words) = match (kind(&error), self.proxy) {
            // ureq leaves it to the proxy to find and reach the host, so that this is about the proxy itself.
            (TransportKind::Dns, Some(proxy)) => {
                (TransportKind::Proxy, Some(format!("the name in {proxy} could not be resolved")))
            }
            (TransportKind::Connect, Some(proxy)) => {
                (TransportKind::Proxy, Some(format!("{proxy} cannot be reached")))
            }
            (TransportKind::Tls, _) => (TransportKind::Tls, self.tls_failure(&error)),
            (kind, Some(proxy)) => (kind, Some(format!("it went through the proxy {proxy}"))),
            (kind, None) => (kind, None),
        };
        let error = Error::transport(kind, error);
        match words {
            Some(words) => error.because(words),
            None => error,
        }
    }

    fn ours(self, error: Ours) -> Error {
        match (error, self.proxy) {
            (Ours::Reply(error), Some(proxy)) => error.because(format!("it went through the proxy {proxy}")),
            (Ours::Reply(error) | Ours::Tunnel(error), _) => error,
        }
    }

    /// The proxy of an agent that is not ours is not known here, and ureq gives the status of its reply as text only.
    fn tunnel_failure(self, error: ureq::Error) -> Error {
        let text = error.to_string();
        let status = text.split_once("responded ").and_then(|(_, rest)| rest.get(..3)?.parse::<u16>().ok());
        Proxy::refusal_of_unknown(self.url, status, error)
    }

    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    fn host(self) -> String {
        let mut host = self.url.host().unwrap_or_default().to_owned();
        if let Some(port) = self.url.port_u16() {
            let _ = write!(host, ":{port}");
        }
        host
    }

    /// Whose certificate it is.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    fn peer(self) -> String {
        match self.proxy.filter(|proxy| proxy.scheme() == ProxyScheme::Https) {
            Some(proxy) => format!("{} or of the proxy {proxy}", self.host()),
            None => self.host(),
        }
    }

    fn tls_failure(self, error: &ureq::Error) -> Option<String> {
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        return Some(refusal(error)?.words(&self.peer()));
        #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
        matches!(error, ureq::Error::TlsRequired)
            .then(|| "this program has none: the features `rustls` and `native-tls` are off".to_owned())
    }
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn refusal(error: &ureq::Error) -> Option<Refusal> {
    match error {
        #[cfg(feature = "rustls")]
        ureq::Error::Rustls(error) => super::refusal::of_rustls(error),
        #[cfg(feature = "rustls")]
        ureq::Error::Io(error) => super::refusal::of_rustls(rustls_error(error)?),
        #[cfg(feature = "native-tls")]
        ureq::Error::NativeTls(error) => super::refusal::of_native_tls(&error.to_string()),
        _ => None,
    }
}

fn kind(error: &ureq::Error) -> TransportKind {
    match error {
        ureq::Error::Timeout(_) => TransportKind::Timeout,
        ureq::Error::HostNotFound => TransportKind::Dns,
        ureq::Error::ConnectionFailed => TransportKind::Connect,
        ureq::Error::ConnectProxyFailed(_) => TransportKind::Proxy,
        ureq::Error::Tls(_) | ureq::Error::TlsRequired => TransportKind::Tls,
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        ureq::Error::Pem(_) => TransportKind::Tls,
        #[cfg(feature = "rustls")]
        ureq::Error::Rustls(_) => TransportKind::Tls,
        #[cfg(feature = "native-tls")]
        ureq::Error::NativeTls(_) | ureq::Error::Der(_) => TransportKind::Tls,
        // A line of the framing that is longer than all that ureq keeps.
        ureq::Error::Protocol(_) | ureq::Error::BodyStalled => TransportKind::Protocol,
        ureq::Error::LargeResponseHeader(..) | ureq::Error::BodyExceedsLimit(_) => TransportKind::TooLarge,
        ureq::Error::Io(error) => io_kind(error),
        _ => TransportKind::Other,
    }
}

/// Whether the peer has ended the connection.
pub(super) fn is_end(error: &io::Error) -> bool {
    io_kind(error) == TransportKind::Closed
}

fn io_kind(error: &io::Error) -> TransportKind {
    #[cfg(feature = "rustls")]
    if rustls_error(error).is_some() {
        return TransportKind::Tls;
    }
    TransportKind::of_io(error)
}

#[cfg(feature = "rustls")]
fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
