//! Proxies that do what they are asked for.

use super::*;

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
