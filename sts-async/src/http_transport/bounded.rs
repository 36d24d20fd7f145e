//! A connector's stream with limits on what its peer can make a call do.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use futures_lite::{AsyncRead, AsyncWrite};
use sts_proto::http1::MAX_WIRE_BYTES;

/// The most reads and writes of one poll: 16 KiB of a flood. A peer that sends as fast as it is read would keep the call,
/// and with it the thread, from looking at anything else: deadlines and other tasks.
const TURNS_PER_POLL: u8 = 4;

/// Yields to the executor after some reads and writes, and fails after too many bytes.
pub(super) struct Bounded<S> {
    stream: S,
    turns: Turns,
    /// Bytes received since the last call of [`expect_reply`](Self::expect_reply).
    received: usize,
}

/// The reads and writes that are left to the current poll.
#[derive(Clone)]
pub(super) struct Turns(Arc<AtomicU8>);

impl Turns {
    /// Polls a future that reads and writes, with a new supply of turns.
    ///
    /// The supply is the poll's, and not one that a `Pending` renews: the TLS handshake of futures-rustls polls its stream
    /// again after a `Pending` if bytes had come before.
    pub(super) fn poll_with<F: Future>(
        &self,
        future: Pin<&mut F>,
        context: &mut Context<'_>,
    ) -> Poll<F::Output> {
        self.0.store(TURNS_PER_POLL, Ordering::Relaxed);
        future.poll(context)
    }

    /// Takes one turn. Without any left, the task is woken for its next poll.
    fn poll_take(&self, context: &Context<'_>) -> Poll<()> {
        match self.0.load(Ordering::Relaxed).checked_sub(1) {
            Some(left) => {
                self.0.store(left, Ordering::Relaxed);
                Poll::Ready(())
            }
            None => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

impl<S> Bounded<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, turns: Turns(Arc::new(AtomicU8::new(TURNS_PER_POLL))), received: 0 }
    }

    pub(super) fn get_ref(&self) -> &S {
        &self.stream
    }

    pub(super) fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Counts received bytes from zero again, for another reply.
    pub(super) fn expect_reply(&mut self) {
        self.received = 0;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.turns.poll_take(context));
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.received = self.received.saturating_add(read);
        if self.received > MAX_WIRE_BYTES {
            let words = format!("more than {MAX_WIRE_BYTES} bytes came for one reply");
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::QuotaExceeded, words)));
        }
        Poll::Ready(Ok(read))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.turns.poll_take(context));
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Waker;
    use std::time::Duration;

    use futures_lite::future;
    use sts_proto::http::Request;
    use sts_proto::{Body, Error, TransportKind};

    use super::super::HttpTransport;
    use super::super::doubles::Flood;
    use super::*;
    use crate::connector::Connector;
    use crate::transport::Transport;

    const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    /// The error of a request to that peer, each of whose polls must take a bounded number of turns.
    fn error(flood: Flood, url: &str, body: usize) -> Error {
        let turns = Arc::clone(&flood.turns);
        let transport = HttpTransport::new(flood);
        let request = Request::post(url).body(Body::from(vec![b'x'; body])).unwrap();
        let mut call = pin!(transport.send(request, Duration::from_secs(15)));
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let before = turns.load(Ordering::Relaxed);
            let poll = call.as_mut().poll(&mut context);
            let taken = turns.load(Ordering::Relaxed) - before;
            assert!(taken <= usize::from(TURNS_PER_POLL), "{taken} turns in one poll");
            match poll {
                Poll::Ready(answer) => return answer.unwrap_err(),
                Poll::Pending => assert!(taken > 0, "nobody wakes the task"),
            }
        }
    }

    #[test]
    fn deadline_ends_a_reply_that_never_waits() {
        // A hundred polls, of a byte each turn: long before any limit on the size.
        for (first, then) in [
            (&b"HTTP/1.1 200 OK\r\nX: "[..], &b"x"[..]),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            (CHUNKED, b"1;name=value\r\nx\r\n"),
            (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        ] {
            let error = error(Flood::new(first, then, 100), "http://host/", 10);
            assert_eq!(error.transport_kind(), Some(TransportKind::Timeout), "{error}");
        }
    }

    #[test]
    fn deadline_ends_a_request_that_is_taken_slowly() {
        let error = error(Flood::new(CHUNKED, b"x", 100), "http://host/", 1 << 20);
        assert_eq!(error.transport_kind(), Some(TransportKind::Timeout), "{error}");
    }

    #[cfg(feature = "rustls")]
    #[test]
    fn deadline_ends_a_handshake_that_never_waits() {
        // A hello of 65,535 bytes, each of them in a record.
        let (first, then) = (b"\x16\x03\x03\0\x04\x02\0\xff\xff", b"\x16\x03\x03\0\x01\0");
        let error = error(Flood::new(first, then, 100), "https://host/", 10);
        assert_eq!(error.transport_kind(), Some(TransportKind::Timeout), "{error}");
    }

    #[test]
    fn deadline_that_is_over_ends_a_call_before_its_work() {
        let flood = Flood::new(CHUNKED, b"0\r\n\r\n", 1);
        let turns = Arc::clone(&flood.turns);
        assert_eq!(error(flood, "http://host/", 0).transport_kind(), Some(TransportKind::Timeout));
        assert_eq!(turns.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn floods_end_by_their_size_where_time_is_long() {
        for (first, then) in [
            (&b"HTTP/1.1 200 OK\r\nX: "[..], &b"x"[..]),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            (CHUNKED, b"1;name=value\r\nx\r\n"),
            (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        ] {
            let error = error(Flood::new(first, then, usize::MAX), "http://host/", 10);
            assert_eq!(error.transport_kind(), Some(TransportKind::TooLarge), "{error}");
        }
    }

    #[test]
    fn received_bytes_are_bounded_whatever_a_layer_above_makes_of_them() {
        future::block_on(async {
            let flood = Flood { piece: 1 << 10, ..Flood::new(b"", b"x", 1) };
            let mut stream = Bounded::new(flood.connect("host", 1).await.unwrap());
            let turns = stream.turns().clone();
            let mut reading = pin!(futures_lite::io::copy(&mut stream, futures_lite::io::sink()));
            let error = poll_fn(|context| turns.poll_with(reading.as_mut(), context)).await.unwrap_err();
            assert_eq!(TransportKind::of_io(&error), TransportKind::TooLarge, "{error}");
            assert_eq!(flood.turns.load(Ordering::Relaxed), MAX_WIRE_BYTES / flood.piece + 1);
        });
    }
}
