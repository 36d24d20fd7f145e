//! Connections, to a host or to a proxy and through it: name, TCP, TLS with the proxy and the tunnel, in one time.
//!
//! ureq resolves a name before it looks for a kept connection, and its own `CONNECT` gives the proxy the whole time anew for
//! each piece of its reply. Here a name is resolved when a connection is to be made, and the deadline is one for all steps.

use std::net::{SocketAddr, TcpStream};

use sts_proto::http::Uri;
use sts_proto::http1;
use sts_proto::proxy::{Proxy, ProxyScheme};
use ureq::Error;
use ureq::unversioned::resolver::Resolver;
#[cfg(feature = "native-tls")]
use ureq::unversioned::transport::NativeTlsConnector;
#[cfg(feature = "rustls")]
use ureq::unversioned::transport::RustlsConnector;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
};

use super::failure::Ours;
use super::names::Names;
use super::running::{Running, exact};
use super::socket::Socket;
use super::whole::transmit;

/// Makes the connections of a route.
#[derive(Debug)]
pub(super) struct Dialer {
    names: Names,
    proxy: Option<ProxyDialer>,
}

#[derive(Debug)]
struct ProxyDialer {
    proxy: Proxy,
    url: Uri,
    #[cfg(feature = "rustls")]
    rustls: RustlsConnector,
    #[cfg(feature = "native-tls")]
    native_tls: NativeTlsConnector,
}

impl Dialer {
    pub(super) fn new(proxy: Option<&Proxy>) -> Self {
        Self { names: Names::default(), proxy: proxy.map(ProxyDialer::new) }
    }

    /// A TCP connection to the host of a URL.
    fn socket(&self, url: &Uri, details: &ConnectionDetails, time: &Running) -> Result<Socket, Error> {
        let addresses = self.names.resolve(url, details.config, time.left()?)?;
        let stream = connect(&addresses, time)?;
        let (input, output) = (details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Socket::new(stream, LazyBuffers::new(input, output)))
    }
}

impl Connector for Dialer {
    type Out = Either<Socket, Tunnel>;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Self::Out>, Error> {
        let time = Running::new(details.timeout);
        Ok(Some(match &self.proxy {
            None => Either::A(self.socket(details.uri, details, &time)?),
            Some(proxy) => {
                let socket = self.socket(&proxy.url, details, &time)?;
                Either::B(proxy.tunnel(socket, details, &time)?)
            }
        }))
    }
}

/// Opens a connection to the first of the addresses that accepts one. Each but the last gets half of the time that is left.
fn connect(addresses: &[SocketAddr], time: &Running) -> Result<TcpStream, Error> {
    let mut failure = None;
    for (i, address) in addresses.iter().enumerate() {
        let is_last = i + 1 == addresses.len();
        let connected = match exact(time.left()?.after) {
            None => TcpStream::connect(address),
            Some(left) => TcpStream::connect_timeout(address, if is_last { left } else { left / 2 }),
        };
        match connected {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => failure = Some(error),
        }
    }
    // If the time is up, that is the reason.
    time.left()?;
    Err(failure.map_or(Error::HostNotFound, Error::from))
}

impl ProxyDialer {
    fn new(proxy: &Proxy) -> Self {
        Self {
            proxy: proxy.clone(),
            // A proxy's host was checked to be one. The default is a URL that nothing connects to.
            url: proxy.to_string().parse().unwrap_or_default(),
            #[cfg(feature = "rustls")]
            rustls: RustlsConnector::default(),
            #[cfg(feature = "native-tls")]
            native_tls: NativeTlsConnector::default(),
        }
    }

    /// A tunnel through a connection to the proxy.
    fn tunnel(&self, socket: Socket, details: &ConnectionDetails, time: &Running) -> Result<Tunnel, Error> {
        let mut transport: Box<dyn Transport> = Box::new(socket);
        if self.proxy.scheme() == ProxyScheme::Https {
            transport = self.secure(transport, details)?;
        }
        let host = details.uri.host().unwrap_or_default();
        let usual_port = if details.needs_tls() { 443 } else { 80 };
        let port = details.uri.port_u16().unwrap_or(usual_port);
        log::trace!("asking {} for a tunnel to {host}:{port}", self.proxy);
        let request = http1::connect(&self.proxy, host, port);
        transmit(&mut transport, request.as_ref(), time)?;
        self.await_grant(&mut transport, details.uri, time)?;
        Ok(Tunnel(transport))
    }

    fn await_grant(&self, transport: &mut dyn Transport, url: &Uri, time: &Running) -> Result<(), Error> {
        let mut reader = http1::TunnelReader::new(&self.proxy, url);
        loop {
            let has_come = match transport.await_input(time.left()?) {
                // A proxy that resets the connection has ended it.
                Err(Error::Io(error)) if super::failure::is_end(&error) => false,
                outcome => outcome?,
            };
            if !has_come {
                return Err(Ours::Tunnel(reader.end()).into());
            }
            let input = transport.buffers().input();
            let (amount, progress) = (input.len(), reader.feed(input));
            transport.buffers().input_consume(amount);
            if progress.map_err(Ours::Tunnel)? == http1::TunnelProgress::Granted {
                return Ok(());
            }
        }
    }

    /// TLS with the proxy itself.
    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    fn secure(&self, _: Box<dyn Transport>, _: &ConnectionDetails) -> Result<Box<dyn Transport>, Error> {
        Err(Error::TlsRequired)
    }

    /// TLS with the proxy itself.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    fn secure(
        &self,
        transport: Box<dyn Transport>,
        details: &ConnectionDetails,
    ) -> Result<Box<dyn Transport>, Error> {
        let details = ConnectionDetails {
            uri: &self.url,
            addrs: details.resolver.empty(),
            resolver: details.resolver,
            config: details.config,
            request_level: details.request_level,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        let transport: Box<dyn Transport> = Box::new(super::records::Records::new(transport));
        #[cfg(feature = "rustls")]
        let transport = boxed(self.rustls.connect(&details, Some(transport))?)?;
        #[cfg(feature = "native-tls")]
        let transport = boxed(self.native_tls.connect(&details, Some(transport))?)?;
        if transport.is_tls() { Ok(transport) } else { Err(Error::TlsRequired) }
    }
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn boxed(transport: Option<impl Transport>) -> Result<Box<dyn Transport>, Error> {
    transport.map(|transport| Box::new(transport) as _).ok_or(Error::ConnectionFailed)
}

/// A connection that leads through a proxy to a host. TLS with the proxy is not TLS with the host.
#[derive(Debug)]
pub(super) struct Tunnel(Box<dyn Transport>);

impl Transport for Tunnel {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.0.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::TcpListener;
    use std::time::Duration;

    use ureq::Timeout;

    use super::super::running::within;
    use super::*;

    const PLENTY: Duration = Duration::from_secs(15);

    #[test]
    fn connect_tries_each_address() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (good, refused) = (listener.local_addr().unwrap(), SocketAddr::from(([127, 0, 0, 1], 1)));
        let connect = |addresses: &[SocketAddr], after| {
            connect(addresses, &Running::new(within(NextTimeout::default(), Some(after))))
        };
        for addresses in [&[good][..], &[refused, good], &[refused, refused, good]] {
            assert_eq!(connect(addresses, PLENTY).unwrap().peer_addr().unwrap(), good);
        }
        let error = connect(&[refused, refused], PLENTY).unwrap_err();
        assert!(matches!(&error, Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused));
        assert!(matches!(connect(&[], PLENTY), Err(Error::HostNotFound)));
        assert!(matches!(connect(&[good], Duration::ZERO), Err(Error::Timeout(Timeout::Global))));
    }
}
