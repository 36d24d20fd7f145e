//! The way to the endpoint: through which proxy, and whom TLS trusts.

use std::path::PathBuf;

use http::Uri;

use crate::credentials::Secret;
use crate::error::Error;
use crate::proxy::{Proxy, ProxyScheme, ProxySettings};
use crate::settings::Timeouts;

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
#[derive(Clone, Debug, Default)]
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

    pub(super) fn resolve(
        &self,
        url: &Uri,
        timeouts: Timeouts,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Way, Error> {
        let proxy = match &self.proxy {
            ProxyChoice::Environment => ProxySettings::from_variables(&variable),
            ProxyChoice::None => ProxySettings::none(),
            ProxyChoice::Url(url) => ProxySettings::explicit(url.expose())?,
        };
        let through = proxy.for_url(url)?.map(Proxy::scheme);
        let is_tls = url.scheme_str() == Some("https") || through == Some(ProxyScheme::Https);
        let roots = match &self.roots {
            Some(roots) => roots.clone(),
            // Without TLS, a bundle that is not there does not matter.
            None if !is_tls => Roots::BuiltIn,
            None => match variable("AWS_CA_BUNDLE").filter(|path| !path.is_empty()) {
                Some(path) => Roots::File { setting: "AWS_CA_BUNDLE", path: path.into() },
                None => Roots::BuiltIn,
            },
        };
        Ok(Way { proxy, roots, timeouts })
    }
}
