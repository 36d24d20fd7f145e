//! The environment, and the log.

use super::*;

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

/// ureq logs much, and more of it with every level.
#[test]
fn nobody_logs_the_password() {
    let proxy = Proxy::answering("HTTP/1.1 407 No\r\n\r\n");
    refusal(&proxy.url_with_password());
    let lines = LOG.0.lock().unwrap();
    assert!(lines.contains(&proxy.url()), "{lines}");
    assert_no_secret(&lines);
}
