//! TLS by rustls: whom it trusts, and what it says.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use futures_lite::{AsyncRead, AsyncWrite, future};
use futures_rustls::TlsConnector;
use futures_rustls::rustls::pki_types::pem::{self, PemObject, SectionKind};
use futures_rustls::rustls::pki_types::{CertificateDer, ServerName};
use futures_rustls::rustls::{self, ClientConfig, RootCertStore};
use sts_proto::certificate::Refusal;
use sts_proto::step::ReadFile;
use sts_proto::{Error, TransportKind, escape_controls, settings};

use super::HttpOptions;
use super::records::Records;
use super::stream::Stream;
use crate::host::file;

mod refusal;

/// The largest file of certificates; those of operating systems have a quarter of a megabyte.
const MAX_BUNDLE_BYTES: usize = 8 << 20;

/// The authorities whose certificates are trusted.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Roots {
    /// Mozilla's.
    #[default]
    BuiltIn,
    /// Those, and no others.
    Bundle(CaBundle),
}

/// Certificates of authorities, in PEM form.
#[derive(Clone)]
pub struct CaBundle(Arc<RootCertStore>);

impl CaBundle {
    /// The certificates in a file, which is read at once and blocks as long: ten seconds at most where it is a pipe.
    ///
    /// A certificate that rustls cannot use is left out with a warning in the log, as long as there are others.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the file cannot be read, or is not in PEM form,
    /// or holds no certificate that can be used.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::read("CaBundle", path.as_ref())
    }

    /// The certificates in a text in PEM form, as from a file.
    ///
    /// # Errors
    /// As those of [`from_file`](Self::from_file).
    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        Self::parse(pem, "it")
            .map_err(|sentence| Error::setting("CaBundle", format!("cannot be used: {sentence}")))
    }

    fn read(setting: &'static str, path: &Path) -> Result<Self, Error> {
        let name = path.display();
        file::read(&ReadFile::new(path, MAX_BUNDLE_BYTES))
            .map_err(|error| match error.kind() {
                io::ErrorKind::FileTooLarge => too_large(&format!("the file {name}")),
                _ => format!("the file {name} cannot be read: {error}"),
            })
            .and_then(|pem| Self::parse(pem.as_ref(), &format!("the file {name}")))
            .map_err(|sentence| Error::setting(setting, format!("cannot be used: {sentence}")))
    }

    fn parse(text: &[u8], place: &str) -> Result<Self, String> {
        if text.len() > MAX_BUNDLE_BYTES {
            return Err(too_large(place));
        }
        let mut roots = RootCertStore::empty();
        let mut reasons = Vec::new();
        let items = <(SectionKind, Vec<u8>) as PemObject>::pem_slice_iter(text);
        for (number, item) in (1..).zip(items) {
            let (kind, der) = item.map_err(|error: pem::Error| {
                format!("item {number} of {place} is not in PEM form: {error}")
            })?;
            if kind != SectionKind::Certificate {
                continue;
            }
            if let Err(error) = roots.add(CertificateDer::from(der)) {
                reasons.push(format!("item {number} of {place} is no certificate: {error}"));
            }
        }
        if roots.is_empty() {
            let reason = reasons.into_iter().next();
            return Err(reason.unwrap_or_else(|| format!("{place} holds no certificate in PEM form")));
        }
        for reason in reasons {
            log::warn!("left out of the CA bundle: {}", escape_controls(reason));
        }
        Ok(Self(Arc::new(roots)))
    }
}

fn too_large(place: &str) -> String {
    format!("{place} has more than {MAX_BUNDLE_BYTES} bytes")
}

impl std::fmt::Debug for CaBundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CaBundle({} certificates)", self.0.len())
    }
}

/// One configuration for all connections, so that sessions are resumed.
pub(super) struct Tls(Result<TlsConnector, rustls::Error>);

impl Default for Tls {
    fn default() -> Self {
        Self::new(&Roots::BuiltIn)
    }
}

impl Tls {
    pub(super) fn of(options: &HttpOptions) -> Result<Self, Error> {
        let tls = Self::new(&options.roots);
        match &tls.0 {
            Ok(_) => Ok(tls),
            Err(error) => Err(Error::setting("Tls", format!("cannot be set up: {error}"))),
        }
    }

    fn new(roots: &Roots) -> Self {
        let roots = match roots {
            Roots::BuiltIn => Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }),
            Roots::Bundle(bundle) => Arc::clone(&bundle.0),
        };
        // Named, because a program with two providers has no default one.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Self(config.map(|config| {
            let config = config.with_root_certificates(roots).with_no_client_auth();
            TlsConnector::from(Arc::new(config))
        }))
    }

    /// Speaks TLS with the host, which messages call by `name`.
    pub(super) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: Stream<S>,
        host: &str,
        name: &str,
    ) -> Result<Stream<S>, Error> {
        let failed = |error| Error::transport(TransportKind::Tls, error);
        let connector = self.0.as_ref().map_err(|error| failed(io::Error::other(error.clone())))?;
        let server =
            ServerName::try_from(host.to_owned()).map_err(|error| failed(io::Error::other(error)))?;
        let turns = stream.turns();
        let mut handshake = connector.connect(server, Records::new(stream));
        match future::poll_fn(|context| turns.poll_with(Pin::new(&mut handshake), context)).await {
            Ok(stream) => Ok(Stream::Tls(Box::new(stream))),
            Err(error) => match rustls_error(&error) {
                Some(cause) => {
                    let words = refusal::of_rustls(cause).map(|refusal: Refusal| refusal.words(name));
                    let error = failed(error);
                    Err(match words {
                        Some(words) => error.because(words),
                        None => error,
                    })
                }
                None => Err(Error::transport(TransportKind::of_io(&error), error)
                    .because(format!("in the TLS handshake with {name}"))),
            },
        }
    }
}

/// The options with the roots of a client's settings.
pub(super) fn rooted(options: HttpOptions, roots: settings::Roots) -> Result<HttpOptions, Error> {
    let roots = match roots {
        settings::Roots::File { setting, path } => Roots::Bundle(CaBundle::read(setting, &path)?),
        settings::Roots::Pem(pem) => Roots::Bundle(CaBundle::from_pem(&pem)?),
        _ => Roots::BuiltIn,
    };
    Ok(options.roots(roots))
}

pub(super) fn is_of_tls(error: &io::Error) -> bool {
    rustls_error(error).is_some()
}

fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
