use super::*;

fn from(variables: &[(&str, &str)]) -> ProxySettings {
    ProxySettings::from_variables(|name| {
        variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
    })
}

fn chosen(settings: &ProxySettings, url: &str) -> Option<String> {
    settings.for_url(&url.parse().unwrap()).unwrap().map(ToString::to_string)
}

#[test]
fn no_proxy_table() {
    let proxied: [(&str, &str, bool); 87] = [
        // The list, the URL, and whether it goes through the proxy.
        ("", "https://sts.amazonaws.com/", true),
        (" , ,\t", "https://sts.amazonaws.com/", true),
        ("*", "https://sts.amazonaws.com/", false),
        ("a.test,*", "https://10.0.0.1/", false),
        ("*:8443", "https://x.test:8443/", false),
        ("*:8443", "https://x.test/", true),
        // Names, and what is under them.
        ("x.test", "https://x.test/", false),
        ("x.test", "https://a.x.test/", false),
        ("x.test", "https://a.b.x.test/", false),
        ("x.test", "https://ax.test/", true),
        ("x.test", "https://x.test.evil.example/", true),
        ("x.test", "https://test/", true),
        (".x.test", "https://x.test/", false),
        (".x.test", "https://a.x.test/", false),
        (".x.test", "https://ax.test/", true),
        ("..x.test", "https://a.x.test/", false),
        ("*.x.test", "https://a.x.test/", false),
        ("*.x.test", "https://x.test/", false),
        ("*.x.test", "https://ax.test/", true),
        ("*x.test", "https://ax.test/", true),
        ("x.*", "https://x.test/", true),
        ("test", "https://x.test/", false),
        ("amazonaws.com", "https://sts.eu-west-1.amazonaws.com/", false),
        ("sts.eu-west-1.amazonaws.com", "https://sts.eu-west-2.amazonaws.com/", true),
        ("minio", "http://minio:9000/", false),
        ("minio", "http://minio.test:9000/", true),
        ("a_b.test", "https://a_b.test/", false),
        // Case and trailing dots.
        ("X.TEST", "https://a.x.test/", false),
        ("x.test", "https://A.X.TEST/", false),
        ("x.test.", "https://x.test/", false),
        ("x.test", "https://x.test./", false),
        (".x.test.", "https://a.x.test./", false),
        // Separators.
        ("a.test,x.test", "https://x.test/", false),
        ("a.test, x.test", "https://x.test/", false),
        ("a.test x.test", "https://x.test/", false),
        ("a.test\nx.test\t,b.test", "https://b.test/", false),
        ("a.test;x.test", "https://x.test/", true),
        (",x.test,", "https://x.test/", false),
        // Ports: the URL's own or its scheme's.
        ("x.test:8443", "https://x.test:8443/", false),
        ("x.test:8443", "https://a.x.test:8443/", false),
        ("x.test:8443", "https://x.test/", true),
        ("x.test:443", "https://x.test/", false),
        ("x.test:443", "http://x.test/", true),
        ("x.test:80", "http://x.test/", false),
        ("x.test:80", "https://x.test/", true),
        (".x.test:80", "http://a.x.test/", false),
        ("x.test:0", "https://x.test/", true),
        ("x.test:65536", "https://x.test:65535/", true),
        ("x.test:", "https://x.test/", true),
        ("x.test:http", "http://x.test/", true),
        // IPv4 addresses.
        ("10.0.0.1", "https://10.0.0.1/", false),
        ("10.0.0.1", "https://10.0.0.10/", true),
        ("10.0.0.1", "https://10.0.0.1:9000/", false),
        ("10.0.0.1:9000", "https://10.0.0.1:9000/", false),
        ("10.0.0.1:9000", "https://10.0.0.1/", true),
        ("0.0.1", "https://10.0.0.1/", true),
        (".0.0.1", "https://10.0.0.1/", true),
        ("10.", "https://10.0.0.1/", true),
        ("10.*", "https://10.0.0.1/", true),
        ("10.0.0.1", "https://10.0.0.1.x.test/", true),
        // Networks.
        ("10.0.0.0/8", "https://10.255.0.1/", false),
        ("10.0.0.0/8", "https://11.0.0.1/", true),
        ("10.1.2.3/8", "https://10.200.0.1/", false),
        ("192.168.64.0/18", "https://192.168.127.255/", false),
        ("192.168.64.0/18", "https://192.168.128.0/", true),
        ("10.0.0.1/32", "https://10.0.0.1/", false),
        ("10.0.0.1/32", "https://10.0.0.2/", true),
        ("0.0.0.0/0", "https://8.8.8.8/", false),
        ("0.0.0.0/0", "https://x.test/", true),
        ("0.0.0.0/0", "https://[2001:db8::1]/", true),
        ("10.0.0.0/33", "https://10.0.0.0/", true),
        ("10.0.0.0/", "https://10.0.0.0/", true),
        ("10.0.0.0/+8", "https://10.0.0.0/", true),
        ("10.0.0/8", "https://10.0.0.1/", true),
        ("x.test/8", "https://x.test/", true),
        // IPv6 addresses and networks.
        ("2001:db8::1", "https://[2001:db8::1]/", false),
        ("2001:DB8:0:0::1", "https://[2001:db8::1]/", false),
        ("[2001:db8::1]", "https://[2001:db8::1]:8443/", false),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443/", false),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]/", true),
        ("2001:db8::/32", "https://[2001:db8:1::1]/", false),
        ("2001:db8::/32", "https://[2001:db9::1]/", true),
        ("::/0", "https://[2001:db8::1]/", false),
        ("::/0", "https://10.0.0.1/", true),
        ("::ffff:10.0.0.0/104", "https://10.9.9.9/", false),
        ("10.0.0.0/8", "https://[::ffff:10.1.2.3]/", false),
        ("fe80::/10", "https://[fe80::1]/", false),
    ];
    for (list, url, is_proxied) in proxied {
        for name in ["no_proxy", "NO_PROXY"] {
            let settings = from(&[("ALL_PROXY", "http://p.test:3128"), (name, list)]);
            assert_eq!(chosen(&settings, url).is_some(), is_proxied, "{name}={list:?} {url}");
        }
    }
}

#[test]
fn local_traffic_stays_local() {
    let variables = from(&[("ALL_PROXY", "http://p.test")]);
    let explicit = ProxySettings::explicit("http://p.test").unwrap();
    for url in [
        "http://localhost:4566/",
        "https://LOCALHOST./",
        "http://sts.localhost/",
        "http://127.0.0.1/",
        "http://127.8.9.1/",
        "https://[::1]:8443/",
        "https://[::ffff:127.0.0.1]/",
    ] {
        assert_eq!(chosen(&variables, url), None, "{url}");
        assert!(chosen(&explicit, url).is_some(), "{url}");
    }
    assert!(chosen(&variables, "http://localhost.test/").is_some());
    for url in [
        "http://169.254.169.254/latest/api/token",
        "http://169.254.170.2/v2/credentials",
        "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::254]/",
        "http://[FD00:EC2:0::23]/",
        "http://[::ffff:169.254.169.254]/",
    ] {
        assert_eq!((chosen(&variables, url), chosen(&explicit, url)), (None, None), "{url}");
    }
}

#[test]
fn variables_by_scheme_and_spelling() {
    let settings = from(&[
        ("https_proxy", "lower"),
        ("HTTPS_PROXY", "upper"),
        ("HTTP_PROXY", "http://plain:8080/"),
        ("all_proxy", "all"),
    ]);
    assert_eq!(chosen(&settings, "https://x.test/").as_deref(), Some("http://lower:80"));
    assert_eq!(chosen(&settings, "http://x.test/").as_deref(), Some("http://plain:8080"));
    assert_eq!(settings.proxies().map(Proxy::host).collect::<Vec<_>>(), ["plain", "lower"]);

    // An empty variable is one that is not set.
    let settings = from(&[("https_proxy", ""), ("HTTPS_PROXY", "  "), ("ALL_PROXY", "\thttps://all ")]);
    assert_eq!(chosen(&settings, "https://x.test/").as_deref(), Some("https://all:443"));
    assert_eq!(chosen(&settings, "http://x.test/").as_deref(), Some("https://all:443"));
    assert_eq!(settings.proxies().count(), 1);

    let settings = from(&[("HTTPS_PROXY", "p"), ("no_proxy", ""), ("NO_PROXY", "*")]);
    assert_eq!(chosen(&settings, "https://x.test/"), None);
    assert_eq!(chosen(&from(&[("HTTPS_PROXY", "p")]), "http://x.test/"), None);
    assert_eq!(chosen(&from(&[]), "https://x.test/"), None);
    assert_eq!(chosen(&ProxySettings::none(), "https://x.test/"), None);
}

#[test]
fn a_cgi_program_does_not_take_a_proxy_from_a_request() {
    let url = "http://x.test/";
    let settings = from(&[("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "evil")]);
    assert_eq!(chosen(&settings, url), None);
    let settings = from(&[("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "evil"), ("http_proxy", "good")]);
    assert_eq!(chosen(&settings, url).as_deref(), Some("http://good:80"));
    // Windows: both names are one variable.
    let settings = from(&[("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "evil"), ("http_proxy", "evil")]);
    assert_eq!(chosen(&settings, url), None);
    let settings = from(&[("REQUEST_METHOD", "GET"), ("HTTPS_PROXY", "good")]);
    assert!(chosen(&settings, "https://x.test/").is_some());
}

#[test]
fn urls_of_proxies() {
    let proxy = |url: &str| ProxySettings::explicit(url).unwrap().proxies().next().cloned().unwrap();
    for (url, shown) in [
        ("proxy", "http://proxy:80"),
        ("Proxy.Test:3128", "http://proxy.test:3128"),
        ("http://10.0.0.1:3128/", "http://10.0.0.1:3128"),
        ("HTTPS://proxy.test", "https://proxy.test:443"),
        ("http://[::1]", "http://[::1]:80"),
        ("http://[::1]:3128", "http://[::1]:3128"),
        ("u:p@proxy:1", "http://proxy:1"),
    ] {
        assert_eq!(proxy(url).to_string(), shown, "{url}");
    }
    for (url, user, password) in [
        ("http://alice:s3cr3t@p", "alice", "s3cr3t"),
        ("http://alice@p", "alice", ""),
        ("http://:s3cr3t@p", "", "s3cr3t"),
        ("http://a%40b:%C3%A9%3A%2f%25@p", "a@b", "é:/%"),
        ("http://alice:a@b:c@p", "alice", "a@b:c"),
        ("http://alice:100%@p", "alice", "100%"),
        ("http://alice:%zz+%4@p", "alice", "%zz+%4"),
    ] {
        let proxy = proxy(url);
        let (seen, secret) = proxy.credentials().unwrap();
        assert_eq!((seen, secret.expose()), (user, password), "{url}");
        assert_eq!(format!("{proxy:?} {proxy}"), "Proxy(http://p:80, with credentials) http://p:80");
    }
    assert_eq!(proxy("http://@p").credentials(), None);
}

#[test]
fn a_proxy_that_cannot_be_used_is_named_and_not_shown() {
    let long = format!("http://h/{}", "x".repeat(5000));
    for (url, rule) in [
        ("socks5://u:hunter2@p:1080", "SOCKS"),
        ("socks4a://hunter2", "SOCKS"),
        ("ftp://u:hunter2@p", "must begin with"),
        ("http://", "must have the host"),
        ("http://u:hunter2@", "must have the host"),
        ("http://u:hunter2@:3128", "must have the host"),
        ("http://u:hunter2@p:0", "port from 1 to 65535"),
        ("http://u:hunter2@p:65536", "port from 1 to 65535"),
        ("http://u:hunter2@p:+1", "port from 1 to 65535"),
        ("http://u:hunter2@p:", "port from 1 to 65535"),
        ("http://u:hunter2/x", "without a path"),
        ("http://p/hunter2", "without a path"),
        ("http://p?hunter2", "without a path"),
        ("http://u:hunter2@a b", "must have the host"),
        ("http://u:hunter2@pröxy", "must have the host"),
        ("http://u:hunter2@[::1", "must have the host"),
        ("http://u:hunter2@::1:80", "must have the host"),
        ("http://u:hunter2%ff@p", "UTF-8"),
        ("http://u%3A:hunter2@p", "colon"),
        (&long, "too long"),
    ] {
        let error = ProxySettings::explicit(url).expect_err(url);
        let text = format!("{error} {error:?}");
        assert!(error.to_string().starts_with("invalid input: `Proxy` "), "{error}");
        assert!(
            text.contains(rule) && text.contains(&format!("{} characters", url.chars().count())),
            "{error}"
        );
        assert!(!text.contains("hunter2"), "{error}");

        // In the environment it matters to those URLs only that it would be used for.
        let settings = from(&[("HTTPS_PROXY", url), ("NO_PROXY", "direct.test")]);
        let error = settings.for_url(&Uri::from_static("https://x.test/")).unwrap_err();
        assert!(error.to_string().contains("`HTTPS_PROXY` ") && error.to_string().contains(rule), "{error}");
        assert!(!format!("{error} {error:?} {settings:?}").contains("hunter2"), "{error:?}");
        assert_eq!(error.kind(), crate::ErrorKind::InvalidInput);
        for direct in ["http://x.test/", "https://direct.test/", "https://localhost/"] {
            assert_eq!(chosen(&settings, direct), None);
        }
    }
}
