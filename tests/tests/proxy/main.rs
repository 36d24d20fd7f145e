//! The client through proxies: one of the tests' own, and a real one that `tests/proxy.sh` starts.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::{SocketAddr, TcpListener};
use std::sync::Mutex;
use std::time::Duration;

use sts_blocking::operation::GetCallerIdentity;
use sts_blocking::{
    Client, ClientBuilder, Credentials, Error, ErrorKind, RetryPolicy, Timeouts, TransportKind, UreqTransport,
};
use sts_tests::server::Server;

use double::Proxy;
use support::{Authority, TlsServer, for_hosts};

mod refusals;
mod surroundings;
mod tunnels;

#[path = "../support/proxy.rs"]
mod double;
#[path = "../support/tls.rs"]
#[expect(dead_code, reason = "the rest is for `tls.rs`")]
mod support;

/// A host that nobody but a proxy of these tests can find.
const HOST: &str = "sts.example.test";

/// What must not be seen anywhere: the password, and both forms in which it travels.
const SECRETS: [&str; 3] = ["hunter 2", "hunter%202", "YWxpY2U6aHVudGVyIDI="];

fn builder(url: &str, credentials: Credentials) -> ClientBuilder {
    capture();
    Client::builder()
        .region("us-east-1")
        .endpoint_url(url)
        .credentials(credentials)
        .retry(RetryPolicy::never())
        .variables(|_| None)
}

fn anybody() -> Credentials {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").unwrap()
}

fn user(server: &Server) -> Credentials {
    Credentials::new(server.user().access_key_id(), server.user().secret_access_key()).unwrap()
}

fn address(server: &Server) -> SocketAddr {
    server.url().strip_prefix("http://").unwrap().parse().unwrap()
}

/// The error of a call by way of that proxy, which must not hold the proxy's password.
fn refusal(proxy: &str) -> Error {
    let timeouts = Timeouts::default().connect(Duration::from_millis(500));
    let client =
        builder(&format!("http://{HOST}"), anybody()).proxy(proxy).timeouts(timeouts).build().unwrap();
    let error = client.send(GetCallerIdentity::new()).unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert_no_secret(&format!("{error} {error:?} {source:?} {client:?}"));
    error
}

fn assert_no_secret(text: &str) {
    assert!(!SECRETS.iter().any(|secret| text.contains(secret)), "{text}");
}

/// Everything that anybody logs in this process.
struct Log(Mutex<String>);

static LOG: Log = Log(Mutex::new(String::new()));

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let mut lines = self.0.lock().unwrap();
        lines.push_str(&record.args().to_string());
        lines.push('\n');
    }

    fn flush(&self) {}
}

fn capture() {
    // Whichever test comes first.
    if log::set_logger(&LOG).is_ok() {
        log::set_max_level(log::LevelFilter::Trace);
    }
}
