//! Proxies that refuse, cannot be reached or cannot be used.

use super::*;

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
