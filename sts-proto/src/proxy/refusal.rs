//! A proxy that gives no tunnel, in words that say what to do.

use std::fmt::Write;

use http::Uri;

use super::Proxy;
use crate::error::{BoxError, Error, TransportKind};

impl Proxy {
    /// The error for a proxy that answered with this status when it was asked for a tunnel to the URL's host, or closed
    /// the connection without a reply.
    pub fn refusal(&self, url: &Uri, status: Option<u16>, source: impl Into<BoxError>) -> Error {
        let has_credentials = Some(self.credentials.is_some());
        refusal(&self.to_string(), has_credentials, url, status, source.into())
    }

    /// The same for a proxy of which nothing is known.
    pub fn refusal_of_unknown(url: &Uri, status: Option<u16>, source: impl Into<BoxError>) -> Error {
        refusal("it", None, url, status, source.into())
    }
}

fn refusal(
    proxy: &str,
    has_credentials: Option<bool>,
    url: &Uri,
    status: Option<u16>,
    source: BoxError,
) -> Error {
    let (kind, words) = match status {
        None => (TransportKind::Proxy, format!("{proxy} closed the connection without a reply")),
        // Tinyproxy answers a wrong password as if it were the host itself.
        Some(status @ (401 | 407)) => {
            let words = match has_credentials {
                Some(true) => "does not accept the user and the password that it was given",
                _ => "wants a user and a password",
            };
            (TransportKind::ProxyRefused, format!("{proxy} answered {status}, so it {words}"))
        }
        Some(status) => {
            let may_pass = matches!(status, 408 | 429 | 500..);
            let kind = if may_pass { TransportKind::Proxy } else { TransportKind::ProxyRefused };
            let mut host = url.host().unwrap_or_default().to_owned();
            if let Some(port) = url.port_u16() {
                let _ = write!(host, ":{port}");
            }
            (kind, format!("{proxy} answered {status} when it was asked for a tunnel to {host}"))
        }
    };
    Error::transport(kind, source).because(words)
}
