use std::io;
use std::time::Duration;

use futures_lite::{AsyncRead, AsyncWrite};

/// Opens connections and waits: what [`HttpTransport`](crate::HttpTransport) needs of a runtime.
///
/// ```
/// use std::future::Future;
/// use std::io;
/// use std::time::Duration;
/// use sts_async::{Client, Connector};
///
/// /// The sockets of smol, over a Unix socket that leads out of an enclave.
/// #[derive(Clone)]
/// struct Outside;
///
/// # #[cfg(all(unix, feature = "smol"))]
/// impl Connector for Outside {
///     type Stream = async_net::unix::UnixStream;
///
///     async fn connect(&self, _host: &str, _port: u16) -> io::Result<Self::Stream> {
///         async_net::unix::UnixStream::connect("/run/outside.sock").await
///     }
///
///     async fn sleep(&self, time: Duration) {
///         async_io::Timer::after(time).await;
///     }
/// }
///
/// # #[cfg(all(unix, feature = "smol"))]
/// let client = Client::with_connector(Outside).region("eu-west-1").build()?;
/// # Ok::<(), sts_async::Error>(())
/// ```
pub trait Connector {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin;

    /// Opens a connection to a host: a name, an IPv4 address, or an IPv6 address without brackets.
    ///
    /// The caller limits the time. [`TransportKind::of_io`](crate::TransportKind::of_io) tells what an
    /// error means for the call.
    fn connect(&self, host: &str, port: u16) -> impl Future<Output = io::Result<Self::Stream>>;

    /// Whether bytes, or the end of the connection, have arrived on a connection that no request was sent on since the last
    /// reply.
    ///
    /// [`HttpTransport`](crate::HttpTransport) asks before it sends another request on the connection: such bytes would be
    /// taken for the reply, and a call would get somebody else's answer. RFC 9112, section 9.2.
    ///
    /// The answer must come from the operating system: peek at the socket without blocking, and return `false` only for
    /// [`WouldBlock`](io::ErrorKind::WouldBlock). A `Pending` of the runtime's stream is no answer, because a runtime may
    /// have read the socket last before the bytes came, as tokio does. The connectors of this crate answer for streams of
    /// their types: `TokioConnector` for a `Compat<TcpStream>`, `SmolConnector` for async-net's `TcpStream`.
    ///
    /// By default `true`, so that every request gets a new connection.
    fn has_unsolicited_data(&self, _stream: &Self::Stream) -> bool {
        true
    }

    /// Lets time pass.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()>;
}
