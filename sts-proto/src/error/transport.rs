use std::{fmt, io};

/// Where the wire failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportKind {
    /// The name of the host could not be resolved. Often a misspelt region.
    Dns,
    /// No connection could be made.
    Connect,
    /// The proxy cannot be reached, or cannot reach the host itself.
    Proxy,
    /// The proxy does not let the request through: it wants other credentials, or forbids the host. Never retried.
    ProxyRefused,
    /// A deadline passed.
    Timeout,
    /// The TLS handshake failed or the peer is not who it should be. Never retried.
    Tls,
    /// The connection was closed or reset before the whole reply had arrived.
    Closed,
    /// What arrived is not HTTP.
    Protocol,
    /// The reply exceeds [`MAX_REPLY_BYTES`](crate::reply::MAX_REPLY_BYTES) or a limit on what comes with it.
    TooLarge,
    /// Anything else.
    Other,
}

impl TransportKind {
    /// What an error of a socket, or of the resolution of a name, is. One of TLS has to be told apart before.
    #[must_use]
    pub fn of_io(error: &io::Error) -> Self {
        use io::ErrorKind::*;
        if is_lookup_failure(error) {
            return Self::Dns;
        }
        match error.kind() {
            ConnectionRefused | HostUnreachable | NetworkUnreachable | NetworkDown | AddrNotAvailable => {
                Self::Connect
            }
            TimedOut | WouldBlock => Self::Timeout,
            ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected | UnexpectedEof => Self::Closed,
            InvalidData => Self::Protocol,
            QuotaExceeded => Self::TooLarge,
            _ => Self::Other,
        }
    }

    /// Whether a failure of this kind may pass by itself.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        match self {
            Self::Dns | Self::Connect | Self::Proxy | Self::Timeout | Self::Closed | Self::Protocol => true,
            Self::ProxyRefused | Self::Tls | Self::TooLarge | Self::Other => false,
        }
    }
}

/// The standard library has no kind for it: a text on Unix, the numbers from 11001 to 11004 on Windows.
fn is_lookup_failure(error: &io::Error) -> bool {
    match error.raw_os_error() {
        Some(code) => cfg!(windows) && (11_001..=11_004).contains(&code),
        None => error.to_string().starts_with("failed to lookup address information"),
    }
}

impl fmt::Display for TransportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "the host name could not be resolved",
            Self::Connect => "no connection could be made",
            Self::Proxy => "the proxy gave no connection",
            Self::ProxyRefused => "the proxy refused",
            Self::Timeout => "the deadline passed",
            Self::Tls => "TLS failed",
            Self::Closed => "the connection was closed before the whole reply had arrived",
            Self::Protocol => "what arrived is not HTTP",
            Self::TooLarge => "the reply is too large",
            Self::Other => "the transport failed",
        })
    }
}
