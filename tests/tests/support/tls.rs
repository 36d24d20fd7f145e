//! A server with TLS, whose certificates are as good or bad as a test wants them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};

/// What every request is answered with.
pub(crate) const REPLY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult>\
    <Arn>arn:aws:iam::123456789012:user/alice</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account>\
    </GetCallerIdentityResult></GetCallerIdentityResponse>";

static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// A private authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) pem: String,
    key: KeyPair,
}

/// Listens on loopback until the test ends.
pub(crate) struct TlsServer {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    resumed: Arc<AtomicUsize>,
    closes: Arc<AtomicBool>,
    more: Arc<AtomicUsize>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // Names of their own: a trusted authority of the same name would make for another refusal.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        params.distinguished_name.push(DnType::CommonName, format!("Authority {number}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn identity(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity { pem: certificate.pem(), certificate: certificate.into(), key }
    }
}

impl Identity {
    /// What a server with this certificate is set up by.
    pub(crate) fn server_config(self) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate], key)
            .unwrap();
        Arc::new(config)
    }

    pub(crate) fn self_signed(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), certificate: certificate.into(), key }
    }
}

/// A certificate for those hosts.
pub(crate) fn for_hosts(hosts: &[&str]) -> CertificateParams {
    CertificateParams::new(hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>()).unwrap()
}

impl TlsServer {
    pub(crate) fn start(identity: Identity) -> Self {
        let config = identity.server_config();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, resumed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let closes = Arc::new(AtomicBool::new(false));
        let more = Arc::new(AtomicUsize::new(0));
        let (is_closing, says_more) = (Arc::clone(&closes), Arc::clone(&more));
        let counts = (Arc::clone(&connections), Arc::clone(&resumed));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counts.0.fetch_add(1, Ordering::SeqCst);
                let (config, resumed) = (Arc::clone(&config), Arc::clone(&counts.1));
                let (closes, more) = (Arc::clone(&is_closing), Arc::clone(&says_more));
                // A refused handshake is what many tests want, so that errors end the connection and nothing else.
                thread::spawn(move || serve(stream, config, &resumed, &closes, &more).unwrap_or_default());
            }
        });
        Self { address, connections, resumed, closes, more }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Whether each connection is closed after one reply.
    pub(crate) fn close_after_reply(&self, on: bool) {
        self.closes.store(on, Ordering::SeqCst);
    }

    /// How many bytes that nobody asked for follow each reply, in a record of their own and by the same write.
    #[allow(dead_code, reason = "not every test that starts a server has a use for it")]
    pub(crate) fn say_more(&self, bytes: usize) {
        self.more.store(bytes, Ordering::SeqCst);
    }

    pub(crate) fn resumed(&self) -> usize {
        self.resumed.load(Ordering::SeqCst)
    }
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    resumed: &AtomicUsize,
    closes: &AtomicBool,
    more: &AtomicUsize,
) -> std::io::Result<()> {
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    loop {
        let (mut length, mut is_tunnel) = (0, false);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().map_err(std::io::Error::other)?;
            }
            is_tunnel |= line.starts_with("CONNECT ");
            if line == "\r\n" {
                break;
            }
        }
        stream.read_exact(&mut vec![0; length])?;
        let inner = stream.get_mut();
        // As a proxy, it answers in the place of whatever host is behind it.
        if is_tunnel {
            inner.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            inner.flush()?;
            continue;
        }
        if inner.conn.handshake_kind() == Some(HandshakeKind::Resumed) {
            resumed.fetch_add(1, Ordering::SeqCst);
        }
        let is_last = closes.load(Ordering::SeqCst);
        let close = if is_last { "Connection: close\r\n" } else { "" };
        let reply = format!("HTTP/1.1 200 OK\r\n{close}Content-Length: {}\r\n\r\n{REPLY}", REPLY.len());
        inner.conn.writer().write_all(reply.as_bytes())?;
        inner.conn.writer().write_all(&vec![b'x'; more.load(Ordering::SeqCst)])?;
        inner.flush()?;
        if is_last {
            return Ok(());
        }
    }
}
