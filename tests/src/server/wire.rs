//! The bytes of a connection, through TLS or not.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use rustls::ServerConnection;

/// A socket, and the TLS on it.
#[derive(Debug)]
pub(super) struct Wire<'a> {
    socket: &'a TcpStream,
    tls: Option<Box<ServerConnection>>,
}

impl<'a> Wire<'a> {
    pub(super) fn new(socket: &'a TcpStream, tls: Option<ServerConnection>) -> Self {
        Self { socket, tls: tls.map(Box::new) }
    }

    pub(super) fn set_read_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.socket.set_read_timeout(Some(timeout))
    }

    /// Reads from the socket once at most, so that the caller can look at the clock. `None` when that brought nothing for
    /// the reader yet; 0 is the end.
    pub(super) fn read(&mut self, chunk: &mut [u8]) -> io::Result<Option<usize>> {
        let Some(tls) = &mut self.tls else { return self.socket.read(chunk).map(Some) };
        match tls.reader().read(chunk) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            outcome => return outcome.map(Some),
        }
        if tls.read_tls(&mut self.socket)? == 0 {
            return Ok(Some(0));
        }
        let processed = tls.process_new_packets().map_err(io::Error::other);
        // The rest of the handshake, or the alert that says why there is none.
        flush(tls, self.socket)?;
        processed.map(|_| None)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return self.socket.write_all(bytes) };
        tls.writer().write_all(bytes)?;
        flush(tls, self.socket)
    }

    /// Says that nothing more will be written.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            flush(tls, self.socket)?;
        }
        self.socket.shutdown(Shutdown::Write)
    }
}

fn flush(tls: &mut ServerConnection, mut socket: &TcpStream) -> io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(&mut socket)?;
    }
    Ok(())
}
