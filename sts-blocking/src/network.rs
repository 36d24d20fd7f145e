//! From a builder's settings and the environment to the built-in transport.

use std::fmt;
use std::path::PathBuf;

use sts_proto::{Error, Secret, http::Uri};

use crate::transport::{Timeouts, Transport};

/// What decides on the way to the endpoint.
#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) proxy: ProxyChoice,
    pub(crate) roots: RootsChoice,
}

#[derive(Debug, Default)]
#[cfg_attr(not(feature = "ureq"), expect(dead_code, reason = "a setting of the built-in transport"))]
pub(crate) enum ProxyChoice {
    #[default]
    Environment,
    None,
    Url(Secret),
}

#[derive(Debug, Default)]
#[cfg_attr(
    not(any(feature = "rustls", feature = "native-tls")),
    expect(dead_code, reason = "a setting of the built-in transport's TLS")
)]
pub(crate) enum RootsChoice {
    #[default]
    Environment,
    File(PathBuf),
    Pem(Vec<u8>),
    #[cfg(any(feature = "platform-verifier", feature = "native-tls"))]
    Platform,
}

/// Where environment variables are read from.
pub(crate) struct Variables(pub(crate) Box<Lookup>);

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Variables {
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }
}

impl Default for Variables {
    /// The process's. What is not UTF-8 is read all the same: a proxy that cannot be used must be an error, and not
    /// the same as no proxy.
    fn default() -> Self {
        Self(Box::new(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())))
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variables")
    }
}

impl Network {
    /// For a transport of the caller's own, to which these settings cannot be handed.
    pub(crate) fn refuse_settings(&self) -> Result<(), Error> {
        let sentence = "does not go together with a transport of your own; set it there";
        if !matches!(self.proxy, ProxyChoice::Environment) {
            return Err(Error::setting("Proxy", sentence));
        }
        if !matches!(self.roots, RootsChoice::Environment) {
            return Err(Error::setting("CaBundle", sentence));
        }
        Ok(())
    }

    #[cfg(not(feature = "ureq"))]
    pub(crate) fn transport(self, _: &Uri, _: Timeouts, _: &Variables) -> Result<Box<dyn Transport>, Error> {
        Err(Error::setting(
            "Transport",
            "is required: the built-in one is behind the feature `ureq`, which is off",
        ))
    }

    #[cfg(feature = "ureq")]
    pub(crate) fn transport(
        self,
        url: &Uri,
        timeouts: Timeouts,
        variables: &Variables,
    ) -> Result<Box<dyn Transport>, Error> {
        use sts_proto::proxy::ProxySettings;

        use crate::ureq_transport::{UreqOptions, UreqTransport};

        let proxy = match &self.proxy {
            ProxyChoice::Environment => ProxySettings::from_variables(|name| variables.get(name)),
            ProxyChoice::None => ProxySettings::none(),
            ProxyChoice::Url(url) => ProxySettings::explicit(url.expose())?,
        };
        // What cannot work is said now, and not by the first call.
        let through = proxy.for_url(url)?;
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        let roots = {
            use sts_proto::proxy::{Proxy, ProxyScheme};

            let is_tls =
                url.scheme_str() == Some("https") || through.map(Proxy::scheme) == Some(ProxyScheme::Https);
            self.roots.read(is_tls, variables)?
        };
        #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
        {
            let _ = through;
            if !matches!(self.roots, RootsChoice::Environment) {
                return Err(Error::setting("CaBundle", "is for TLS, whose features are off"));
            }
        }
        let options = UreqOptions::new().timeouts(timeouts).proxy(proxy);
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        let options = options.roots(roots);
        Ok(Box::new(UreqTransport::with_options(options)?))
    }
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
impl RootsChoice {
    fn read(self, is_tls: bool, variables: &Variables) -> Result<crate::Roots, Error> {
        use crate::{CaBundle, Roots};

        Ok(match self {
            // Without TLS, a bundle that is not there does not matter.
            Self::Environment if !is_tls => Roots::BuiltIn,
            Self::Environment => match variables.get("AWS_CA_BUNDLE").filter(|path| !path.is_empty()) {
                Some(path) => Roots::Bundle(CaBundle::read("AWS_CA_BUNDLE", path.as_ref())?),
                None => Roots::BuiltIn,
            },
            Self::File(path) => Roots::Bundle(CaBundle::from_file(path)?),
            Self::Pem(pem) => Roots::Bundle(CaBundle::from_pem(&pem)?),
            #[cfg(any(feature = "platform-verifier", feature = "native-tls"))]
            Self::Platform => Roots::Platform,
        })
    }
}
