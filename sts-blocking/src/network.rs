//! From what was resolved to the built-in transport.

use sts_proto::Error;
#[cfg(feature = "ureq")]
use sts_proto::settings::Roots;
use sts_proto::settings::Way;

use crate::transport::Transport;

/// A variable of the process. What is not UTF-8 is read all the same: a proxy that cannot be used must be an error, and
/// not the same as no proxy.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

#[cfg(not(feature = "ureq"))]
pub(crate) fn transport(_: Way) -> Result<Box<dyn Transport>, Error> {
    Err(no_transport())
}

#[cfg(feature = "ureq")]
pub(crate) fn transport(way: Way) -> Result<Box<dyn Transport>, Error> {
    use crate::ureq_transport::{UreqOptions, UreqTransport};

    let options = UreqOptions::new().timeouts(way.timeouts).proxy(way.proxy);
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    let options = options.roots(read(way.roots)?);
    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    if matches!(way.roots, Roots::Pem(_) | Roots::File { setting: "CaBundle", .. }) {
        return Err(Error::setting("CaBundle", "is for TLS, whose features are off"));
    }
    Ok(Box::new(UreqTransport::with_options(options)?))
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn read(roots: Roots) -> Result<crate::Roots, Error> {
    use crate::CaBundle;

    Ok(match roots {
        Roots::File { setting, path } => crate::Roots::Bundle(CaBundle::read(setting, &path)?),
        Roots::Pem(pem) => crate::Roots::Bundle(CaBundle::from_pem(&pem)?),
        #[cfg(any(feature = "platform-verifier", feature = "native-tls"))]
        Roots::Platform => crate::Roots::Platform,
        _ => crate::Roots::BuiltIn,
    })
}

/// For what is next door, such as instance metadata: without a proxy, and with the built-in roots.
#[cfg(feature = "sources")]
pub(crate) fn next_door() -> Result<Box<dyn Transport>, Error> {
    #[cfg(feature = "ureq")]
    return Ok(Box::new(crate::ureq_transport::UreqTransport::new(Default::default())));
    #[cfg(not(feature = "ureq"))]
    return Err(no_transport());
}

#[cfg(not(feature = "ureq"))]
fn no_transport() -> Error {
    Error::setting("Transport", "is required: the built-in one is behind the feature `ureq`, which is off")
}
