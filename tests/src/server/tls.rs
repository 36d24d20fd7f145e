//! TLS: an authority made at start, the certificates it vouches for, and those that must be refused.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};
use time::{Duration, OffsetDateTime};

use super::fault::BadCertificate;

/// Everybody that the server's certificate is for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// Whom the certificate for another host is for.
const OTHER_NAME: &str = "elsewhere.invalid";
/// `handshake_failure`, fatal, in a record of its own (RFC 8446, 6 and 5.1).
pub(super) const ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];

/// What handshakes need.
#[derive(Debug)]
pub(super) struct Tls {
    pub(super) ca_pem: String,
    good: Arc<ServerConfig>,
    bad: Vec<(BadCertificate, Arc<ServerConfig>)>,
}

impl Tls {
    /// Makes an authority and all certificates.
    pub(super) fn new() -> io::Result<Self> {
        Self::make().map_err(io::Error::other)
    }

    #[expect(clippy::arithmetic_side_effects, reason = "a year around now is on every calendar")]
    fn make() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        // The machine's clock, wrong or not: it is the one that clients go by.
        let now = OffsetDateTime::now_utc();
        let day = Duration::days(1);
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "sts-local authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = (now - day * 90, now + day * 365);
        let key = KeyPair::generate()?;
        let ca_pem = pem(params.self_signed(&key)?.der());
        let issuer = Issuer::new(params, key);

        let config = |names: &[&str], from: OffsetDateTime, to: OffsetDateTime, own: bool| {
            let mut params =
                CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
            params.distinguished_name.push(DnType::CommonName, "sts-local");
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            (params.not_before, params.not_after) = (from, to);
            let key = KeyPair::generate()?;
            let certificate =
                if own { params.self_signed(&key)? } else { params.signed_by(&key, &issuer)? };
            let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
            let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
            let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
            let mut config = builder.with_single_cert(vec![certificate.der().clone()], key)?;
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Arc::new(config))
        };
        let (from, to) = (now - day, now + day * 30);
        let bad = BadCertificate::ALL.into_iter().map(|bad| {
            let config = match bad {
                BadCertificate::Expired => config(&NAMES, now - day * 30, now - day, false),
                BadCertificate::NotYetValid => config(&NAMES, now + day, now + day * 30, false),
                BadCertificate::SelfSigned => config(&NAMES, from, to, true),
                BadCertificate::WrongHost => config(&[OTHER_NAME], from, to, false),
            };
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((bad, config?))
        });
        Ok(Self { ca_pem, good: config(&NAMES, from, to, false)?, bad: bad.collect::<Result<_, _>>()? })
    }

    /// The server's side of a connection.
    pub(super) fn accept(&self, bad: Option<BadCertificate>) -> io::Result<ServerConnection> {
        let wrong = self.bad.iter().find(|(kind, _)| Some(*kind) == bad).map(|(_, config)| config);
        let mut connection =
            ServerConnection::new(Arc::clone(wrong.unwrap_or(&self.good))).map_err(io::Error::other)?;
        // The longest reply is written in one go.
        connection.set_buffer_limit(None);
        Ok(connection)
    }
}

/// RFC 7468.
fn pem(certificate: &CertificateDer<'_>) -> String {
    let encoded = STANDARD.encode(certificate);
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for (place, letter) in encoded.chars().enumerate() {
        if place > 0 && place % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text + "\n-----END CERTIFICATE-----\n"
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use rustls::pki_types::ServerName;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore, Stream};

    use super::super::testing::{IDENTITY, Signing};
    use super::super::{Answer, Fault, Options, Server};
    use super::*;

    fn server() -> Server {
        Server::with(Options::new().tls()).expect("a server")
    }

    /// One request on a connection of its own, as this host.
    fn exchange(sts: &Server, host: &'static str) -> Result<String, io::Error> {
        let mut roots = RootCertStore::empty();
        let ca =
            CertificateDer::from_pem_slice(sts.ca_pem().expect("TLS").as_bytes()).expect("a certificate");
        roots.add(ca).expect("an authority");
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions");
        let config = builder.with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from(host).expect("a name");
        let mut connection = ClientConnection::new(Arc::new(config), name).expect("a client");
        let mut socket = TcpStream::connect(sts.url().trim_start_matches("https://"))?;
        socket.set_read_timeout(Some(std::time::Duration::from_secs(5)))?;
        let mut stream = Stream::new(&mut connection, &mut socket);
        let mut signing = Signing::post(sts.user(), IDENTITY);
        signing.headers.push(("connection", "close"));
        stream.write_all(&signing.bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    fn refusal(sts: &Server) -> rustls::Error {
        let error = exchange(sts, "localhost").expect_err("a refusal");
        *error.into_inner().expect("a TLS error").downcast().expect("a TLS error")
    }

    #[test]
    fn serves_those_who_trust_the_authority() {
        let sts = server();
        assert!(sts.url().starts_with("https://127.0.0.1:"));
        for host in NAMES {
            let reply = exchange(&sts, host).expect(host);
            assert!(
                reply.starts_with("HTTP/1.1 200 OK") && reply.ends_with("</GetCallerIdentityResponse>\n")
            );
        }
        assert!(Server::start().expect("a server").ca_pem().is_none());
    }

    #[test]
    fn certificates_that_must_be_refused_are() {
        let sts = server();
        for bad in BadCertificate::ALL {
            sts.fault_next(Fault::Certificate(bad));
            let refusal = refusal(&sts);
            let rustls::Error::InvalidCertificate(reason) = &refusal else { panic!("{bad:?}: {refusal}") };
            let expected = match bad {
                BadCertificate::Expired => matches!(reason, CertificateError::ExpiredContext { .. }),
                BadCertificate::NotYetValid => matches!(reason, CertificateError::NotValidYetContext { .. }),
                BadCertificate::SelfSigned => matches!(reason, CertificateError::UnknownIssuer),
                BadCertificate::WrongHost => {
                    matches!(reason, CertificateError::NotValidForNameContext { .. })
                }
            };
            assert!(expected, "{bad:?}: {refusal}");
            exchange(&sts, "localhost").expect("the next handshake is good");
        }
    }

    #[test]
    fn replies_larger_than_the_socket_arrive_whole() {
        let sts = server();
        let large = "x".repeat(16 << 20);
        sts.answer_next(Answer::reply(200, &[("Connection", "close")], &large));
        let text = exchange(&sts, "localhost").expect("a reply");
        assert!(text.split_once("\r\n\r\n").is_some_and(|(_, body)| body == large), "{}", text.len());
    }

    #[test]
    fn faults_and_strangers() {
        let sts = server();
        sts.fault_next(Fault::TlsAlert);
        let alert = refusal(&sts);
        assert_eq!(alert, rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure));
        for fault in [Fault::ResetInBody, Fault::TruncatedBody] {
            sts.fault_next(fault.clone());
            let outcome = exchange(&sts, "localhost");
            assert!(
                outcome.is_ok_and(|text| !text.contains("</GetCallerIdentityR"))
                    == (fault == Fault::TruncatedBody)
            );
        }
        // Plain HTTP, and nothing at all.
        let mut plain = TcpStream::connect(sts.url().trim_start_matches("https://")).expect("a connection");
        plain.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").expect("the server reads");
        let mut rest = Vec::new();
        plain.read_to_end(&mut rest).expect("a clean end");
        assert_eq!(rest.first(), Some(&21), "an alert");
        let silent = TcpStream::connect(sts.url().trim_start_matches("https://")).expect("a connection");
        exchange(&sts, "localhost").expect("others are served meanwhile");
        drop(silent);
    }
}
