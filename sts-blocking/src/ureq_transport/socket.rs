//! TCP connections under ureq: absolute deadlines, and few calls of the system for each request.
//!
//! ureq's own connection gives each `write` of what it sends the whole time anew, so a peer that reads drop by drop gains as
//! much time again for each drop. It also sets the time that is left before every write and read, to the microsecond and so
//! anew each time; and it looks whether a connection is still open when it is kept and again when it is used. Here one
//! deadline holds for all parts of a write, times are rounded so that they are set once for very many requests, and the one
//! look that counts is left: the one before a request.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use sts_proto::http1::MAX_WIRE_BYTES;
use sts_proto::{Error as StsError, TransportKind};
use ureq::Error;
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};

use super::failure::Ours;
use super::running::{Running, exact, rounded};

/// What a [`Socket`] needs of a stream.
pub(super) trait Stream: Read + Write + Send + Sync + 'static {
    fn set_read_time(&self, time: Option<Duration>) -> io::Result<()>;
    fn set_write_time(&self, time: Option<Duration>) -> io::Result<()>;

    /// Whether the peer has neither sent anything nor closed the connection.
    fn is_quiet(&mut self) -> bool;
}

impl Stream for TcpStream {
    fn set_read_time(&self, time: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(time)
    }

    fn set_write_time(&self, time: Option<Duration>) -> io::Result<()> {
        self.set_write_timeout(time)
    }

    fn is_quiet(&mut self) -> bool {
        if self.set_nonblocking(true).is_err() {
            return false;
        }
        let looked = self.read(&mut [0]);
        // Bytes that nobody asked for would be taken for the next reply.
        let is_quiet = looked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        is_quiet && self.set_nonblocking(false).is_ok()
    }
}

/// A TCP connection.
pub(super) struct Socket<S = TcpStream> {
    stream: S,
    buffers: LazyBuffers,
    /// The time that is set for reads and writes of the stream.
    read_time: Option<Duration>,
    write_time: Option<Duration>,
    has_just_read: bool,
    /// Bytes read since the last write.
    received: usize,
}

impl<S: Stream> Socket<S> {
    pub(super) fn new(stream: S, buffers: LazyBuffers) -> Self {
        Self { stream, buffers, read_time: None, write_time: None, has_just_read: false, received: 0 }
    }
}

impl<S: Stream> Transport for Socket<S> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.received = 0;
        let running = Running::new(timeout.for_write());
        let mut rest = self.buffers.output().get(..amount).unwrap_or_default();
        while !rest.is_empty() {
            let time = exact(running.left()?.after).map(rounded);
            set(&mut self.write_time, time, |time| self.stream.set_write_time(time))?;
            match self.stream.write(rest) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if is_to_be_repeated(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let running = Running::new(timeout.for_read());
        let read = loop {
            let time = exact(running.left()?.after).map(rounded);
            set(&mut self.read_time, time, |time| self.stream.set_read_time(time))?;
            match self.stream.read(self.buffers.input_append_buf()) {
                Ok(read) => break read,
                // What is left of the time that was asked for.
                Err(error) if is_to_be_repeated(&error) => {}
                Err(error) => return Err(error.into()),
            }
        };
        self.received = self.received.saturating_add(read);
        if self.received > MAX_WIRE_BYTES {
            let words = format!("more than {MAX_WIRE_BYTES} bytes with framing and TLS");
            return Err(Ours::Reply(StsError::transport(TransportKind::TooLarge, words)).into());
        }
        self.buffers.input_appended(read);
        self.has_just_read = read > 0;
        Ok(read > 0)
    }

    fn is_open(&mut self) -> bool {
        // Bytes that nobody has taken: over TLS ureq does not look for them, and they would be the next reply.
        if !self.buffers.input().is_empty() {
            return false;
        }
        // Whatever comes now is seen by the look before the next request.
        std::mem::take(&mut self.has_just_read) || self.stream.is_quiet()
    }
}

impl<S> fmt::Debug for Socket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").finish_non_exhaustive()
    }
}

/// Whether the time that was set has passed, which may be less than the time that is left, or a signal came.
fn is_to_be_repeated(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

/// Sets a time unless it is set already.
fn set(
    current: &mut Option<Duration>,
    time: Option<Duration>,
    set: impl FnOnce(Option<Duration>) -> io::Result<()>,
) -> io::Result<()> {
    if *current == time {
        return Ok(());
    }
    match set(time) {
        Ok(()) => *current = time,
        // macOS refuses it once the peer has closed the connection, whose reply may be there to be read all the same.
        Err(error) if cfg!(target_os = "macos") && error.kind() == io::ErrorKind::InvalidInput => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use ureq::Timeout;

    use super::super::running::within;
    use super::*;

    /// A stream without a network: notes what it is asked, and answers as it is told.
    #[derive(Default)]
    struct Script {
        reads: VecDeque<io::Result<usize>>,
        /// How many bytes each write takes, and how long it takes for them; all of them at once when there is nothing left.
        writes: VecDeque<(io::Result<usize>, Duration)>,
        written: Vec<u8>,
        times: Mutex<Vec<Option<Duration>>>,
        looks: usize,
    }

    impl Read for Script {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.reads.pop_front().unwrap_or_else(|| panic!("a read too many"))
        }
    }

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (taken, time) = self.writes.pop_front().unwrap_or((Ok(bytes.len()), Duration::ZERO));
            std::thread::sleep(time);
            let taken = taken?.min(bytes.len());
            self.written.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Stream for Script {
        fn set_read_time(&self, time: Option<Duration>) -> io::Result<()> {
            self.times.lock().unwrap().push(time);
            Ok(())
        }

        fn set_write_time(&self, time: Option<Duration>) -> io::Result<()> {
            self.times.lock().unwrap().push(time);
            Ok(())
        }

        fn is_quiet(&mut self) -> bool {
            self.looks += 1;
            true
        }
    }

    fn socket(reads: impl IntoIterator<Item = io::Result<usize>>) -> Socket<Script> {
        let script = Script { reads: reads.into_iter().collect(), ..Script::default() };
        Socket::new(script, LazyBuffers::new(1 << 20, 100))
    }

    fn times(socket: &Socket<Script>) -> Vec<Option<Duration>> {
        socket.stream.times.lock().unwrap().clone()
    }

    fn left(after: Duration) -> NextTimeout {
        within(NextTimeout::default(), Some(after))
    }

    fn would_block<T>() -> io::Result<T> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    const ATTEMPT: Duration = Duration::from_secs(15);

    #[test]
    fn times_that_are_nearly_the_same_are_set_once() {
        let mut socket = socket((0..100).map(|_| Ok(1)));
        for i in 0..100 {
            socket.transmit_output(1, left(ATTEMPT - Duration::from_micros(7 * i))).unwrap();
            socket.await_input(left(ATTEMPT - Duration::from_micros(7 * i + 3))).unwrap();
        }
        assert_eq!(times(&socket), [Some(rounded(ATTEMPT)); 2]);
    }

    #[test]
    fn read_waits_for_all_of_its_time_and_no_longer() {
        let mut socket = socket([would_block(), Err(io::ErrorKind::Interrupted.into()), Ok(1)]);
        assert!(socket.await_input(left(ATTEMPT)).unwrap());
        let times = times(&socket);
        assert_eq!(times[0], Some(rounded(ATTEMPT)));
        assert!(times.iter().all(|time| *time <= Some(ATTEMPT)), "{times:?}");

        let mut late = self::socket([would_block()]);
        let outcome = late.await_input(left(Duration::ZERO));
        assert!(matches!(outcome, Err(Error::Timeout(Timeout::Global))), "{outcome:?}");
        assert_eq!(late.stream.reads.len(), 1, "no read after the deadline");
    }

    #[test]
    fn write_in_parts_has_one_time() {
        let takes = |part, millis| (Ok(part), Duration::from_millis(millis));
        let mut socket = socket([]);
        socket.buffers().output().copy_from_slice(&[7; 100]);
        socket.stream.writes = [takes(30, 20), (would_block(), Duration::ZERO), takes(30, 0)].into();
        socket.transmit_output(100, left(ATTEMPT)).unwrap();
        assert_eq!(socket.stream.written, [7; 100]);

        // A peer that takes a byte in each of a hundred times.
        let deadline = Duration::from_millis(50);
        socket.stream.writes = (0..100).map(|_| takes(1, 20)).collect();
        let outcome = socket.transmit_output(100, left(deadline));
        assert!(matches!(outcome, Err(Error::Timeout(Timeout::Global))), "{outcome:?}");
        assert!(socket.stream.writes.len() >= 97, "{} writes are left", socket.stream.writes.len());
        assert!(times(&socket).iter().all(|time| *time <= Some(ATTEMPT)));
    }

    #[test]
    fn write_that_fails_is_an_error() {
        let mut socket = socket([]);
        socket.stream.writes = [(Ok(0), Duration::ZERO)].into();
        assert!(matches!(socket.transmit_output(1, left(ATTEMPT)), Err(Error::Io(_))));
        socket.stream.writes = [(Err(io::ErrorKind::BrokenPipe.into()), Duration::ZERO)].into();
        assert!(matches!(socket.transmit_output(1, left(ATTEMPT)), Err(Error::Io(_))));
    }

    #[test]
    fn bytes_without_end_are_refused() {
        let piece = 64 << 10;
        let mut socket = socket((0..).map(|_| Ok(piece)).take(2 * MAX_WIRE_BYTES / piece));
        for _ in 0..2 {
            // A write begins a new reply.
            socket.transmit_output(1, left(ATTEMPT)).unwrap();
            for _ in 0..MAX_WIRE_BYTES / piece - 1 {
                socket.await_input(left(ATTEMPT)).unwrap();
                let amount = socket.buffers().input().len();
                socket.buffers().input_consume(amount);
            }
        }
        socket.await_input(left(ATTEMPT)).unwrap();
        let Err(Error::Other(error)) = socket.await_input(left(ATTEMPT)) else { panic!("taken") };
        assert!(error.to_string().contains("too large"), "{error}");
    }

    #[test]
    fn one_look_for_each_request() {
        let mut socket = socket([Ok(1), Ok(1), Ok(0)]);
        for looks in 1..=2 {
            socket.await_input(left(ATTEMPT)).unwrap();
            socket.buffers().input_consume(1);
            // When it is kept, and when it is used.
            assert!(socket.is_open() && socket.is_open());
            assert_eq!(socket.stream.looks, looks);
        }
        // The end of the connection is no reason to believe in it.
        socket.await_input(left(ATTEMPT)).unwrap();
        assert!(socket.is_open());
        assert_eq!(socket.stream.looks, 3);
    }

    #[test]
    fn a_connection_with_bytes_that_nobody_took_is_not_open() {
        let mut socket = socket([Ok(1)]);
        socket.await_input(left(ATTEMPT)).unwrap();
        assert!(!socket.is_open());
        assert_eq!(socket.stream.looks, 0);
    }

    #[test]
    fn without_a_deadline_there_is_none() {
        let mut socket = socket([Ok(1)]);
        socket.transmit_output(1, NextTimeout::default()).unwrap();
        socket.await_input(NextTimeout::default()).unwrap();
        assert!(times(&socket).is_empty());
    }
}
