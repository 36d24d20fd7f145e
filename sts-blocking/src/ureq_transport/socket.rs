//! ureq's TCP connections, with fewer calls of the system for each request.
//!
//! ureq sets the time that is left before every write and read, to the microsecond and so anew each time; and it looks
//! whether a connection is still open when it is kept and again when it is used, by three calls of the system each.
//! Here times are rounded, so that they are set once for very many requests, and the one look that counts is left: the
//! one before a request.

use std::time::{Duration, Instant};

use ureq::Error;
use ureq::unversioned::transport::time;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, NextTimeout, TcpConnector, Transport,
};

/// What a time is rounded to: this part of it, or up to twice as much.
const PART: u32 = 128;

/// Opens TCP connections.
#[derive(Debug, Default)]
pub(super) struct Sockets(TcpConnector);

impl<In: Transport> Connector<In> for Sockets {
    type Out = Either<In, Socket<<TcpConnector as Connector>::Out>>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        if let Some(chained) = chained {
            // A tunnel, which goes through a connection of this kind.
            return Ok(Some(Either::A(chained)));
        }
        let inner = self.0.connect(details, None::<()>)?;
        Ok(inner.map(|inner| Either::B(Socket { inner, has_just_read: false })))
    }
}

/// A TCP connection.
#[derive(Debug)]
pub(super) struct Socket<T> {
    inner: T,
    has_just_read: bool,
}

impl<T: Transport> Transport for Socket<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    /// A write cannot be begun again where it stopped. So its time is rounded up; but for what does not fit into the
    /// system's buffers it does not wait at all.
    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let after = exact(timeout.after).map(|after| rounded(after).saturating_add(unit(after)));
        self.inner.transmit_output(amount, within(timeout, after))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let Some(after) = exact(timeout.after) else {
            return self.noted(timeout);
        };
        let (first, running) = (rounded(after), Running::new(timeout));
        match self.noted(within(timeout, Some(first))) {
            // What is left of the time that was asked for.
            Err(Error::Timeout(_)) if first < after => self.noted(running.left()?),
            outcome => outcome,
        }
    }

    fn is_open(&mut self) -> bool {
        // Bytes that nobody has taken: over TLS ureq does not look for them, and they would be the next reply.
        if !self.inner.buffers().input().is_empty() {
            return false;
        }
        // Whatever comes now is seen by the look before the next request.
        std::mem::take(&mut self.has_just_read) || self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

impl<T: Transport> Socket<T> {
    fn noted(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let outcome = self.inner.await_input(timeout);
        self.has_just_read = matches!(outcome, Ok(true));
        outcome
    }
}

/// A time that runs while it is used up in several steps.
pub(super) struct Running {
    timeout: NextTimeout,
    since: Instant,
}

impl Running {
    pub(super) fn new(timeout: NextTimeout) -> Self {
        Self { timeout, since: Instant::now() }
    }

    /// What is left of it.
    pub(super) fn left(&self) -> Result<NextTimeout, Error> {
        let left = exact(self.timeout.after).map(|after| after.saturating_sub(self.since.elapsed()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(Error::Timeout(self.timeout.reason));
        }
        Ok(within(self.timeout, left))
    }
}

/// A time that ends.
fn exact(after: time::Duration) -> Option<Duration> {
    match after {
        time::Duration::Exact(after) => Some(after),
        time::Duration::NotHappening => None,
    }
}

fn within(timeout: NextTimeout, after: Option<Duration>) -> NextTimeout {
    NextTimeout { after: after.map_or(time::Duration::NotHappening, time::Duration::Exact), ..timeout }
}

/// A power of two of nanoseconds, so that times that are nearly the same have the same.
fn unit(after: Duration) -> Duration {
    let part = u64::try_from((after / PART).as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(1 << (part | 1).ilog2())
}

/// The time without what is less than its unit.
fn rounded(after: Duration) -> Duration {
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(nanos(after) - nanos(after) % nanos(unit(after)))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use ureq::Timeout;
    use ureq::unversioned::transport::LazyBuffers;

    use super::*;

    /// Answers as it is told, and notes what it was asked.
    #[derive(Debug)]
    struct Script {
        buffers: LazyBuffers,
        answers: VecDeque<Result<bool, Error>>,
        /// How long each write and read was allowed to take.
        times: Vec<Duration>,
        looks: usize,
    }

    impl Transport for Script {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.buffers
        }

        fn transmit_output(&mut self, _: usize, timeout: NextTimeout) -> Result<(), Error> {
            self.times.extend(exact(timeout.after));
            Ok(())
        }

        fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
            self.times.extend(exact(timeout.after));
            self.answers.pop_front().unwrap()
        }

        fn is_open(&mut self) -> bool {
            self.looks += 1;
            true
        }
    }

    fn socket(answers: impl IntoIterator<Item = Result<bool, Error>>) -> Socket<Script> {
        let answers = answers.into_iter().collect();
        let inner = Script { buffers: LazyBuffers::new(1, 1), answers, times: Vec::new(), looks: 0 };
        Socket { inner, has_just_read: false }
    }

    fn left(after: Duration) -> NextTimeout {
        within(NextTimeout::default(), Some(after))
    }

    const ATTEMPT: Duration = Duration::from_secs(15);

    #[test]
    fn times_that_are_nearly_the_same_become_the_same() {
        let mut socket = socket((0..100).map(|_| Ok(true)));
        for i in 0..100 {
            socket.transmit_output(0, left(ATTEMPT - Duration::from_micros(7 * i))).unwrap();
            socket.await_input(left(ATTEMPT - Duration::from_micros(7 * i + 3))).unwrap();
        }
        let (writes, reads): (Vec<_>, Vec<_>) =
            socket.inner.times.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
        assert!(writes.iter().all(|time| *time == writes[0] && *time >= ATTEMPT), "{:?}", writes[0]);
        assert!(reads.iter().all(|time| *time == reads[0] && *time <= ATTEMPT), "{:?}", reads[0]);
        assert!(writes[0] - reads[0] <= ATTEMPT / 64, "{:?}, {:?}", writes[0], reads[0]);
    }

    #[test]
    fn a_read_waits_for_all_of_its_time_and_no_longer() {
        let timeout = || Err(Error::Timeout(Timeout::Global));
        let mut socket = socket([timeout(), timeout()]);
        assert!(socket.await_input(left(ATTEMPT)).is_err());
        let [first, second] = socket.inner.times[..] else { panic!("{:?}", socket.inner.times) };
        assert_eq!(first, rounded(ATTEMPT));
        // The script takes no time itself.
        assert!(second <= ATTEMPT && second > ATTEMPT - Duration::from_secs(5), "{second:?}");
    }

    #[test]
    fn no_time_is_rounded_to_none() {
        for nanos in (0..64).flat_map(|bit| [1u64 << bit, (1 << bit) | 1, u64::MAX >> bit]) {
            let time = Duration::from_nanos(nanos);
            let rounded = rounded(time);
            assert!(
                !rounded.is_zero() && rounded <= time && time - rounded < time / 64 + Duration::from_nanos(1)
            );
        }
        assert!(rounded(Duration::MAX) <= Duration::MAX);
    }

    #[test]
    fn one_look_for_each_request() {
        let mut socket = socket([Ok(true), Ok(true), Ok(false)]);
        for looks in 1..=2 {
            socket.await_input(left(ATTEMPT)).unwrap();
            // When it is kept, and when it is used.
            assert!(socket.is_open() && socket.is_open());
            assert_eq!(socket.inner.looks, looks);
        }
        // The end of the connection is no reason to believe in it.
        socket.await_input(left(ATTEMPT)).unwrap();
        assert!(socket.is_open());
        assert_eq!(socket.inner.looks, 3);
    }

    #[test]
    fn a_connection_with_bytes_that_nobody_took_is_not_open() {
        let mut socket = socket([Ok(true)]);
        socket.await_input(left(ATTEMPT)).unwrap();
        socket.buffers().input_append_buf()[0] = b'x';
        socket.buffers().input_appended(1);
        assert!(!socket.is_open());
        assert_eq!(socket.inner.looks, 0);
    }

    #[test]
    fn a_time_runs() {
        let running = Running::new(left(Duration::from_millis(20)));
        assert!(exact(running.left().unwrap().after).unwrap() <= Duration::from_millis(20));
        std::thread::sleep(Duration::from_millis(21));
        assert!(matches!(running.left(), Err(Error::Timeout(Timeout::Global))));
        assert!(exact(Running::new(NextTimeout::default()).left().unwrap().after).is_none());
    }

    #[test]
    fn without_a_deadline_there_is_none() {
        let mut socket = socket([Ok(true)]);
        socket.transmit_output(0, NextTimeout::default()).unwrap();
        socket.await_input(NextTimeout::default()).unwrap();
        assert!(socket.inner.times.is_empty());
    }
}
