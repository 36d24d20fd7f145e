//! In the place of TLS, where it is off.

use std::io;

use sts_proto::settings::Roots;
use sts_proto::{Error, TransportKind};

use super::HttpOptions;
use super::stream::Stream;

#[derive(Default)]
pub(super) struct Tls(());

impl Tls {
    #[expect(clippy::unnecessary_wraps, reason = "with TLS there is much that can be wrong")]
    pub(super) fn of(_: &HttpOptions) -> Result<Self, Error> {
        Ok(Self(()))
    }

    pub(super) async fn connect<S>(&self, _: Stream<S>, _: &str, _: &str) -> Result<Stream<S>, Error> {
        let error = Error::transport(TransportKind::Tls, "there is no TLS");
        Err(error.because("this program has none: the feature `rustls` is off"))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as with TLS")]
pub(super) fn rooted(options: HttpOptions, roots: Roots) -> Result<HttpOptions, Error> {
    match roots {
        Roots::Pem(_) | Roots::File { setting: "CaBundle", .. } => {
            Err(Error::setting("CaBundle", "is for TLS, whose feature `rustls` is off"))
        }
        _ => Ok(options),
    }
}

pub(super) fn is_of_tls(_: &io::Error) -> bool {
    false
}
