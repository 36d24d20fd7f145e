//! The connections that are open at once: those that have shown the token, and the others.
//!
//! Any user of the machine can connect. So connections without the token have places of their own, where a new connection takes
//! the place of the oldest one: silent or slow connections cannot keep out a caller that sends its request at once.

use std::collections::VecDeque;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The connections that have not shown the token. A further one closes the oldest.
const MAX_UNPROVEN: usize = 64;

/// The connections that have shown the token. A further one gets the status 503.
const MAX_PROVEN: usize = 256;

/// All connections.
#[derive(Default)]
pub(super) struct Places(Mutex<Open>);

#[derive(Default)]
struct Open {
    /// The oldest first.
    unproven: VecDeque<(u64, Arc<TcpStream>)>,
    proven: usize,
    /// The number of connections so far.
    entered: u64,
}

/// The place of a connection, which is given back when it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    id: u64,
    is_proven: bool,
}

impl Places {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a place to a new connection, if need be the place of the oldest connection without the token.
    pub(super) fn enter(self: &Arc<Self>, stream: &Arc<TcpStream>) -> Place {
        let mut open = self.open();
        if open.unproven.len() >= MAX_UNPROVEN
            && let Some((_, oldest)) = open.unproven.pop_front()
        {
            // Ends the reads and writes of its thread.
            let _ = oldest.shutdown(Shutdown::Both);
        }
        open.entered += 1;
        let id = open.entered;
        open.unproven.push_back((id, Arc::clone(stream)));
        Place { places: Arc::clone(self), id, is_proven: false }
    }
}

impl Place {
    /// Moves the connection, which has shown the token, to a place that no other connection takes. False where all are taken.
    pub(super) fn prove(&mut self) -> bool {
        let mut open = self.places.open();
        if open.proven >= MAX_PROVEN {
            return false;
        }
        open.proven += 1;
        open.unproven.retain(|(id, _)| *id != self.id);
        self.is_proven = true;
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.places.open();
        if self.is_proven {
            open.proven -= 1;
        } else {
            open.unproven.retain(|(id, _)| *id != self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;
    use std::time::Duration;

    use super::*;

    #[test]
    fn new_connection_closes_the_oldest_without_the_token() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let places = Arc::new(Places::default());
        let connect = || {
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            let stream = Arc::new(listener.accept().unwrap().0);
            (client, places.enter(&stream), stream)
        };
        let mut proven = connect();
        assert!(proven.1.prove());
        let mut oldest = connect();
        let others: Vec<_> = (0..MAX_UNPROVEN).map(|_| connect()).collect();
        assert_eq!(oldest.0.read(&mut [0]).unwrap(), 0);
        proven.0.set_nonblocking(true).unwrap();
        assert!(proven.0.read(&mut [0]).is_err());
        drop((oldest, others, proven));
        assert!(places.open().unproven.is_empty());
        assert_eq!(places.open().proven, 0);
    }

    #[test]
    fn connections_with_the_token_are_bounded() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = Arc::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        let places = Arc::new(Places::default());
        let mut all: Vec<_> = (0..=MAX_PROVEN)
            .map(|_| {
                let mut place = places.enter(&stream);
                (place.prove(), place)
            })
            .collect();
        assert!(all.iter().take(MAX_PROVEN).all(|(is_proven, _)| *is_proven));
        let (is_proven, mut last) = all.pop().unwrap();
        assert!(!is_proven);
        all.pop();
        assert!(last.prove());
    }
}
