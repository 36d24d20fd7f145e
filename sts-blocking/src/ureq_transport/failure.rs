//! From ureq's errors to ours: which kind, and what to say.

use std::fmt::Write;
use std::io;

use sts_proto::http::Uri;
use sts_proto::proxy::Proxy;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use sts_proto::proxy::ProxyScheme;
use sts_proto::{Error, TransportKind};

/// The way on which something failed.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) url: &'a Uri,
    pub(super) proxy: Option<&'a Proxy>,
}

impl Way<'_> {
    pub(super) fn error(self, error: ureq::Error) -> Error {
        let (kind, words) = match (kind(&error), self.proxy) {
            _ if matches!(error, ureq::Error::ConnectProxyFailed(_)) => self.tunnel_failure(&error),
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

    /// ureq gives the status of a proxy's reply as text only.
    fn tunnel_failure(self, error: &ureq::Error) -> (TransportKind, Option<String>) {
        let text = error.to_string();
        let status = text.split_once("responded ").and_then(|(_, rest)| rest.get(..3)?.parse::<u16>().ok());
        // An agent that is not ours has a proxy that is not known here.
        let proxy = self.proxy.map_or_else(|| "it".to_owned(), ToString::to_string);
        let (kind, words) = match status {
            None => (TransportKind::Proxy, format!("{proxy} closed the connection without a reply")),
            // Tinyproxy answers a wrong password as if it were the host itself.
            Some(status @ (401 | 407)) => {
                let words = match self.proxy.map(|proxy| proxy.credentials().is_some()) {
                    Some(true) => "does not accept the user and the password that it was given",
                    _ => "wants a user and a password",
                };
                (TransportKind::ProxyRefused, format!("{proxy} answered {status}, so it {words}"))
            }
            Some(status) => {
                let may_pass = matches!(status, 408 | 429 | 500..);
                let kind = if may_pass { TransportKind::Proxy } else { TransportKind::ProxyRefused };
                let host = self.host();
                (kind, format!("{proxy} answered {status} when it was asked for a tunnel to {host}"))
            }
        };
        (kind, Some(words))
    }

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
        match error {
            #[cfg(feature = "rustls")]
            ureq::Error::Rustls(error) => super::refusal::of_rustls(error, &self.peer()),
            #[cfg(feature = "rustls")]
            ureq::Error::Io(error) => super::refusal::of_rustls(rustls_error(error)?, &self.peer()),
            #[cfg(feature = "native-tls")]
            ureq::Error::NativeTls(error) => super::refusal::of_native_tls(&error.to_string(), &self.peer()),
            #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
            ureq::Error::TlsRequired => {
                Some("this program has none: the features `rustls` and `native-tls` are off".to_owned())
            }
            _ => None,
        }
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
        ureq::Error::Protocol(_) => TransportKind::Protocol,
        ureq::Error::LargeResponseHeader(..) | ureq::Error::BodyExceedsLimit(_) => TransportKind::TooLarge,
        ureq::Error::Io(error) => io_kind(error),
        _ => TransportKind::Other,
    }
}

fn io_kind(error: &io::Error) -> TransportKind {
    use io::ErrorKind::*;
    #[cfg(feature = "rustls")]
    if rustls_error(error).is_some() {
        return TransportKind::Tls;
    }
    if is_lookup_failure(error) {
        return TransportKind::Dns;
    }
    match error.kind() {
        ConnectionRefused | HostUnreachable | NetworkUnreachable | NetworkDown | AddrNotAvailable => {
            TransportKind::Connect
        }
        TimedOut | WouldBlock => TransportKind::Timeout,
        ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected | UnexpectedEof => {
            TransportKind::Closed
        }
        InvalidData => TransportKind::Protocol,
        _ => TransportKind::Other,
    }
}

#[cfg(feature = "rustls")]
fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// The standard library has no kind for it: a text on Unix, the numbers from 11001 to 11004 on Windows.
fn is_lookup_failure(error: &io::Error) -> bool {
    match error.raw_os_error() {
        Some(code) => cfg!(windows) && (11_001..=11_004).contains(&code),
        None => error.to_string().starts_with("failed to lookup address information"),
    }
}
