//! reqwest as the transport of the async client. Its TLS, proxies and pool are then its own affair: here it has no TLS,
//! since the local STS needs none.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use std::time::Duration;

use sts_async::operation::GetCallerIdentity;
use sts_async::{Answer, Body, Client, Credentials, Error, Transport, TransportKind, http};
use sts_proto::reply::MAX_REPLY_BYTES;
use sts_tests::server::Server;

struct Reqwest(reqwest::Client);

impl Transport for Reqwest {
    async fn send(&self, request: http::Request<Body>, timeout: Duration) -> Answer {
        let request = reqwest::Request::try_from(request.map(Body::into_vec)).map_err(failure)?;
        let reply = tokio::time::timeout(timeout, async {
            let mut reply = self.0.execute(request).await.map_err(failure)?;
            let mut whole = http::Response::new(Body::default());
            *whole.status_mut() = reply.status();
            *whole.headers_mut() = reply.headers().clone();
            let mut body = Vec::new();
            while let Some(piece) = reply.chunk().await.map_err(failure)? {
                body.extend_from_slice(&piece);
                if body.len() > MAX_REPLY_BYTES {
                    return Err(Error::transport(TransportKind::TooLarge, "the body"));
                }
            }
            *whole.body_mut() = Body::from(body);
            Ok(whole)
        });
        reply.await.map_err(|late| Error::transport(TransportKind::Timeout, late))?
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

fn failure(error: reqwest::Error) -> Error {
    let kind = if error.is_connect() { TransportKind::Connect } else { TransportKind::Closed };
    // A URL may hold a signature.
    Error::transport(kind, error.without_url())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start()?;
    let user = server.user();
    // A redirect would carry the signature elsewhere.
    let reqwest =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
    let client = Client::with_transport(Reqwest(reqwest))
        .region("us-east-1")
        .endpoint_url(server.url())
        .credentials(Credentials::new(user.access_key_id(), user.secret_access_key())?)
        .build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!("{}", runtime.block_on(client.send(GetCallerIdentity::new()))?.arn);
    Ok(())
}
