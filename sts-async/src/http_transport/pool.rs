//! Connections that wait for their next request.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, future};

use super::stream::Stream;
use super::target::Target;
use crate::connector::Connector;

/// The most connections to one host that are kept for further requests.
pub const MAX_IDLE_PER_HOST: usize = 16;

/// How long a connection is kept for further requests.
pub const MAX_IDLE_AGE: Duration = Duration::from_secs(15);

pub(super) struct Pool<S>(Mutex<Idle<S>>);

struct Idle<S> {
    /// The one that was used last is the last.
    connections: Vec<Connection<S>>,
    /// How often the pool was emptied: what was taken before is not put back after.
    generation: u64,
}

struct Connection<S> {
    target: Target,
    stream: S,
    since: Instant,
}

impl<S> Default for Pool<S> {
    fn default() -> Self {
        Self(Mutex::new(Idle { connections: Vec::new(), generation: 0 }))
    }
}

impl<S> Pool<S> {
    pub(super) fn generation(&self) -> u64 {
        self.lock().generation
    }

    pub(super) fn put(&self, target: Target, generation: u64, stream: S) {
        let now = Instant::now();
        let mut idle = self.lock();
        if idle.generation != generation {
            return;
        }
        let mut closed = idle.take_old(now);
        let mut same = idle.connections.iter().enumerate().filter(|(_, kept)| kept.target == target);
        let oldest = same.next().map(|(i, _)| i);
        if 1 + same.count() >= MAX_IDLE_PER_HOST
            && let Some(oldest) = oldest
        {
            closed.push(idle.connections.remove(oldest));
        }
        idle.connections.push(Connection { target, stream, since: now });
        // Closing is the system's work, for which nobody has to wait.
        drop(idle);
        drop(closed);
    }

    pub(super) fn clear(&self) {
        let mut idle = self.lock();
        idle.generation += 1;
        let closed = std::mem::take(&mut idle.connections);
        drop(idle);
        drop(closed);
    }

    /// The connection that was used last: the least likely to have been closed by the server.
    fn newest(&self, target: &Target) -> Option<S> {
        let mut idle = self.lock();
        let closed = idle.take_old(Instant::now());
        let position = idle.connections.iter().rposition(|kept| kept.target == *target);
        let found = position.map(|i| idle.connections.remove(i).stream);
        drop(idle);
        drop(closed);
        found
    }

    /// Connections are added and removed whole: a panic elsewhere leaves nothing half done here.
    fn lock(&self) -> MutexGuard<'_, Idle<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Pool<Stream<S>> {
    /// A connection on which nothing has come since its last reply. RFC 9112, section 9.2: bytes without a request are no
    /// reply, and so they must not be there when the next request is sent.
    pub(super) async fn take<C: Connector<Stream = S>>(
        &self,
        target: &Target,
        connector: &C,
    ) -> Option<Stream<S>> {
        loop {
            let mut stream = self.newest(target)?;
            // The stream knows what TLS has read before and whether its runtime still runs. Its `Pending` does not mean that
            // the socket is empty, or that TLS keeps no part of a record.
            if is_pending(&mut stream).await
                && !stream.is_amid_record()
                && !connector.has_unsolicited_data(stream.socket())
            {
                return Some(stream);
            }
            log::trace!("a kept connection was closed, or had bytes that nobody asked for");
        }
    }
}

async fn is_pending<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut Stream<S>) -> bool {
    let turns = stream.turns();
    future::poll_fn(|context| {
        let poll = turns.poll_with(pin!(stream.read(&mut [0])), context);
        Poll::Ready(poll.is_pending())
    })
    .await
}

impl<S> Idle<S> {
    fn take_old(&mut self, now: Instant) -> Vec<Connection<S>> {
        self.connections
            .extract_if(.., |kept| now.saturating_duration_since(kept.since) >= MAX_IDLE_AGE)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::Context;
    use std::{io, iter};

    use super::*;

    /// A stream that has something to say, or what its runtime takes for nothing.
    struct Line {
        said: Option<&'static [u8]>,
        /// What is in the socket.
        arrived: &'static [u8],
    }

    impl AsyncRead for Line {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, out: &mut [u8]) -> Poll<io::Result<usize>> {
            let Some(bytes) = self.said else { return Poll::Pending };
            let n = bytes.len().min(out.len());
            out[..n].copy_from_slice(&bytes[..n]);
            Poll::Ready(Ok(n))
        }
    }

    impl AsyncWrite for Line {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Pending
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    /// Looks at the socket, or leaves the trait's default.
    struct Lines;
    struct ByDefault;

    impl Connector for Lines {
        type Stream = Line;

        async fn connect(&self, _: &str, _: u16) -> io::Result<Line> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn has_unsolicited_data(&self, stream: &Line) -> bool {
            !stream.arrived.is_empty()
        }

        async fn sleep(&self, _: Duration) {}
    }

    impl Connector for ByDefault {
        type Stream = Line;

        async fn connect(&self, _: &str, _: u16) -> io::Result<Line> {
            Err(io::ErrorKind::Unsupported.into())
        }

        async fn sleep(&self, _: Duration) {}
    }

    fn target(port: u16) -> Target {
        Target { is_tls: false, host: "h".to_owned(), port, is_direct: false }
    }

    #[test]
    fn unsolicited_data_keeps_a_connection_from_reuse() {
        let pool = Pool::default();
        let count = |pool: &Pool<_>| pool.lock().connections.len();
        for (port, said, arrived) in [
            (1, None, &b""[..]),
            (2, Some(&b""[..]), b""),
            (2, Some(b"HTTP/1.1 200 OK"), b""),
            (2, None, b"HTTP/1.1 200 OK"),
            (3, None, b""),
        ] {
            pool.put(target(port), 0, Stream::new(Line { said, arrived }));
        }
        future::block_on(async {
            assert!(pool.take(&target(2), &Lines).await.is_none());
            assert_eq!(count(&pool), 2);
            assert!(pool.take(&target(1), &Lines).await.is_some());
            assert!(pool.take(&target(1), &Lines).await.is_none());
            assert!(pool.take(&target(3), &ByDefault).await.is_none());
            assert_eq!(count(&pool), 0);
        });
    }

    #[test]
    fn limits() {
        let (pool, open) = (Pool::default(), Arc::new(()));
        for line in iter::repeat_with(|| Arc::clone(&open)).take(2 * MAX_IDLE_PER_HOST) {
            pool.put(target(1), 0, line);
        }
        assert_eq!(Arc::strong_count(&open), 1 + MAX_IDLE_PER_HOST);
        let later = Instant::now() + MAX_IDLE_AGE;
        drop(pool.lock().take_old(later));
        assert_eq!(Arc::strong_count(&open), 1);
    }

    #[test]
    fn what_was_taken_before_it_was_emptied_does_not_come_back() {
        let (pool, open) = (Pool::default(), Arc::new(()));
        let generation = pool.generation();
        pool.put(target(1), generation, Arc::clone(&open));
        pool.clear();
        pool.put(target(1), generation, Arc::clone(&open));
        assert_eq!(Arc::strong_count(&open), 1);
    }
}
