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

#[path = "support/proxy.rs"]
mod double;
#[path = "support/tls.rs"]
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

#[test]
fn a_tunnel_is_asked_for_and_kept() {
    let server = Server::start().unwrap();
    let proxy = Proxy::start(address(&server), |_| None);
    let client = builder(&format!("http://{HOST}"), user(&server)).proxy(proxy.url()).build().unwrap();
    for _ in 0..3 {
        client.send(GetCallerIdentity::new()).unwrap();
    }
    client.call(GetCallerIdentity::new()).timeout(Duration::from_secs(7)).send().unwrap();
    assert_eq!((server.connections(), proxy.heads().len()), (1, 1));
    let head = &proxy.heads()[0];
    assert!(
        head.starts_with("CONNECT sts.example.test:80 HTTP/1.1\r\nHost: sts.example.test:80\r\n"),
        "{head}"
    );
    assert!(!head.to_ascii_lowercase().contains("authorization"), "{head}");
    client.close_idle();
    client.send(GetCallerIdentity::new()).unwrap();
    assert_eq!(proxy.heads().len(), 2);
}

#[test]
fn tls_is_spoken_with_the_host_and_not_with_the_proxy() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.identity(&for_hosts(&[HOST])));
    let proxy = Proxy::start(server.address, |_| None);
    let https = builder(&format!("https://{HOST}"), anybody()).proxy(proxy.url());
    let client = https.ca_bundle_pem(authority.pem()).build().unwrap();
    client.send(GetCallerIdentity::new()).unwrap();
    client.send(GetCallerIdentity::new()).unwrap();
    assert_eq!((server.connections(), proxy.heads().len()), (1, 1));
    assert!(proxy.heads()[0].starts_with("CONNECT sts.example.test:443 HTTP/1.1\r\n"));

    let untrusted = builder(&format!("https://{HOST}"), anybody()).proxy(proxy.url()).build().unwrap();
    let error = untrusted.send(GetCallerIdentity::new()).unwrap_err();
    assert_eq!(error.transport_kind(), Some(TransportKind::Tls), "{error:?}");
    assert!(error.to_string().contains("the certificate of sts.example.test is self-signed or"), "{error}");
}

#[test]
fn a_proxy_may_speak_tls_itself() {
    let authority = Authority::new();
    let proxy = TlsServer::start(authority.identity(&for_hosts(&["localhost"])));
    let builder = || builder(&format!("http://{HOST}"), anybody()).proxy(proxy.url());
    let client = builder().ca_bundle_pem(authority.pem()).build().unwrap();
    client.send(GetCallerIdentity::new()).unwrap();

    let error = builder().build().unwrap().send(GetCallerIdentity::new()).unwrap_err();
    assert_eq!(error.transport_kind(), Some(TransportKind::Tls), "{error:?}");
    assert!(error.to_string().contains(&format!(" or of the proxy {} ", proxy.url())), "{error}");
}

#[test]
fn the_password_reaches_the_proxy_and_nobody_else() {
    let server = Server::start().unwrap();
    let proxy = Proxy::start(address(&server), |head| {
        let is_known = head.contains("\r\nProxy-Authorization: Basic YWxpY2U6aHVudGVyIDI=\r\n");
        (!is_known).then_some("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n")
    });
    let client = builder(&format!("http://{HOST}"), user(&server)).proxy(proxy.url_with_password());
    let client = client.build().unwrap();
    client.send(GetCallerIdentity::new()).unwrap();
    assert!(server.requests().iter().all(|request| request.header("proxy-authorization").is_none()));
    assert_no_secret(&format!("{client:?}"));

    let error = refusal(&proxy.url());
    assert_eq!((error.transport_kind(), error.is_retryable()), (Some(TransportKind::ProxyRefused), false));
    let text = format!(
        "GetCallerIdentity got no reply: the proxy refused: {} answered 407, so it wants a user and a password",
        proxy.url()
    );
    assert_eq!(error.to_string(), text);

    let error = refusal(&format!("http://alice:wrong@{}", proxy.address));
    assert_eq!(error.transport_kind(), Some(TransportKind::ProxyRefused));
    assert!(error.to_string().contains("does not accept the user and the password"), "{error}");
    assert!(!error.to_string().contains("wrong"), "{error}");
}

#[test]
fn what_a_proxy_refuses_is_told_from_what_it_cannot_do() {
    use TransportKind::{Protocol, Proxy as Failed, ProxyRefused as Refused};
    for (reply, kind, words) in [
        ("HTTP/1.1 407 No\r\n\r\n", Refused, "answered 407, so it does not accept the user"),
        (
            "HTTP/1.1 403 Filtered\r\n\r\n",
            Refused,
            "answered 403 when it was asked for a tunnel to sts.example.test",
        ),
        ("HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n", Refused, "answered 405"),
        ("HTTP/1.1 302 Found\r\nLocation: http://login.test/\r\n\r\n", Refused, "answered 302"),
        ("HTTP/1.1 429 Slow down\r\n\r\n", Failed, "answered 429"),
        (
            "HTTP/1.0 502 Bad Gateway\r\n\r\n<html>",
            Failed,
            "answered 502 when it was asked for a tunnel to sts",
        ),
        ("HTTP/1.1 503 Busy\r\n\r\n", Failed, "answered 503"),
        ("HTTP/1.1 504 Late\r\n\r\n", Failed, "answered 504"),
        ("", Failed, "closed the connection"),
        ("SSH-2.0-OpenSSH\r\n\r\n", Protocol, "it went through the proxy"),
    ] {
        let proxy = Proxy::answering(reply);
        let error = refusal(&proxy.url_with_password());
        assert_eq!(error.transport_kind(), Some(kind), "{reply:?}: {error:?}");
        assert_eq!(error.is_retryable(), kind != Refused, "{reply:?}");
        let text = error.to_string();
        assert!(text.contains(words) && text.contains(&proxy.url()), "{reply:?}: {text}");
    }
}

#[test]
fn a_proxy_that_cannot_be_reached_is_named() {
    // Port 1 of loopback: nobody listens there.
    let error = refusal("http://alice:hunter%202@127.0.0.1:1");
    assert_eq!((error.transport_kind(), error.is_retryable()), (Some(TransportKind::Proxy), true));
    let text =
        "GetCallerIdentity got no reply: the proxy gave no connection: http://127.0.0.1:1 cannot be reached";
    assert_eq!(error.to_string(), text);

    let error = refusal("http://alice:hunter%202@proxy.invalid:3128");
    assert_eq!(error.transport_kind(), Some(TransportKind::Proxy), "{error:?}");
    assert!(error.to_string().contains("http://proxy.invalid:3128"), "{error}");

    // One that accepts and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let error = refusal(&url);
    assert!(error.is_timeout() && error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains(&format!("it went through the proxy {url}")), "{error}");
}

#[test]
fn the_environment_decides_unless_the_program_does() {
    let server = Server::start().unwrap();
    let proxy = Proxy::start(address(&server), |_| None);
    let (https_only, url) = (Proxy::answering("HTTP/1.1 502 No\r\n\r\n"), proxy.url());
    let https_url = https_only.url();
    let from_environment = |endpoint: &str, no_proxy: &'static str| {
        let (url, https_url) = (url.clone(), https_url.clone());
        builder(endpoint, user(&server)).variables(move |name| match name {
            "HTTP_PROXY" => Some(url.clone()),
            "https_proxy" => Some(https_url.clone()),
            "NO_PROXY" => Some(no_proxy.to_owned()),
            _ => None,
        })
    };
    let send = |builder: ClientBuilder| builder.build().unwrap().send(GetCallerIdentity::new());
    let http = format!("http://{HOST}");
    send(from_environment(&http, "other.test")).unwrap();
    assert_eq!(proxy.heads().len(), 1);
    // Each scheme has its own.
    let error = send(from_environment(&format!("https://{HOST}"), "")).unwrap_err();
    assert!(error.to_string().contains(&https_only.url()), "{error}");
    // Without the proxy nobody finds the host.
    for direct in [from_environment(&http, ".example.test"), from_environment(&http, "").no_proxy()] {
        let error = send(direct).unwrap_err();
        assert!(
            matches!(error.transport_kind(), Some(TransportKind::Dns | TransportKind::Connect)),
            "{error:?}"
        );
    }
    // Loopback is not proxied from the environment, and is where the program says so.
    send(from_environment(server.url(), "")).unwrap();
    assert_eq!(proxy.heads().len(), 1);
    send(from_environment(server.url(), "").proxy(proxy.url())).unwrap();
    assert_eq!(proxy.heads().len(), 2);

    let socks = builder(&http, anybody()).variables(|name| {
        (name == "ALL_PROXY").then(|| "socks5://alice:hunter%202@127.0.0.1:1080".to_owned())
    });
    let error = socks.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().starts_with("invalid input: `ALL_PROXY` names a SOCKS proxy"), "{error}");
    assert_no_secret(&format!("{error} {error:?}"));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let error = builder("http://x.test", anybody()).proxy("socks5://alice:hunter%202@p").build().unwrap_err();
    assert!(error.to_string().contains("`Proxy` names a SOCKS proxy"), "{error}");
    assert_no_secret(&format!("{error} {error:?}"));
    let own = || UreqTransport::new(Timeouts::default());
    let error = builder("http://x.test", anybody()).proxy("http://p").transport(own()).build().unwrap_err();
    assert!(error.to_string().contains("`Proxy` does not go together"), "{error}");
    let error = builder("http://x.test", anybody()).ca_bundle("x").transport(own()).build().unwrap_err();
    assert!(error.to_string().contains("`CaBundle` does not go together"), "{error}");
}

/// ureq logs much, and more of it with every level.
#[test]
fn nobody_logs_the_password() {
    let proxy = Proxy::answering("HTTP/1.1 407 No\r\n\r\n");
    refusal(&proxy.url_with_password());
    let lines = LOG.0.lock().unwrap();
    assert!(lines.contains(&proxy.url()), "{lines}");
    assert_no_secret(&lines);
}

#[test]
#[ignore = "needs a real proxy: `tests/proxy.sh` starts one and runs this"]
fn through_a_real_proxy() {
    let variable =
        |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is set by tests/proxy.sh"));
    let (open, closed) = (variable("STS_TINYPROXY"), variable("STS_TINYPROXY_AUTH"));
    let narrow = variable("STS_TINYPROXY_NARROW");
    let server = Server::start().unwrap();
    let authority = Authority::new();
    let tls = TlsServer::start(authority.identity(&for_hosts(&["localhost"])));
    let with_password = closed.replace("http://", "http://alice:hunter%2D2@");
    for proxy in [&open, &with_password] {
        let client = builder(server.url(), user(&server)).proxy(proxy.as_str()).build().unwrap();
        client.send(GetCallerIdentity::new()).unwrap();
        client.send(GetCallerIdentity::new()).unwrap();
        let https = builder(&tls.url(), anybody()).proxy(proxy.as_str());
        let client = https.ca_bundle_pem(authority.pem()).build().unwrap();
        client.send(GetCallerIdentity::new()).unwrap();
        client.send(GetCallerIdentity::new()).unwrap();
    }
    assert_eq!((server.connections(), tls.connections()), (2, 2));

    let refusal = |url: &str, proxy: &str| {
        let client = builder(url, user(&server)).proxy(proxy).build().unwrap();
        client.send(GetCallerIdentity::new()).unwrap_err()
    };
    let wrong = closed.replace("http://", "http://alice:wrong@");
    for (proxy, words) in
        [(&closed, "answered 407, so it wants a user"), (&wrong, "answered 401, so it does not accept")]
    {
        let error = refusal(server.url(), proxy);
        assert_eq!(error.transport_kind(), Some(TransportKind::ProxyRefused), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let error = refusal(server.url(), &narrow);
    assert_eq!(error.transport_kind(), Some(TransportKind::ProxyRefused), "{error:?}");
    assert!(error.to_string().contains("answered 403"), "{error}");
    // Nobody listens on port 1.
    let error = refusal("http://127.0.0.1:1", &open);
    assert_eq!(
        (error.transport_kind(), error.is_retryable()),
        (Some(TransportKind::Proxy), true),
        "{error:?}"
    );
    assert!(error.to_string().contains(&open), "{error}");
}
