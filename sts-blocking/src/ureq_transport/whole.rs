//! A request goes out whole.
//!
//! ureq sends the head of a request, and then its body: two packets, two records of TLS and two calls of the system for
//! a few hundred bytes each, and a server that is woken for half a request. Here what is to be sent is held until a reply is
//! waited for.

use std::fmt;
use std::mem;

use sts_proto::Body;
use ureq::Error;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};
use zeroize::Zeroizing;

use super::running::Running;

/// What is held at the most. Forms and heads together are smaller but for large policies and assertions.
const MOST: usize = 4 << 10;

/// A connection.
pub(super) struct Whole<T> {
    inner: T,
    held: Zeroizing<Vec<u8>>,
}

impl<T: Transport> Transport for Whole<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let piece = self.inner.buffers().output().get(..amount).unwrap_or_default();
        let length = self.held.len() + piece.len();
        if length > self.held.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(length.max(MOST)));
            larger.extend_from_slice(&self.held);
            self.held = larger;
        }
        self.held.extend_from_slice(piece);
        if length > MOST { self.send(&Running::new(timeout)) } else { Ok(()) }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if self.held.is_empty() {
            return self.inner.await_input(timeout);
        }
        // One time for both: sending may take nearly all of it.
        let running = Running::new(timeout);
        self.send(&running)?;
        self.inner.await_input(running.left()?)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

impl<T: Transport> Whole<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, held: Zeroizing::default() }
    }

    fn send(&mut self, time: &Running) -> Result<(), Error> {
        // A body is wiped at once and not byte by byte.
        let held = Body::from(mem::take(&mut self.held));
        transmit(&mut self.inner, held.as_ref(), time)
    }
}

/// Sends bytes by way of the output buffer, which may be smaller.
pub(super) fn transmit(transport: &mut impl Transport, bytes: &[u8], time: &Running) -> Result<(), Error> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let output = transport.buffers().output();
        let (piece, after) = rest.split_at(rest.len().min(output.len()));
        output[..piece.len()].copy_from_slice(piece);
        transport.transmit_output(piece.len(), time.left()?)?;
        rest = after;
    }
    Ok(())
}

impl<T: Transport> fmt::Debug for Whole<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Whole").field("inner", &self.inner).field("held", &self.held.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ureq::unversioned::transport::{LazyBuffers, time};

    use super::*;

    /// Notes what is sent.
    #[derive(Debug)]
    struct Script {
        buffers: LazyBuffers,
        sent: Vec<Vec<u8>>,
        waits: usize,
        /// How long a write takes.
        takes: Duration,
        /// How long each write was allowed to take.
        times: Vec<time::Duration>,
    }

    impl Transport for Script {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.buffers
        }

        fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
            self.times.push(timeout.after);
            std::thread::sleep(self.takes);
            self.sent.push(self.buffers.output()[..amount].to_vec());
            Ok(())
        }

        fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
            self.waits += 1;
            Ok(true)
        }

        fn is_open(&mut self) -> bool {
            true
        }
    }

    /// A connection whose buffer has so much room, and what was written to it in pieces of those lengths.
    fn written(room: usize, pieces: &[usize]) -> (Whole<Script>, Vec<u8>) {
        let (takes, times) = (Duration::ZERO, Vec::new());
        let inner = Script { buffers: LazyBuffers::new(1, room), sent: Vec::new(), waits: 0, takes, times };
        let mut whole = Whole::new(inner);
        let mut all = Vec::new();
        for length in pieces {
            let piece: Vec<u8> = (0..*length).map(|i| ((all.len() + i) % 251) as u8).collect();
            whole.buffers().output()[..piece.len()].copy_from_slice(&piece);
            whole.transmit_output(piece.len(), NextTimeout::default()).unwrap();
            all.extend(piece);
        }
        (whole, all)
    }

    #[test]
    fn head_and_body_go_out_together_before_a_reply_is_waited_for() {
        let (mut whole, all) = written(128 << 10, &[700, 300]);
        assert!(whole.inner.sent.is_empty());
        for waits in 1..=2 {
            whole.await_input(NextTimeout::default()).unwrap();
            assert_eq!((&whole.inner.sent, whole.inner.waits), (&vec![all.clone()], waits));
        }
        assert!(whole.held.is_empty());
    }

    #[test]
    fn writing_and_waiting_have_one_time_together() {
        let (mut whole, all) = written(1000, &[1000, 1000]);
        whole.inner.takes = Duration::from_millis(20);
        let after = time::Duration::from_millis(30);
        let outcome = whole.await_input(NextTimeout { after, ..NextTimeout::default() });
        assert!(matches!(outcome, Err(Error::Timeout(_))), "{outcome:?}");
        let [first, second] = whole.inner.times[..] else { panic!("{:?}", whole.inner.times) };
        assert!(*first <= *after && *second <= Duration::from_millis(10), "{first:?}, {second:?}");
        assert_eq!((whole.inner.sent.concat(), whole.inner.waits), (all, 0));
    }

    #[test]
    fn nothing_is_lost_or_moved_whatever_the_lengths() {
        for room in [MOST / 4, MOST, 3 * MOST] {
            for first in [0, 1, MOST / 4] {
                for second in [0, 1, room - 1, room] {
                    let (mut whole, all) = written(room, &[first, second, first]);
                    whole.await_input(NextTimeout::default()).unwrap();
                    assert_eq!(whole.inner.sent.concat(), all, "{room}, {first}, {second}");
                }
            }
        }
    }

    #[test]
    fn what_is_large_does_not_pile_up() {
        let (whole, all) = written(MOST, &[MOST; 10]);
        assert!(whole.held.len() <= MOST && whole.held.capacity() <= 2 * MOST);
        assert_eq!(whole.inner.sent.concat().len() + whole.held.len(), all.len());
    }

    #[test]
    fn what_is_held_is_not_shown() {
        let (whole, _) = written(MOST, &[3]);
        assert!(format!("{whole:?}").ends_with("held: 3 }"));
    }
}
