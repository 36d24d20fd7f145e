//! A server on loopback that sends the bytes it is told to, and does to the connection what it is told to.

#![allow(dead_code, reason = "each suite uses its part")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

/// What becomes of the connection behind the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It waits for the next request.
    Keep,
    Close,
    Reset,
    /// It stays open and silent until the client goes.
    Stall,
    /// The bytes after that many are sent for ever, with that pause before each time.
    Repeat(usize, Duration),
}

/// What a request is answered with.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) bytes: Vec<u8>,
    pub(crate) then: Then,
}

/// Answers every request with the usual reply, except those for which there is a script.
pub(crate) struct Scripted {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    usual: Mutex<Arc<Vec<u8>>>,
    next: Mutex<Option<Script>>,
    connections: AtomicU64,
    /// Bytes that the client's side of the connection took.
    sent: AtomicU64,
    is_over: AtomicBool,
}

impl Scripted {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared::default());
        let server = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if server.is_over.load(Ordering::Relaxed) {
                    return;
                }
                server.connections.fetch_add(1, Ordering::Relaxed);
                let server = Arc::clone(&server);
                // However the client leaves, it is no concern of the server's.
                thread::spawn(move || drop(server.serve(stream)));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What is answered as a rule.
    pub(crate) fn usually(&self, bytes: Arc<Vec<u8>>) {
        *self.shared.usual.lock().expect("nobody panics with it") = bytes;
    }

    /// What the next request is answered with.
    pub(crate) fn next(&self, bytes: impl Into<Vec<u8>>, then: Then) {
        let script = Script { bytes: bytes.into(), then };
        *self.shared.next.lock().expect("nobody panics with it") = Some(script);
    }

    /// Whether what the next request is to be answered with was used.
    pub(crate) fn is_used(&self) -> bool {
        self.shared.next.lock().expect("nobody panics with it").is_none()
    }

    pub(crate) fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        // To wake it. If nothing listens any more, all the better.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        while read_request(&mut stream)? {
            let next = self.next.lock().expect("nobody panics with it").take();
            let Some(script) = next else {
                let usual = Arc::clone(&self.usual.lock().expect("nobody panics with it"));
                stream.write_all(&usual)?;
                continue;
            };
            stream.write_all(&script.bytes)?;
            match script.then {
                Then::Keep => {}
                Then::Close => return Ok(()),
                Then::Reset => return SockRef::from(&stream).set_linger(Some(Duration::ZERO)),
                Then::Stall => {
                    // Reads nothing but the end: the client asks nothing more here.
                    stream.read_to_end(&mut Vec::new())?;
                    return Ok(());
                }
                Then::Repeat(from, pause) => loop {
                    thread::sleep(pause);
                    stream.write_all(&script.bytes[from..])?;
                    self.sent.fetch_add((script.bytes.len() - from) as u64, Ordering::Relaxed);
                },
            }
        }
        Ok(())
    }
}

/// Reads a request to its end; false if there is none.
pub(crate) fn read_request(stream: &mut TcpStream) -> io::Result<bool> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        if let Some(head) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or_default();
            if bytes.len() >= head + 4 + length {
                return Ok(true);
            }
        }
        match stream.read(&mut piece)? {
            0 => return Ok(false),
            n => bytes.extend_from_slice(&piece[..n]),
        }
    }
}
