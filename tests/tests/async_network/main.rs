//! The async client's ways through TLS and proxies.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};
use sts_async::operation::GetCallerIdentity;
use sts_async::{
    Client, ClientBuilder, Connector, Credentials, Error, ErrorKind, HttpTransport, RetryPolicy, Timeouts,
    TransportKind,
};
use sts_tests::server::Server;

use certificates::{Authority, Identity, TlsServer, for_hosts};
use double::Proxy;
use support::{Halting, Runtime, on_both, polled};

mod proxies;
mod tls;

#[path = "../support/tls.rs"]
mod certificates;
#[path = "../support/proxy.rs"]
mod double;
#[path = "../support/runtime.rs"]
mod support;

/// A host that nobody but a proxy of these tests can find.
const HOST: &str = "sts.example.test";

fn anybody() -> Credentials {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").unwrap()
}

fn builder<R: Runtime>(url: &str) -> ClientBuilder<HttpTransport<R>> {
    with_connector(R::default(), url)
}

/// A builder that nothing outside the test decides on.
fn with_connector<C: Connector>(connector: C, url: &str) -> ClientBuilder<HttpTransport<C>> {
    Client::with_connector(connector)
        .region("us-east-1")
        .endpoint_url(url)
        .credentials(anybody())
        .retry(RetryPolicy::never())
        .variables(|_| None)
}

fn call<R: Runtime>(builder: ClientBuilder<HttpTransport<R>>) -> Result<(), Error> {
    let client = builder.build()?;
    let reply = R::block_on(client.send(GetCallerIdentity::new()))?;
    assert_eq!(reply.account, "123456789012");
    Ok(())
}

fn refused<R: Runtime>(builder: ClientBuilder<HttpTransport<R>>, kind: TransportKind) -> String {
    let error = call(builder).unwrap_err();
    assert_eq!(error.transport_kind(), Some(kind), "{error:?}");
    error.to_string()
}
