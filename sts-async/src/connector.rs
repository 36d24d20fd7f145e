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
    /// The time for it is limited by whoever calls. [`TransportKind::of_io`](crate::TransportKind::of_io) tells what an
    /// error means for the call.
    fn connect(&self, host: &str, port: u16) -> impl Future<Output = io::Result<Self::Stream>>;

    /// Lets time pass.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()>;
}
