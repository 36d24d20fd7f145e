//! A connection, with or without TLS.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_lite::{AsyncRead, AsyncWrite};

use super::bounded::{Bounded, Turns};
#[cfg(feature = "rustls")]
use super::records::Records;

/// TLS may lie in TLS, where a proxy speaks it too.
pub(super) enum Stream<S> {
    Plain(Bounded<S>),
    #[cfg(feature = "rustls")]
    Tls(Box<futures_rustls::client::TlsStream<Records<Self>>>),
}

impl<S> Stream<S> {
    pub(super) fn new(stream: S) -> Self {
        Self::Plain(Bounded::new(stream))
    }

    /// The turns of the connector's stream, which all layers above it share.
    pub(super) fn turns(&self) -> Turns {
        match self {
            Self::Plain(stream) => stream.turns().clone(),
            #[cfg(feature = "rustls")]
            Self::Tls(stream) => stream.get_ref().0.get_ref().turns(),
        }
    }

    /// Counts received bytes from zero again, for another reply.
    pub(super) fn expect_reply(&mut self) {
        match self {
            Self::Plain(stream) => stream.expect_reply(),
            #[cfg(feature = "rustls")]
            Self::Tls(stream) => stream.get_mut().0.get_mut().expect_reply(),
        }
    }

    /// The connector's stream, below all layers of TLS.
    pub(super) fn socket(&self) -> &S {
        match self {
            Self::Plain(stream) => stream.get_ref(),
            #[cfg(feature = "rustls")]
            Self::Tls(stream) => stream.get_ref().0.get_ref().socket(),
        }
    }

    /// Whether a part of a record of TLS has been read, and the rest has not.
    pub(super) fn is_amid_record(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            #[cfg(feature = "rustls")]
            Self::Tls(stream) => {
                let records = stream.get_ref().0;
                records.is_amid_record() || records.get_ref().is_amid_record()
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            #[cfg(feature = "rustls")]
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            #[cfg(feature = "rustls")]
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            #[cfg(feature = "rustls")]
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_close(context),
            #[cfg(feature = "rustls")]
            Self::Tls(stream) => Pin::new(stream).poll_close(context),
        }
    }
}
