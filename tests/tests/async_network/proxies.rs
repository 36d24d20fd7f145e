//! Proxies.

use super::*;

on_both! {
    a_tunnel_is_asked_for_and_kept
    tls_is_spoken_with_the_host_and_not_with_the_proxy
    a_proxy_may_speak_tls_itself
    proxies_that_give_no_tunnel
    the_environment_decides_unless_the_program_does
    dropped_at_every_await_point_of_a_tunnel_with_tls
}

fn address(server: &Server) -> SocketAddr {
    server.url().strip_prefix("http://").unwrap().parse().unwrap()
}

fn user(server: &Server) -> Credentials {
    Credentials::new(server.user().access_key_id(), server.user().secret_access_key()).unwrap()
}

fn a_tunnel_is_asked_for_and_kept<R: Runtime>() {
    let server = Server::start().unwrap();
    let proxy = Proxy::start(address(&server), |head| {
        let is_known = head.contains("\r\nProxy-Authorization: Basic YWxpY2U6aHVudGVyIDI=\r\n");
        (!is_known).then_some("HTTP/1.1 407 No\r\nContent-Length: 5\r\n\r\nsorry")
    });
    let through = builder::<R>(&format!("http://{HOST}")).credentials(user(&server));
    let client = through.proxy(proxy.url_with_password()).build().unwrap();
    R::block_on(async {
        for _ in 0..3 {
            client.send(GetCallerIdentity::new()).await.unwrap();
        }
        assert_eq!((server.connections(), proxy.heads().len()), (1, 1));
        client.close_idle();
        client.send(GetCallerIdentity::new()).await.unwrap();
    });
    assert_eq!(proxy.heads().len(), 2);
    let head = &proxy.heads()[0];
    assert!(
        head.starts_with("CONNECT sts.example.test:80 HTTP/1.1\r\nHost: sts.example.test:80\r\n"),
        "{head}"
    );
    assert!(server.requests().iter().all(|request| request.header("proxy-authorization").is_none()));
    assert!(!format!("{client:?}").contains("hunter"));

    for (url, words) in [
        (proxy.url(), "so it wants a user and a password"),
        (format!("http://alice:wrong@{}", proxy.address), "so it does not accept the user and the password"),
    ] {
        let text = refused(builder::<R>(&format!("http://{HOST}")).proxy(url), TransportKind::ProxyRefused);
        assert!(text.contains(&format!("{} answered 407, {words}", proxy.url())), "{text}");
    }
}

fn tls_is_spoken_with_the_host_and_not_with_the_proxy<R: Runtime>() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.identity(&for_hosts(&[HOST])));
    let proxy = Proxy::start(server.address, |_| None);
    let https = || builder::<R>(&format!("https://{HOST}")).proxy(proxy.url());
    let client = https().ca_bundle_pem(authority.pem()).build().unwrap();
    R::block_on(async {
        client.send(GetCallerIdentity::new()).await.unwrap();
        client.send(GetCallerIdentity::new()).await.unwrap();
    });
    assert_eq!((server.connections(), proxy.heads().len()), (1, 1));
    assert!(proxy.heads()[0].starts_with("CONNECT sts.example.test:443 HTTP/1.1\r\n"));
    let text = refused(https(), TransportKind::Tls);
    assert!(text.contains("the certificate of sts.example.test is self-signed or"), "{text}");
}

fn a_proxy_may_speak_tls_itself<R: Runtime>() {
    let authority = Authority::new();
    let proxy = TlsServer::start(authority.identity(&for_hosts(&["localhost"])));
    let through = || builder::<R>(&format!("http://{HOST}")).proxy(proxy.url());
    call(through().ca_bundle_pem(authority.pem())).unwrap();
    let text = refused(through(), TransportKind::Tls);
    assert!(text.contains(&format!("the certificate of the proxy {} ", proxy.url())), "{text}");
}

fn proxies_that_give_no_tunnel<R: Runtime>() {
    let timeouts = Timeouts::default().connect(Duration::from_millis(500));
    let through = |proxy: &str| builder::<R>(&format!("http://{HOST}")).proxy(proxy).timeouts(timeouts);
    for (reply, kind, words) in [
        (
            "HTTP/1.1 403 No\r\n\r\n",
            TransportKind::ProxyRefused,
            "answered 403 when it was asked for a tunnel",
        ),
        (
            "HTTP/1.1 502 No\r\n\r\n<html>",
            TransportKind::Proxy,
            "answered 502 when it was asked for a tunnel",
        ),
        ("", TransportKind::Proxy, "closed the connection without a reply"),
        ("SSH-2.0-OpenSSH\r\n", TransportKind::Protocol, "not HTTP: it went through the proxy http://"),
        ("HTTP/1.1 200 OK\r\n", TransportKind::Closed, "after 17 bytes of the reply of the proxy http://"),
    ] {
        let text = refused(through(&Proxy::answering(reply).url()), kind);
        assert!(text.contains(words), "{text}");
    }
    let text = refused(through("http://127.0.0.1:1"), TransportKind::Proxy);
    assert!(text.ends_with("http://127.0.0.1:1 cannot be reached"), "{text}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    refused(through(&format!("http://{}", silent.local_addr().unwrap())), TransportKind::Timeout);
    let error = through("socks5://alice:hunter%202@p").build().unwrap_err();
    assert!(error.to_string().contains("`Proxy` names a SOCKS proxy"), "{error}");
}

fn the_environment_decides_unless_the_program_does<R: Runtime>() {
    let server = Server::start().unwrap();
    let proxy = Proxy::start(address(&server), |_| None);
    let url = proxy.url();
    let from_environment = |endpoint: &str, no_proxy: &'static str| {
        let url = url.clone();
        builder::<R>(endpoint).credentials(user(&server)).variables(move |name| match name {
            "HTTP_PROXY" => Some(url.clone()),
            "NO_PROXY" => Some(no_proxy.to_owned()),
            _ => None,
        })
    };
    let http = format!("http://{HOST}");
    call(from_environment(&http, "other.test")).unwrap();
    assert_eq!(proxy.heads().len(), 1);
    for direct in [from_environment(&http, ".example.test"), from_environment(&http, "").no_proxy()] {
        let error = call(direct).unwrap_err();
        assert!(matches!(error.transport_kind(), Some(TransportKind::Dns | TransportKind::Connect)));
    }
    // Loopback is not proxied from the environment, and is where the program says so.
    call(from_environment(server.url(), "")).unwrap();
    assert_eq!(proxy.heads().len(), 1);
    call(from_environment(server.url(), "").proxy(proxy.url())).unwrap();
    assert_eq!(proxy.heads().len(), 2);
}

fn dropped_at_every_await_point_of_a_tunnel_with_tls<R: Runtime>() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.identity(&for_hosts(&[HOST])));
    let proxy = Proxy::start(server.address, |_| None);
    let open = Arc::new(());
    let connector = Halting { connector: R::default(), open: Arc::clone(&open) };
    let client = with_connector(connector, &format!("https://{HOST}")).proxy(proxy.url());
    let client = client.ca_bundle_pem(authority.pem()).build().unwrap();
    R::block_on(async {
        // The handshakes take dozens of points, of which every third will do.
        for times in (1..).step_by(3) {
            client.close_idle();
            if polled(times, client.send(GetCallerIdentity::new())).await.is_some() {
                assert!(times > 20, "only {times} points");
                break;
            }
            assert_eq!(Arc::strong_count(&open), 2, "the connection of a dropped call was kept");
        }
        client.send(GetCallerIdentity::new()).await.unwrap();
        client.close_idle();
        assert_eq!(Arc::strong_count(&open), 2);
    });
}
