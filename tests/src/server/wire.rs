//! The bytes of a connection, through TLS or not. Nothing here waits.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use mio::net::TcpStream;
use rustls::ServerConnection;
use socket2::SockRef;

/// A socket, and the TLS on it.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) socket: TcpStream,
    tls: Option<Box<ServerConnection>>,
    /// Without TLS, which has a buffer of its own.
    outgoing: Vec<u8>,
    sent: usize,
    /// Events tell changes only, so what they told is kept until the system says otherwise.
    pub(super) readable: bool,
    pub(super) writable: bool,
}

/// What one look at the socket brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    Bytes(usize),
    Nothing,
    /// The client will send nothing more.
    End,
    /// This is no TLS. An alert says so, once it is flushed.
    Broken,
}

/// What became of the bytes to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    All,
    /// The client has to receive first. `progress` is whether any byte left.
    Part {
        progress: bool,
    },
}

impl Wire {
    pub(super) fn new(socket: TcpStream, tls: Option<ServerConnection>) -> Self {
        let tls = tls.map(Box::new);
        Self { socket, tls, outgoing: Vec::new(), sent: 0, readable: true, writable: true }
    }

    /// Reads what the client meant.
    pub(super) fn read(&mut self, chunk: &mut [u8]) -> io::Result<Received> {
        loop {
            let Some(tls) = &mut self.tls else { return self.read_raw(chunk) };
            match tls.reader().read(chunk) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(0) => return Ok(Received::End),
                outcome => return outcome.map(Received::Bytes),
            }
            if !self.readable {
                return Ok(Received::Nothing);
            }
            match tls.read_tls(&mut &self.socket) {
                Ok(0) => return Ok(Received::End),
                Ok(_) => {}
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => {
                        self.readable = false;
                        return Ok(Received::Nothing);
                    }
                    ErrorKind::Interrupted => continue,
                    _ => return Err(error),
                },
            }
            let broken = tls.process_new_packets().is_err();
            // The rest of the handshake, or the alert that says why there is none.
            self.flush()?;
            if broken {
                return Ok(Received::Broken);
            }
        }
    }

    /// Reads what is on the wire, whatever it means.
    pub(super) fn read_raw(&mut self, chunk: &mut [u8]) -> io::Result<Received> {
        while self.readable {
            match (&self.socket).read(chunk) {
                Ok(0) => return Ok(Received::End),
                Ok(count) => return Ok(Received::Bytes(count)),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => self.readable = false,
                    ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
        Ok(Received::Nothing)
    }

    /// Puts these bytes behind those that wait. [`flush`](Self::flush) sends them.
    pub(super) fn write(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => return tls.writer().write_all(&bytes),
            None if self.outgoing.is_empty() => self.outgoing = bytes,
            None => self.outgoing.extend_from_slice(&bytes),
        }
        Ok(())
    }

    /// Sends as much as the system takes.
    pub(super) fn flush(&mut self) -> io::Result<Flushed> {
        let mut progress = false;
        loop {
            let done = match &self.tls {
                Some(tls) => !tls.wants_write(),
                None => self.sent == self.outgoing.len(),
            };
            if done {
                // Freed rather than kept: a connection may be idle for long.
                (self.outgoing, self.sent) = (Vec::new(), 0);
                return Ok(Flushed::All);
            }
            if !self.writable {
                return Ok(Flushed::Part { progress });
            }
            let written = match &mut self.tls {
                Some(tls) => tls.write_tls(&mut &self.socket).map(|count| (count, 0)),
                None => (&self.socket).write(&self.outgoing[self.sent..]).map(|count| (count, count)),
            };
            match written {
                Ok((0, _)) => return Err(ErrorKind::WriteZero.into()),
                Ok((_, plain)) => (progress, self.sent) = (true, self.sent + plain),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => self.writable = false,
                    ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
    }

    /// Puts the end of TLS behind the bytes that wait.
    pub(super) fn say_goodbye(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
        }
    }

    /// Says that nothing more will be written.
    pub(super) fn finish(&self) -> io::Result<()> {
        self.socket.shutdown(Shutdown::Write)
    }

    /// Lets the socket be reset when it is closed.
    pub(super) fn reset(&self) {
        // A client that is gone already has no use for it.
        let _ = SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
    }
}
