//! Connections that wait for their next request.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_lite::{AsyncRead, AsyncReadExt, future};

use super::target::Target;

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

impl<S: AsyncRead + Unpin> Pool<S> {
    /// A connection on which nothing has come since its last reply: neither its end, nor bytes that would be taken for
    /// the next reply.
    pub(super) async fn take(&self, target: &Target) -> Option<S> {
        loop {
            let mut stream = self.newest(target)?;
            if future::poll_once(stream.read(&mut [0])).await.is_none() {
                return Some(stream);
            }
        }
    }
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
    use std::task::{Context, Poll};
    use std::{io, iter};

    use super::*;

    /// A stream that is silent, or has something to say.
    struct Line {
        _open: Arc<()>,
        said: Option<&'static [u8]>,
    }

    impl AsyncRead for Line {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, out: &mut [u8]) -> Poll<io::Result<usize>> {
            let Some(bytes) = self.said else { return Poll::Pending };
            let n = bytes.len().min(out.len());
            out[..n].copy_from_slice(&bytes[..n]);
            Poll::Ready(Ok(n))
        }
    }

    fn line(open: &Arc<()>, said: Option<&'static [u8]>) -> Line {
        Line { _open: Arc::clone(open), said }
    }

    fn target(port: u16) -> Target {
        Target { is_tls: false, host: "h".to_owned(), port, is_direct: false }
    }

    #[test]
    fn only_silent_connections_to_the_same_target_are_taken() {
        let (pool, open) = (Pool::default(), Arc::new(()));
        for (port, said) in [(1, None), (2, Some(&b""[..])), (2, Some(b"HTTP/1.1 200 OK"))] {
            pool.put(target(port), 0, line(&open, said));
        }
        future::block_on(async {
            assert!(pool.take(&target(2)).await.is_none());
            assert_eq!(Arc::strong_count(&open), 2);
            assert!(pool.take(&target(1)).await.is_some());
            assert!(pool.take(&target(1)).await.is_none());
        });
    }

    #[test]
    fn limits() {
        let (pool, open) = (Pool::default(), Arc::new(()));
        for line in iter::repeat_with(|| line(&open, None)).take(2 * MAX_IDLE_PER_HOST) {
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
        pool.put(target(1), generation, line(&open, None));
        pool.clear();
        pool.put(target(1), generation, line(&open, None));
        assert_eq!(Arc::strong_count(&open), 1);
    }
}
