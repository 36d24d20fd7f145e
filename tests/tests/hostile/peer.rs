//! A server or proxy on loopback that does what an entry of a table says.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::SockRef;

use crate::certificates::{Authority, for_hosts};

/// The longest life of a connection, so that no test hangs on its own peer.
const LIFE: Duration = Duration::from_secs(20);

/// The pause between two bytes of a peer that drips.
const PAUSE: Duration = Duration::from_millis(15);

/// The account of every reply that a peer was asked for.
pub(crate) const ACCOUNT: &str = "123456789012";

/// What a peer does with a connection. An error ends the connection and nothing else.
pub(crate) type Serve = Arc<dyn Fn(Connection) -> io::Result<()> + Send + Sync>;

pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    sent: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

/// A connection to a client. Every read and write fails when its life is over.
pub(crate) struct Connection {
    stream: TcpStream,
    /// Which one of the peer it is, from zero.
    pub(crate) number: usize,
    sent: Arc<AtomicU64>,
    end: Instant,
}

impl Peer {
    pub(crate) fn start(serve: Serve) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, sent) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
        let is_over = Arc::new(AtomicBool::new(false));
        let (counter, counted, over) = (Arc::clone(&connections), Arc::clone(&sent), Arc::clone(&is_over));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let number = counter.fetch_add(1, Ordering::Relaxed);
                let (serve, sent) = (Arc::clone(&serve), Arc::clone(&counted));
                thread::spawn(move || {
                    for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
                        set(&stream, Some(LIFE)).unwrap();
                    }
                    stream.set_nodelay(true).unwrap();
                    let connection = Connection { stream, number, sent, end: Instant::now() + LIFE };
                    // However the client leaves is no concern of the peer's.
                    drop(serve(connection));
                });
            }
        });
        Self { address, connections, sent, is_over }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Bytes that the client's side of the connections took.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // To wake it. If nothing listens any more, all the better.
        let _ = TcpStream::connect(self.address);
    }
}

impl Connection {
    fn alive(&self) -> io::Result<()> {
        if Instant::now() < self.end { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Speaks TLS from here on.
    pub(crate) fn tls(self) -> StreamOwned<ServerConnection, Self> {
        let connection = ServerConnection::new(Arc::clone(&tls().config)).unwrap();
        StreamOwned::new(connection, self)
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.alive()?;
        self.stream.read(buffer)
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.alive()?;
        let written = self.stream.write(bytes)?;
        self.sent.fetch_add(written as u64, Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// One certificate for all peers, for the hosts that the tables name.
pub(crate) struct Tls {
    config: Arc<ServerConfig>,
    /// The authority, in PEM form.
    pub(crate) authority: String,
}

pub(crate) fn tls() -> &'static Tls {
    static TLS: OnceLock<Tls> = OnceLock::new();
    TLS.get_or_init(|| {
        let authority = Authority::new();
        let identity = authority.identity(&for_hosts(&["localhost", "127.0.0.1", crate::table::HOST]));
        Tls { config: identity.server_config(), authority: authority.pem() }
    })
}

/// The reply that is right for GetCallerIdentity, naming that account.
pub(crate) fn reply(account: &str) -> Vec<u8> {
    let body = format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/alice</Arn>\
         <UserId>AIDAEXAMPLE</UserId><Account>{account}</Account></GetCallerIdentityResult>\
         </GetCallerIdentityResponse>"
    );
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Reads a request with its body; an error at the end of the connection.
pub(crate) fn request(stream: &mut impl Read) -> io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    io::copy(&mut stream.take(length), &mut io::sink()).map(drop)
}

pub(crate) fn send(stream: &mut impl Write, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    stream.write_all(bytes.as_ref())?;
    stream.flush()
}

/// Answers as it should until the client goes.
pub(crate) fn answer(stream: &mut (impl Read + Write)) -> io::Result<()> {
    loop {
        request(stream)?;
        send(stream, reply(ACCOUNT))?;
    }
}

/// Grants a tunnel, whose far end the peer is itself.
pub(crate) fn grant(stream: &mut (impl Read + Write)) -> io::Result<()> {
    request(stream)?;
    send(stream, "HTTP/1.1 200 Connection established\r\n\r\n")
}

/// Sends the first bytes at once, then the others again and again, a byte at a time with a pause before each.
pub(crate) fn drip(stream: &mut impl Write, first: impl AsRef<[u8]>, then: &[u8]) -> io::Result<()> {
    send(stream, first)?;
    for byte in then.iter().cycle() {
        thread::sleep(PAUSE);
        send(stream, [*byte])?;
    }
    Ok(())
}

/// Sends the first bytes, then the others again and again as fast as they are taken.
pub(crate) fn flood(stream: &mut impl Write, first: impl AsRef<[u8]>, then: &[u8]) -> io::Result<()> {
    send(stream, first)?;
    let many = then.repeat((64 << 10) / then.len() + 1);
    loop {
        send(stream, &many)?;
    }
}

/// Reads a byte now and then, so that the client can never write all that it has.
pub(crate) fn sip(stream: &mut Connection) -> io::Result<()> {
    SockRef::from(&stream.stream).set_recv_buffer_size(4 << 10)?;
    loop {
        thread::sleep(PAUSE);
        stream.read_exact(&mut [0])?;
    }
}

/// Says nothing until the client goes.
pub(crate) fn stall(stream: &mut impl Read) -> io::Result<()> {
    io::copy(stream, &mut io::sink()).map(drop)
}
