use std::time::Duration;

use sts_proto::{Body, Error, http};

/// Sends one request and brings the reply back. That is all that an HTTP client has to do here.
///
/// ```
/// use std::time::Duration;
/// use sts_blocking::{Body, Client, Error, Transport, http, operation::GetAccessKeyInfo};
///
/// /// A test double.
/// struct Canned(&'static str);
///
/// impl Transport for Canned {
///     fn send(&self, _: http::Request<Body>, _: Duration) -> Result<http::Response<Body>, Error> {
///         Ok(http::Response::new(Body::from(self.0.as_bytes().to_vec())))
///     }
/// }
///
/// let reply = "<GetAccessKeyInfoResponse><GetAccessKeyInfoResult><Account>123456789012</Account>
///              </GetAccessKeyInfoResult></GetAccessKeyInfoResponse>";
/// let client = Client::with_transport(Canned(reply))
///     .region("eu-west-1")
///     .credentials(sts_blocking::Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret")?)
///     .build()?;
/// assert_eq!(client.send(GetAccessKeyInfo::new("AKIAI44QH8DHBEXAMPLE"))?.account, "123456789012");
/// # Ok::<(), Error>(())
/// ```
pub trait Transport: Send + Sync {
    /// Sends the request as it is and gives the whole reply, whatever its status, before `timeout` has passed.
    ///
    /// Redirects are not followed: the signature would not fit. The reply's body is read to its end, and no further
    /// than [`MAX_REPLY_BYTES`](sts_proto::reply::MAX_REPLY_BYTES).
    ///
    /// # Errors
    /// [`Error::transport`], with the kind that decides whether it makes sense to try again.
    fn send(&self, request: http::Request<Body>, timeout: Duration) -> Result<http::Response<Body>, Error>;

    /// Closes the connections that are kept open for further requests.
    fn close_idle(&self) {}
}
