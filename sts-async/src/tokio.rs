//! Sockets and timers of tokio. Feature `tokio`.
//!
//! They need a runtime with IO and time enabled. Host names are resolved by tokio, in one of its threads for blocking
//! work; addresses, such as `127.0.0.1`, are not resolved.
//!
//! ```no_run
//! use sts_async::operation::GetCallerIdentity;
//! use sts_async::tokio::Client;
//!
//! # async fn example() -> Result<(), sts_async::Error> {
//! let client = Client::builder().region("eu-west-1").credentials_from_env().build()?;
//! let identity = client.send(GetCallerIdentity::new()).await?;
//! println!("I am {}", identity.arn);
//! # Ok(())
//! # }
//! ```

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_lite::{AsyncRead, AsyncWrite};
use socket2::SockRef;
use tokio::io::{AsyncRead as TokioRead, AsyncWrite as TokioWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::connector::Connector;
use crate::http_transport::HttpTransport;

/// A client over these sockets.
pub type Client = crate::Client<HttpTransport<TokioConnector>>;

/// Connects and waits by tokio.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioConnector;

impl Connector for TokioConnector {
    type Stream = Compat<TcpStream>;

    async fn connect(&self, host: &str, port: u16) -> io::Result<Self::Stream> {
        let stream = TcpStream::connect((host, port)).await?;
        // A request is written at once, and nothing comes after it.
        stream.set_nodelay(true)?;
        Ok(Compat::new(stream))
    }

    fn has_unsolicited_data(&self, stream: &Self::Stream) -> bool {
        // Not by tokio, which takes the socket for empty until its driver runs again.
        let peeked = SockRef::from(&stream.0).peek(&mut [MaybeUninit::uninit()]);
        peeked.err().is_none_or(|error| error.kind() != io::ErrorKind::WouldBlock)
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// A stream of tokio's with the traits of futures-io, for connectors that connect by tokio in other ways.
#[derive(Debug)]
pub struct Compat<S>(S);

impl<S> Compat<S> {
    /// Around that stream.
    pub fn new(stream: S) -> Self {
        Self(stream)
    }

    /// The stream.
    pub fn into_inner(self) -> S {
        self.0
    }
}

impl<S: TokioRead + Unpin> AsyncRead for Compat<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.0).poll_read(context, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

impl<S: TokioWrite + Unpin> AsyncWrite for Compat<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
