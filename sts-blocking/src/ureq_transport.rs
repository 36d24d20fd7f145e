//! The built-in transport: ureq.

use std::io::{self, Read};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use sts_proto::http::{Request, Response};
use sts_proto::reply::MAX_REPLY_BYTES;
use sts_proto::{Body, Error, TransportKind};
use ureq::Agent;
use ureq::config::AutoHeaderValue;
use ureq::tls::{TlsConfig, TlsProvider};
use zeroize::Zeroizing;

use crate::transport::{Timeouts, Transport};

/// The largest head of a reply.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// What a reply is read into at first, where its length is not known.
const FIRST_BUFFER: usize = 4 << 10;

/// A library for TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tls {
    /// rustls on ring, with Mozilla's roots.
    #[cfg(feature = "rustls")]
    Rustls,
    /// The platform's library, with its roots.
    #[cfg(feature = "native-tls")]
    NativeTls,
}

/// Sends by ureq: HTTP/1.1 with kept connections.
///
/// It never follows a redirect, never turns a status into an error, and adds no header of its own but
/// `content-length`.
#[derive(Debug)]
pub struct UreqTransport {
    /// Replaced to close its connections.
    agent: RwLock<Agent>,
}

impl UreqTransport {
    /// An agent with those times and the default TLS: rustls, if that feature is on.
    #[must_use]
    pub fn new(timeouts: Timeouts) -> Self {
        Self::configured(timeouts, tls_config(None))
    }

    /// An agent with those times and that TLS.
    #[must_use]
    pub fn with_tls(timeouts: Timeouts, tls: Tls) -> Self {
        Self::configured(timeouts, tls_config(Some(tls)))
    }

    /// Your own agent, with your proxies, certificates and pool sizes. What requests of STS need, such as no
    /// redirects, is set for each request, and the time of each request is the client's.
    #[must_use]
    pub fn with_agent(agent: Agent) -> Self {
        Self { agent: RwLock::new(agent) }
    }

    fn configured(timeouts: Timeouts, tls: TlsConfig) -> Self {
        let config = Agent::config_builder()
            .timeout_connect(Some(timeouts.connect))
            .timeout_resolve(Some(timeouts.connect))
            .max_response_header_size(MAX_HEAD_BYTES)
            .tls_config(tls)
            // The request brings its own. Not to be set for a single request: that would cost the kept connection.
            .user_agent(AutoHeaderValue::None)
            // ureq's own reading of the environment knows neither the URL's scheme nor NO_PROXY's networks.
            .proxy(None)
            .build();
        Self::with_agent(config.new_agent())
    }

    fn agent(&self) -> Agent {
        self.agent.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Transport for UreqTransport {
    fn send(&self, request: Request<Body>, timeout: Duration) -> Result<Response<Body>, Error> {
        let agent = self.agent();
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, body.as_ref());
        let request = agent
            .configure_request(request)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .accept(AutoHeaderValue::None)
            .accept_encoding(AutoHeaderValue::None)
            .timeout_global(Some(timeout))
            .build();
        let response = agent.run(request).map_err(transport_error)?;
        let (parts, body) = response.into_parts();
        let length = body.content_length();
        let body = read(body.into_reader(), length)?;
        Ok(Response::from_parts(parts, body))
    }

    fn close_idle(&self) {
        let mut agent = self.agent.write().unwrap_or_else(PoisonError::into_inner);
        // The old agent's connections go with it, those in use when their reply is read.
        *agent = agent.config().new_agent();
    }
}

/// Reads to the end of the body, without which ureq would not use the connection again, into buffers that are wiped.
fn read(mut reader: impl Read, length: Option<u64>) -> Result<Body, Error> {
    let room = match length.map(usize::try_from) {
        // One byte more, so that the end is seen without growth.
        Some(Ok(length)) if length <= MAX_REPLY_BYTES => length + 1,
        Some(_) => return Err(too_large()),
        None => FIRST_BUFFER,
    };
    let mut buffer = Zeroizing::new(vec![0; room]);
    let mut filled = 0;
    loop {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(transport_error(ureq::Error::from(error))),
        }
        if filled > MAX_REPLY_BYTES {
            return Err(too_large());
        }
        if filled == buffer.len() {
            let mut larger = Zeroizing::new(vec![0; (2 * filled).min(MAX_REPLY_BYTES + 1)]);
            larger[..filled].copy_from_slice(&buffer);
            buffer = larger;
        }
    }
    buffer.truncate(filled);
    Ok(Body::from(buffer))
}

fn too_large() -> Error {
    Error::transport(TransportKind::TooLarge, format!("more than {MAX_REPLY_BYTES} bytes"))
}

fn transport_error(error: ureq::Error) -> Error {
    Error::transport(kind(&error), error)
}

fn kind(error: &ureq::Error) -> TransportKind {
    match error {
        ureq::Error::Timeout(_) => TransportKind::Timeout,
        ureq::Error::HostNotFound => TransportKind::Dns,
        ureq::Error::ConnectionFailed | ureq::Error::ConnectProxyFailed(_) => TransportKind::Connect,
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
    if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
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

/// The standard library has no kind for it: a text on Unix, the numbers from 11001 to 11004 on Windows.
fn is_lookup_failure(error: &io::Error) -> bool {
    match error.raw_os_error() {
        Some(code) => cfg!(windows) && (11_001..=11_004).contains(&code),
        None => error.to_string().starts_with("failed to lookup address information"),
    }
}

fn tls_config(tls: Option<Tls>) -> TlsConfig {
    let builder = TlsConfig::builder();
    match tls {
        #[cfg(feature = "rustls")]
        None | Some(Tls::Rustls) => builder
            .provider(TlsProvider::Rustls)
            // Named, because a program with two providers has no default one.
            .unversioned_rustls_crypto_provider(std::sync::Arc::new(rustls::crypto::ring::default_provider()))
            .build(),
        #[cfg(feature = "native-tls")]
        Some(Tls::NativeTls) => native_tls(builder),
        #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
        None => native_tls(builder),
        #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
        _ => builder.provider(TlsProvider::Rustls).build(),
    }
}

#[cfg(feature = "native-tls")]
fn native_tls(builder: ureq::tls::TlsConfigBuilder) -> TlsConfig {
    builder.provider(TlsProvider::NativeTls).root_certs(ureq::tls::RootCerts::PlatformVerifier).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_unknown_length_grow_up_to_the_limit() {
        for length in [0, 1, FIRST_BUFFER, FIRST_BUFFER + 1, MAX_REPLY_BYTES] {
            let body = read(io::repeat(b'x').take(length as u64), None).unwrap();
            assert_eq!(body.len(), length);
        }
        let error = read(io::repeat(b'x'), None).unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportKind::TooLarge));
    }

    #[test]
    fn an_announced_length_is_checked_before_reading() {
        let error = read(io::empty(), Some(u64::MAX)).unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportKind::TooLarge));
        assert_eq!(read(&b"abc"[..], Some(3)).unwrap().as_ref(), b"abc");
    }
}
