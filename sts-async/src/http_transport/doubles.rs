//! A connector for tests whose streams are always ready and whose time passes by polls.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_lite::{AsyncRead, AsyncWrite, future};

use crate::connector::Connector;

/// A peer that never lets a reader wait: the bytes of `first`, then those of `then` again and again.
#[derive(Clone)]
pub(super) struct Flood {
    pub(super) first: &'static [u8],
    pub(super) then: &'static [u8],
    /// How many polls a sleep takes, whatever its time.
    pub(super) polls: usize,
    /// The most bytes of one read.
    pub(super) piece: usize,
    /// How often a stream was read from or written to.
    pub(super) turns: Arc<AtomicUsize>,
}

pub(super) struct FloodStream {
    flood: Flood,
    read: usize,
}

impl Flood {
    pub(super) fn new(first: &'static [u8], then: &'static [u8], polls: usize) -> Self {
        Self { first, then, polls, piece: 1, turns: Arc::default() }
    }
}

impl Connector for Flood {
    type Stream = FloodStream;

    async fn connect(&self, _: &str, _: u16) -> io::Result<FloodStream> {
        Ok(FloodStream { flood: self.clone(), read: 0 })
    }

    async fn sleep(&self, _: Duration) {
        let mut left = self.polls;
        future::poll_fn(|_| {
            left = left.saturating_sub(1);
            if left == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl AsyncRead for FloodStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.flood.turns.fetch_add(1, Ordering::Relaxed);
        let (first, then) = (self.flood.first, self.flood.then);
        let piece = buffer.len().min(self.flood.piece);
        for byte in &mut buffer[..piece] {
            let place = self.read.checked_sub(first.len());
            *byte = place.map_or_else(|| first[self.read], |place| then[place % then.len()]);
            self.read += 1;
        }
        Poll::Ready(Ok(piece))
    }
}

impl AsyncWrite for FloodStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        self.flood.turns.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Ok(1))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
