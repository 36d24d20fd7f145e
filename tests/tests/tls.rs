//! Whom the client trusts, and what it says when it does not.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::TcpListener;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};
use sts_blocking::operation::GetCallerIdentity;
use sts_blocking::{
    Client, ClientBuilder, Credentials, Error, ErrorKind, RetryPolicy, Timeouts, TransportKind,
};

use support::{Authority, Identity, TlsServer, for_hosts};

#[path = "support/tls.rs"]
mod support;

/// A builder that nothing outside the test decides on.
fn builder(url: &str) -> ClientBuilder {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").unwrap();
    Client::builder()
        .region("us-east-1")
        .endpoint_url(url)
        .credentials(credentials)
        .retry(RetryPolicy::never())
        .variables(|_| None)
}

fn call(builder: ClientBuilder) -> Result<(), Error> {
    let reply = builder.build()?.send(GetCallerIdentity::new())?;
    assert_eq!(reply.account, "123456789012");
    Ok(())
}

/// The error of a client that trusts the authority, for a server with such a certificate.
fn refusal(params: &CertificateParams) -> Error {
    let authority = Authority::new();
    let server = TlsServer::start(authority.identity(params));
    let error = call(builder(&server.url()).ca_bundle_pem(authority.pem())).unwrap_err();
    assert_eq!(error.transport_kind(), Some(TransportKind::Tls), "{error:?}");
    assert!(!error.is_retryable());
    let start = format!(
        "GetCallerIdentity got no reply: TLS failed: the certificate of localhost:{} ",
        server.address.port()
    );
    assert!(error.to_string().starts_with(&start), "{error}");
    error
}

#[test]
fn a_private_authority_is_trusted_by_its_bundle() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.identity(&for_hosts(&["localhost", "127.0.0.1"])));
    call(builder(&server.url()).ca_bundle_pem(authority.pem())).unwrap();
    call(builder(&format!("https://127.0.0.1:{}", server.address.port())).ca_bundle_pem(authority.pem()))
        .unwrap();

    // Among others, and with text around, as such files have.
    let bundle = format!("# Ours\n{}# Another\n{}", Authority::new().pem(), authority.pem());
    let path = std::env::temp_dir().join(format!("sts-tests-{}.pem", std::process::id()));
    std::fs::write(&path, bundle).unwrap();
    call(builder(&server.url()).ca_bundle(&path)).unwrap();
    let name = path.to_str().unwrap().to_owned();
    let from_environment = |url: &str, path: String| {
        builder(url).variables(move |name| (name == "AWS_CA_BUNDLE").then(|| path.clone()))
    };
    call(from_environment(&server.url(), name.clone())).unwrap();
    // What is set in the program comes first.
    let error = call(from_environment(&server.url(), name).ca_bundle_pem(Authority::new().pem()));
    assert_eq!(error.unwrap_err().transport_kind(), Some(TransportKind::Tls));
    std::fs::remove_file(&path).unwrap();

    let missing = path.to_str().unwrap().to_owned();
    let error = call(from_environment(&server.url(), missing.clone())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let start = format!("invalid input: `AWS_CA_BUNDLE` cannot be used: the file {missing} cannot be read: ");
    assert!(error.to_string().starts_with(&start), "{error}");
    // Without TLS it does not matter.
    from_environment("http://localhost:1", missing).build().unwrap();
    assert_eq!(server.connections(), 5);
}

#[test]
fn a_bundle_replaces_the_built_in_roots_and_the_built_in_roots_know_no_private_authority() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.identity(&for_hosts(&["localhost"])));
    for builder in [builder(&server.url()), builder(&server.url()).ca_bundle_pem(Authority::new().pem())] {
        let error = call(builder).unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportKind::Tls), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("self-signed or from an authority that is not trusted here"), "{text}");
        assert!(text.contains("`AWS_CA_BUNDLE`"), "{text}");
    }
}

#[test]
fn self_signed_certificates_are_refused_and_can_be_trusted_one_by_one() {
    let identity = Identity::self_signed(&for_hosts(&["localhost"]));
    let pem = identity.pem.clone();
    let server = TlsServer::start(identity);
    let error = call(builder(&server.url()).ca_bundle_pem(Authority::new().pem())).unwrap_err();
    assert!(error.to_string().contains("is self-signed or"), "{error}");
    call(builder(&server.url()).ca_bundle_pem(pem)).unwrap();

    // One that bears the same name is still another one.
    let error = call(builder(&server.url()).ca_bundle_pem(Identity::self_signed(&for_hosts(&[])).pem));
    assert!(
        error.as_ref().is_err_and(|error| error.to_string().contains("not signed by the authority")),
        "{error:?}"
    );

    // What `openssl req -x509` makes: an authority of itself.
    let mut params = for_hosts(&["localhost"]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let server = TlsServer::start(Identity::self_signed(&params));
    let error = call(builder(&server.url()).ca_bundle_pem(Authority::new().pem())).unwrap_err();
    assert_eq!(error.transport_kind(), Some(TransportKind::Tls), "{error:?}");
    assert!(error.to_string().contains("is self-signed, being one of an authority"), "{error}");
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let error = refusal(&for_hosts(&["sts.example.test", "10.0.0.1"])).to_string();
    assert!(error.contains("is for another host: sts.example.test, "), "{error}");
    assert!(error.contains("10.0.0.1"), "{error}");
}

#[test]
fn an_expired_certificate_is_refused() {
    let mut params = for_hosts(&["localhost"]);
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 2, 3));
    let error = refusal(&params).to_string();
    assert!(error.contains(" expired on 2021-02-03 "), "{error}");
    assert!(error.contains(" this machine's clock says ") && error.contains("set the clock"), "{error}");
}

#[test]
fn a_certificate_that_is_not_yet_valid_is_refused() {
    let mut params = for_hosts(&["localhost"]);
    (params.not_before, params.not_after) = (date_time_ymd(2998, 1, 1), date_time_ymd(2999, 1, 1));
    let error = refusal(&params).to_string();
    assert!(error.contains(" is not yet valid, but from 2998-01-01 "), "{error}");
    assert!(error.contains(" this machine's clock says ") && error.contains("set the clock"), "{error}");
}

#[test]
fn a_certificate_for_another_purpose_is_refused() {
    let mut params = for_hosts(&["localhost"]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let error = refusal(&params).to_string();
    assert!(error.contains("is not one of a server"), "{error}");
}

#[test]
fn what_does_not_speak_tls_is_named() {
    let server = sts_tests::server::Server::start().unwrap();
    let error = call(builder(&server.url().replace("http://", "https://"))).unwrap_err();
    assert_eq!(error.transport_kind(), Some(TransportKind::Tls), "{error:?}");
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
}

#[test]
fn a_handshake_that_never_ends_meets_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let timeouts = Timeouts::default().connect(Duration::from_millis(200));
    let error = call(builder(&url).timeouts(timeouts)).unwrap_err();
    assert!(error.is_timeout() && error.is_retryable(), "{error:?}");
}

#[test]
fn one_connection_serves_many_calls_and_the_next_one_resumes_the_session() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.identity(&for_hosts(&["localhost"])));
    let client = builder(&server.url()).ca_bundle_pem(authority.pem()).build().unwrap();
    for _ in 0..5 {
        client.send(GetCallerIdentity::new()).unwrap();
    }
    // A deadline of its own does not cost the connection.
    client.call(GetCallerIdentity::new()).timeout(Duration::from_secs(7)).send().unwrap();
    assert_eq!((server.connections(), server.resumed()), (1, 0));

    server.close_after_reply(true);
    for _ in 0..3 {
        client.send(GetCallerIdentity::new()).unwrap();
    }
    assert_eq!((server.connections(), server.resumed()), (3, 2));

    client.close_idle();
    client.send(GetCallerIdentity::new()).unwrap();
    assert_eq!((server.connections(), server.resumed()), (4, 2));
}

/// Whatever is left of it in the buffers of TLS would be taken for the beginning of the next reply.
#[test]
fn what_follows_a_reply_costs_the_connection() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.identity(&for_hosts(&["localhost"])));
    let client = builder(&server.url()).ca_bundle_pem(authority.pem()).build().unwrap();
    // Less and more than rustls takes at a time.
    for (number, length) in [1, 100, 5000, 8 << 10, 30 << 10].into_iter().enumerate() {
        server.say_more(length);
        // The bytes may come with the reply or after it.
        if let Err(error) = client.send(GetCallerIdentity::new()) {
            assert_eq!(error.transport_kind(), Some(TransportKind::Protocol), "{length}: {error}");
        }
        assert_eq!(server.connections(), number + 1, "{length}");
    }
}

#[test]
fn the_process_environment_is_read() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.identity(&for_hosts(&["localhost"])));
    assert!(call_in_a_child(&server, &authority, "AWS_CA_BUNDLE"));
    assert!(!call_in_a_child(&server, &authority, "STS_NOTHING"));
}

/// Runs [`child`] in a process of its own, with that variable naming a file with the authority's certificate.
fn call_in_a_child(server: &TlsServer, authority: &Authority, variable: &str) -> bool {
    let path = std::env::temp_dir().join(format!("sts-tests-{variable}-{}.pem", std::process::id()));
    std::fs::write(&path, authority.pem()).unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "child"])
        .env_remove("AWS_CA_BUNDLE")
        .env("STS_CHILD", format!("{variable} {}", server.url()))
        .env(variable, &path)
        .output()
        .unwrap();
    std::fs::remove_file(&path).unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() || text.contains("is self-signed or"), "{text}");
    output.status.success()
}

#[test]
#[ignore = "runs in a child process with an environment of its own"]
fn child() {
    let arguments = std::env::var("STS_CHILD").unwrap();
    let (variable, url) = arguments.split_once(' ').unwrap();
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").unwrap();
    let builder = Client::builder().region("us-east-1").endpoint_url(url).credentials(credentials);
    let builder = match variable {
        #[cfg(feature = "platform")]
        "SSL_CERT_FILE" => builder.platform_roots(),
        _ => builder,
    };
    call(builder).unwrap();
}

/// The other TLS libraries and the platform's roots: `--features platform`.
#[cfg(feature = "platform")]
mod platform {
    use sts_blocking::{CaBundle, Roots, Tls, UreqOptions, UreqTransport};

    use super::*;

    fn native(url: &str, roots: Roots) -> Result<(), Error> {
        let options = UreqOptions::new().tls(Tls::NativeTls).roots(roots);
        call(builder(url).transport(UreqTransport::with_options(options)?))
    }

    fn bundle(authority: &Authority) -> Roots {
        Roots::Bundle(CaBundle::from_pem(authority.pem().as_bytes()).unwrap())
    }

    #[test]
    fn the_platforms_library_takes_a_bundle_and_says_why_it_refuses() {
        let authority = Authority::new();
        let server = TlsServer::start(authority.identity(&for_hosts(&["localhost"])));
        native(&server.url(), bundle(&authority)).unwrap();

        let (mut expired, mut early) = (for_hosts(&["localhost"]), for_hosts(&["localhost"]));
        (expired.not_before, expired.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 2, 3));
        (early.not_before, early.not_after) = (date_time_ymd(2998, 1, 1), date_time_ymd(2999, 1, 1));
        let another = for_hosts(&["sts.example.test"]);
        let good = for_hosts(&["localhost"]);
        for (params, roots, words) in [
            (&expired, bundle(&authority), "has expired"),
            (&early, bundle(&authority), "is not yet valid"),
            (&another, bundle(&authority), "is for another host"),
            (
                &good,
                bundle(&Authority::new()),
                "is self-signed or from an authority that is not trusted here",
            ),
            (&good, Roots::BuiltIn, "is self-signed or from an authority that is not trusted here"),
        ] {
            let server = TlsServer::start(authority.identity(params));
            let error = native(&server.url(), roots).unwrap_err();
            assert_eq!(error.transport_kind(), Some(TransportKind::Tls), "{words}: {error:?}");
            // Other platforms' libraries have words of their own.
            assert!(!cfg!(target_os = "linux") || error.to_string().contains(words), "{words}: {error:?}");
        }
    }

    #[test]
    fn the_platforms_roots_serve_rustls() {
        let authority = Authority::new();
        let server = TlsServer::start(authority.identity(&for_hosts(&["localhost"])));
        // Elsewhere than on Unix the roots are not in a file.
        if cfg!(all(unix, not(target_vendor = "apple"))) {
            assert!(call_in_a_child(&server, &authority, "SSL_CERT_FILE"));
        }
        let error = call(builder(&server.url()).platform_roots()).unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportKind::Tls), "{error:?}");
    }
}
