//! Which library does TLS, and whom it trusts.

use std::io;
use std::path::Path;
use std::sync::Arc;

use sts_proto::step::ReadFile;
use sts_proto::{Error, escape_controls};
use ureq::config::ConfigBuilder;
pub(super) use ureq::tls::TlsConfig;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsProvider, parse_pem};
use ureq::typestate::AgentScope;

use super::UreqOptions;
use crate::host::file;

/// The largest file of certificates; those of operating systems have a quarter of a megabyte.
const MAX_BUNDLE_BYTES: usize = 8 << 20;

/// A library for TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tls {
    /// rustls on ring, with Mozilla's roots.
    #[cfg(feature = "rustls")]
    Rustls,
    /// The platform's library, with its roots.
    #[cfg(feature = "native-tls")]
    NativeTls,
}

impl Default for Tls {
    /// rustls, if that feature is on.
    fn default() -> Self {
        #[cfg(feature = "rustls")]
        return Self::Rustls;
        #[cfg(not(feature = "rustls"))]
        Self::NativeTls
    }
}

/// The authorities whose certificates are trusted.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Roots {
    /// Mozilla's with rustls, the platform's with the platform's library.
    #[default]
    BuiltIn,
    /// The platform's. rustls needs the feature `platform-verifier` for it.
    #[cfg(any(feature = "platform-verifier", feature = "native-tls"))]
    Platform,
    /// Those, and no others.
    Bundle(CaBundle),
}

/// Certificates of authorities, in PEM form.
#[derive(Clone)]
pub struct CaBundle {
    /// One allocation for all clones, by which ureq knows that connections can be shared.
    roots: RootCerts,
    len: usize,
}

impl CaBundle {
    /// The certificates in a file.
    ///
    /// A certificate that the TLS library cannot use is left out with a warning in the log, as long as there are
    /// others.
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

    pub(crate) fn read(setting: &'static str, path: &Path) -> Result<Self, Error> {
        let name = path.display();
        file::read(&ReadFile::new(path, MAX_BUNDLE_BYTES))
            .map_err(|error| match error.kind() {
                io::ErrorKind::FileTooLarge => too_large(&format!("the file {name}")),
                _ => format!("the file {name} cannot be read: {error}"),
            })
            .and_then(|pem| Self::parse(pem.as_ref(), &format!("the file {name}")))
            .map_err(|sentence| Error::setting(setting, format!("cannot be used: {sentence}")))
    }

    fn parse(pem: &[u8], place: &str) -> Result<Self, String> {
        if pem.len() > MAX_BUNDLE_BYTES {
            return Err(too_large(place));
        }
        let mut certificates = Vec::new();
        let mut reasons = Vec::new();
        for (i, item) in parse_pem(pem).enumerate() {
            match item {
                Ok(PemItem::Certificate(certificate)) => match check(&certificate) {
                    Ok(()) => certificates.push(certificate),
                    Err(reason) => {
                        reasons.push(format!("item {} of {place} is no certificate: {reason}", i + 1));
                    }
                },
                Ok(_) => {}
                Err(error) => return Err(format!("item {} of {place} is not in PEM form: {error}", i + 1)),
            }
        }
        if certificates.is_empty() {
            return Err(reasons
                .into_iter()
                .next()
                .unwrap_or_else(|| format!("{place} holds no certificate in PEM form")));
        }
        for reason in reasons {
            log::warn!("left out of the CA bundle: {}", escape_controls(reason));
        }
        let len = certificates.len();
        Ok(Self { roots: RootCerts::Specific(Arc::new(certificates)), len })
    }
}

fn too_large(place: &str) -> String {
    format!("{place} has more than {MAX_BUNDLE_BYTES} bytes")
}

impl std::fmt::Debug for CaBundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CaBundle({} certificates)", self.len)
    }
}

/// ureq drops what its TLS library cannot read, without a word.
#[cfg(feature = "rustls")]
fn check(certificate: &Certificate<'_>) -> Result<(), String> {
    rustls::RootCertStore::empty().add(certificate.der().into()).map_err(|error| error.to_string())
}

/// ureq drops what its TLS library cannot read, without a word.
#[cfg(not(feature = "rustls"))]
fn check(certificate: &Certificate<'_>) -> Result<(), String> {
    native_tls::Certificate::from_der(certificate.der()).map(drop).map_err(|error| error.to_string())
}

pub(super) fn default_config() -> TlsConfig {
    config(Tls::default(), built_in(Tls::default()), false)
}

pub(super) fn of(options: &UreqOptions) -> Result<TlsConfig, Error> {
    let roots = match &options.roots {
        Roots::BuiltIn => built_in(options.tls),
        // ureq would panic.
        #[cfg(all(feature = "rustls", feature = "native-tls", not(feature = "platform-verifier")))]
        Roots::Platform if options.tls == Tls::Rustls => {
            let sentence = "cannot be the platform's: rustls needs the feature `platform-verifier` for it";
            return Err(Error::setting("Roots", sentence));
        }
        #[cfg(any(feature = "platform-verifier", feature = "native-tls"))]
        Roots::Platform => RootCerts::PlatformVerifier,
        Roots::Bundle(bundle) => bundle.roots.clone(),
    };
    Ok(config(options.tls, roots, options.is_unverified))
}

pub(super) fn built_in(tls: Tls) -> RootCerts {
    match tls {
        #[cfg(feature = "rustls")]
        Tls::Rustls => RootCerts::WebPki,
        #[cfg(feature = "native-tls")]
        Tls::NativeTls => RootCerts::PlatformVerifier,
    }
}

pub(super) fn config(tls: Tls, roots: RootCerts, is_unverified: bool) -> TlsConfig {
    let builder = TlsConfig::builder().root_certs(roots).disable_verification(is_unverified);
    match tls {
        #[cfg(feature = "rustls")]
        Tls::Rustls => builder
            .provider(TlsProvider::Rustls)
            // Named, because a program with two providers has no default one.
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build(),
        #[cfg(feature = "native-tls")]
        Tls::NativeTls => builder.provider(TlsProvider::NativeTls).build(),
    }
}

pub(super) fn set(agent: ConfigBuilder<AgentScope>, tls: TlsConfig) -> ConfigBuilder<AgentScope> {
    agent.tls_config(tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_that_cannot_be_used_says_why() {
        let begin = "-----BEGIN CERTIFICATE-----\n";
        let end = "\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for (pem, reason) in [
            (String::new(), "it holds no certificate in PEM form"),
            ("hello".to_owned(), "it holds no certificate in PEM form"),
            (key.to_owned(), "it holds no certificate in PEM form"),
            (format!("{begin}!!!{end}"), "item 1 of it is not in PEM form"),
            (format!("{begin}AAAA"), "item 1 of it is not in PEM form"),
            (format!("{key}{begin}AAAA{end}"), "item 2 of it is no certificate"),
            (" ".repeat(MAX_BUNDLE_BYTES + 1), "more than 8388608 bytes"),
        ] {
            let error = CaBundle::from_pem(pem.as_bytes()).unwrap_err();
            let text = error.to_string();
            assert!(
                text.starts_with("invalid input: `CaBundle` cannot be used: ") && text.contains(reason),
                "{text}"
            );
        }
        let error = CaBundle::from_file("/nonexistent/ca.pem").unwrap_err();
        assert!(error.to_string().contains("the file /nonexistent/ca.pem cannot be read: "), "{error}");
        let error = CaBundle::read("AWS_CA_BUNDLE", "/".as_ref()).unwrap_err();
        assert!(
            error.to_string().starts_with("invalid input: `AWS_CA_BUNDLE` cannot be used: the file / "),
            "{error}"
        );
    }
}
