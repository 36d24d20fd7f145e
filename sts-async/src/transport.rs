use std::time::Duration;

use sts_proto::step::Answer;
use sts_proto::{Body, http};

/// Sends one request and brings the reply back, and waits. That is all that an HTTP client has to do here.
///
/// Whether the futures of a [`Client`](crate::Client) can move between threads is decided by the transport's: nothing
/// here asks for it, so that a transport may as well live on one thread.
///
/// ```
/// use std::future::{Future, ready};
/// use std::time::Duration;
/// use sts_async::{Answer, Body, Client, Error, Transport, http, operation::GetAccessKeyInfo};
///
/// /// A test double.
/// struct Canned(&'static str);
///
/// impl Transport for Canned {
///     fn send(&self, _: http::Request<Body>, _: Duration) -> impl Future<Output = Answer> {
///         ready(Ok(http::Response::new(Body::from(self.0.as_bytes().to_vec()))))
///     }
///
///     fn sleep(&self, _: Duration) -> impl Future<Output = ()> {
///         ready(())
///     }
/// }
///
/// # futures_lite::future::block_on(async {
/// let reply = "<GetAccessKeyInfoResponse><GetAccessKeyInfoResult><Account>123456789012</Account>
///              </GetAccessKeyInfoResult></GetAccessKeyInfoResponse>";
/// let client = Client::with_transport(Canned(reply))
///     .region("eu-west-1")
///     .credentials(sts_async::Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret")?)
///     .build()?;
/// assert_eq!(client.send(GetAccessKeyInfo::new("AKIAI44QH8DHBEXAMPLE")).await?.account, "123456789012");
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
pub trait Transport {
    /// Sends the request as it is and gives the whole reply, whatever its status, before `timeout` has passed.
    ///
    /// Redirects are not followed: the signature would not fit. The reply's body is read to its end, and no further
    /// than [`MAX_REPLY_BYTES`](sts_proto::reply::MAX_REPLY_BYTES). What fails is
    /// [`Error::transport`](crate::Error::transport), with the kind that decides whether it makes sense to try again.
    fn send(&self, request: http::Request<Body>, timeout: Duration) -> impl Future<Output = Answer>;

    /// Lets time pass.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()>;

    /// Closes the connections that are kept open for further requests.
    fn close_idle(&self) {}
}
