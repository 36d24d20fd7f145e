//! The way to the endpoint: through which proxy, and whom TLS trusts.

use std::fmt;
use std::path::PathBuf;

use http::Uri;

use crate::config::{Origin, Setting};
use crate::credentials::Secret;
use crate::error::{Error, escape_controls};
use crate::proxy::{ProxyScheme, ProxySettings};
use crate::settings::{Report, Timeouts};

/// What decides on the way to the endpoint, as it was set. What is not set, the environment decides.
#[derive(Debug, Default)]
pub(super) struct Network {
    proxy: ProxyChoice,
    roots: Option<Roots>,
}

#[derive(Debug, Default)]
enum ProxyChoice {
    #[default]
    Environment,
    None,
    Url(Secret),
}

/// The authorities to trust.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Roots {
    /// Those that the driver has.
    #[default]
    BuiltIn,
    /// Those that the platform has.
    Platform,
    /// Those in a file in PEM form, which is named by this setting or variable.
    File {
        /// The setting's or the variable's name.
        setting: &'static str,
        /// The file's.
        path: PathBuf,
    },
    /// Those in this text in PEM form.
    Pem(Vec<u8>),
}

/// What a transport needs to know on the way to the endpoint.
#[derive(Debug)]
#[non_exhaustive]
pub struct Way {
    /// What decides on the proxy of a URL.
    pub proxy: ProxySettings,
    /// Whom to trust, should there be TLS.
    pub roots: Roots,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// What was decided on the way to the endpoint, and by whom.
    pub report: Report,
}

/// What is trusted, in words; no certificate.
impl fmt::Display for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built-in"),
            Self::Platform => f.write_str("the platform's"),
            Self::File { path, .. } => f.write_str(&escape_controls(path.to_string_lossy())),
            Self::Pem(pem) => write!(f, "{} bytes of PEM", pem.len()),
        }
    }
}

/// The same: a file of certificates may hold the key of one as well.
impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({self})")
    }
}

impl Network {
    pub(super) fn proxy(&mut self, url: Secret) {
        self.proxy = ProxyChoice::Url(url);
    }

    pub(super) fn no_proxy(&mut self) {
        self.proxy = ProxyChoice::None;
    }

    pub(super) fn roots(&mut self, roots: Roots) {
        self.roots = Some(roots);
    }

    pub(super) fn refuse_settings(&self) -> Result<(), Error> {
        let sentence = "does not go together with a transport of your own; set it there";
        if !matches!(self.proxy, ProxyChoice::Environment) {
            return Err(Error::setting("Proxy", sentence));
        }
        if self.roots.is_some() {
            return Err(Error::setting("CaBundle", sentence));
        }
        Ok(())
    }

    /// `serves_sources`: whether requests may go to more than this URL.
    pub(super) fn resolve(
        &self,
        url: &Uri,
        timeouts: Timeouts,
        ca_bundle: Option<Setting<String>>,
        serves_sources: bool,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Way, Error> {
        let proxy = match &self.proxy {
            ProxyChoice::Environment => ProxySettings::from_variables(variable),
            ProxyChoice::None => ProxySettings::none(),
            ProxyChoice::Url(url) => ProxySettings::explicit(url.expose())?,
        };
        let mut report = Report::default();
        let through = proxy.for_url(url)?;
        if let Some(through) = through {
            let origin = match proxy.variable_for_url(url) {
                Some(variable) => Origin::Variable(variable),
                None => Origin::Option,
            };
            report.shown("Proxy", &through, origin);
        }
        // SSO and containers have URLs of their own, whatever STS has.
        let is_tls = serves_sources
            || url.scheme_str() == Some("https")
            || through.is_some_and(|through| through.scheme() == ProxyScheme::Https);
        let roots = match (&self.roots, ca_bundle) {
            (Some(roots), _) => {
                report.shown("CaBundle", &roots, Origin::Option);
                roots.clone()
            }
            // Without TLS, a bundle that is not there does not matter.
            (None, Some(found)) if is_tls => {
                report.add("CaBundle", &found);
                let setting = match found.origin {
                    Origin::Variable(name) => name,
                    _ => "ca_bundle",
                };
                Roots::File { setting, path: found.value.into() }
            }
            _ => Roots::BuiltIn,
        };
        Ok(Way { proxy, roots, timeouts, report })
    }
}
