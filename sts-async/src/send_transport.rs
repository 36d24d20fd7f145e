use std::pin::Pin;
use std::sync::Arc;

#[cfg(any(feature = "smol", feature = "tokio"))]
use crate::http_transport::HttpTransport;
use crate::provider::Provider;
use crate::transport::Transport;
use sts_proto::{Credentials, Error};

/// The future of [`Provider::credentials`], in a box that can move between threads.
pub type SendCredentials<'a> = Pin<Box<dyn Future<Output = Result<Arc<Credentials>, Error>> + Send + 'a>>;

/// A transport whose futures can move between threads: what other crates ask of a [`Provider`] that signs for them.
///
/// Rust has no bound that says so of the futures of a trait; the compiler sees it where the transport is named, which is
/// what an implementation does. Both runtimes' transports have it. For one of yours it is a line:
///
/// ```
/// # use std::future::{Future, ready};
/// # use std::time::Duration;
/// # use sts_async::{Answer, Body, Error, TransportKind, http};
/// use sts_async::{Provider, SendCredentials, SendTransport, Transport};
///
/// struct Mine;
/// # impl Transport for Mine {
/// #     fn send(&self, _: http::Request<Body>, _: Duration) -> impl Future<Output = Answer> {
/// #         ready(Err(Error::transport(TransportKind::Connect, "a sketch")))
/// #     }
/// #     fn sleep(&self, _: Duration) -> impl Future<Output = ()> {
/// #         ready(())
/// #     }
/// # }
///
/// impl SendTransport for Mine {
///     fn credentials(provider: &Provider<Self>) -> SendCredentials<'_> {
///         Box::pin(provider.credentials())
///     }
/// }
/// ```
///
/// Over a [`Connector`](crate::Connector) of yours, a transport of yours goes around an [`HttpTransport`].
pub trait SendTransport: Transport + Send + Sync + Sized + 'static {
    /// `Box::pin(provider.credentials())`, and nothing else.
    fn credentials(provider: &Provider<Self>) -> SendCredentials<'_>;
}

#[cfg(feature = "tokio")]
impl SendTransport for HttpTransport<crate::tokio::TokioConnector> {
    fn credentials(provider: &Provider<Self>) -> SendCredentials<'_> {
        Box::pin(provider.credentials())
    }
}

#[cfg(feature = "smol")]
impl SendTransport for HttpTransport<crate::smol::SmolConnector> {
    fn credentials(provider: &Provider<Self>) -> SendCredentials<'_> {
        Box::pin(provider.credentials())
    }
}
