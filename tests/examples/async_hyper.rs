//! hyper as the transport of the async client, with the pooling client of hyper-util.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use sts_async::operation::GetCallerIdentity;
use sts_async::{Answer, Body, BoxError, Client, Credentials, Error, Transport, TransportKind, http};
use sts_proto::reply::MAX_REPLY_BYTES;
use sts_tests::server::Server;

struct Hyper(legacy::Client<HttpConnector, Full<Bytes>>);

impl Transport for Hyper {
    async fn send(&self, request: http::Request<Body>, timeout: Duration) -> Answer {
        let request = request.map(|body| Full::new(Bytes::from(body.into_vec())));
        let reply = tokio::time::timeout(timeout, async {
            let (head, body) = self.0.request(request).await?.into_parts();
            let bytes = Limited::new(body, MAX_REPLY_BYTES).collect().await?.to_bytes();
            Ok::<_, BoxError>(http::Response::from_parts(head, Body::from(bytes.to_vec())))
        });
        let reply = reply.await.map_err(|late| Error::transport(TransportKind::Timeout, late))?;
        reply.map_err(|error| {
            let is_connect = error.downcast_ref().is_some_and(legacy::Error::is_connect);
            let kind = match is_connect {
                true => TransportKind::Connect,
                false if error.is::<LengthLimitError>() => TransportKind::TooLarge,
                false => TransportKind::Closed,
            };
            Error::transport(kind, error)
        })
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start()?;
    let user = server.user();
    let hyper = legacy::Client::builder(TokioExecutor::new()).build_http();
    let client = Client::with_transport(Hyper(hyper))
        .region("us-east-1")
        .endpoint_url(server.url())
        .credentials(Credentials::new(user.access_key_id(), user.secret_access_key())?)
        .build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!("{}", runtime.block_on(client.send(GetCallerIdentity::new()))?.arn);
    Ok(())
}
