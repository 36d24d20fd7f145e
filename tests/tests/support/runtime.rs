//! The runtimes that the async client's tests run on, and connectors that make trouble.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_lite::future;
use sts_async::smol::SmolConnector;
use sts_async::tokio::TokioConnector;
use sts_async::{AsyncRead, AsyncWrite, Connector};

/// One thread with the sockets and timers of a runtime.
pub(crate) trait Runtime: Connector + Default + 'static {
    fn block_on<F: Future>(future: F) -> F::Output;
}

impl Runtime for SmolConnector {
    fn block_on<F: Future>(future: F) -> F::Output {
        // Any executor will do, this one included, which knows nothing of sockets.
        future::block_on(future)
    }
}

impl Runtime for TokioConnector {
    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }
}

/// Makes a test of each function for each runtime.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_smol {
            $(#[test] fn $name() { super::$name::<sts_async::smol::SmolConnector>(); })*
        }
        mod on_tokio {
            $(#[test] fn $name() { super::$name::<sts_async::tokio::TokioConnector>(); })*
        }
    };
}
pub(crate) use on_both;

/// Polls a future so many times at most, each time when it was woken.
pub(crate) async fn polled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = times;
    future::poll_fn(|context| {
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Hesitates at every turn and moves a few bytes at a time, so that there are many points to be dropped at.
pub(crate) struct Halting<C> {
    pub(crate) connector: C,
    pub(crate) open: Arc<()>,
}

pub(crate) struct HaltingStream<S> {
    stream: S,
    is_ready: bool,
    _open: Arc<()>,
}

/// The most bytes at a time.
const PIECE: usize = 40;

impl<C: Connector> Connector for Halting<C> {
    type Stream = HaltingStream<C::Stream>;

    async fn connect(&self, host: &str, port: u16) -> io::Result<Self::Stream> {
        future::yield_now().await;
        let stream = self.connector.connect(host, port).await?;
        Ok(HaltingStream { stream, is_ready: false, _open: Arc::clone(&self.open) })
    }

    fn has_unsolicited_data(&self, stream: &Self::Stream) -> bool {
        self.connector.has_unsolicited_data(&stream.stream)
    }

    async fn sleep(&self, time: Duration) {
        self.connector.sleep(time).await;
    }
}

impl<S> HaltingStream<S> {
    fn hesitates(&mut self, context: &Context<'_>) -> bool {
        self.is_ready = !self.is_ready;
        if self.is_ready {
            context.waker().wake_by_ref();
        }
        self.is_ready
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HaltingStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.hesitates(context) {
            return Poll::Pending;
        }
        let end = buffer.len().min(PIECE);
        Pin::new(&mut self.stream).poll_read(context, &mut buffer[..end])
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HaltingStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.hesitates(context) {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_write(context, &bytes[..bytes.len().min(PIECE)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(context)
    }
}
