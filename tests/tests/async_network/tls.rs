//! TLS.

use super::*;

on_both! {
    a_private_authority_is_trusted_by_its_bundle
    bad_certificates_are_refused
    what_does_not_speak_tls_is_named
    a_handshake_that_never_ends_meets_the_deadline
    connections_are_kept_and_sessions_resumed
}

fn a_private_authority_is_trusted_by_its_bundle<R: Runtime>() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.identity(&for_hosts(&["localhost", "127.0.0.1"])));
    call(builder::<R>(&server.url()).ca_bundle_pem(authority.pem())).unwrap();
    let by_address = format!("https://127.0.0.1:{}", server.address.port());
    call(builder::<R>(&by_address).ca_bundle_pem(authority.pem())).unwrap();

    let name = std::any::type_name::<R>().rsplit(':').next().unwrap();
    let path = std::env::temp_dir().join(format!("sts-async-{name}-{}.pem", std::process::id()));
    std::fs::write(&path, format!("# Ours\n{}# Another\n{}", Authority::new().pem(), authority.pem()))
        .unwrap();
    call(builder::<R>(&server.url()).ca_bundle(&path)).unwrap();
    let named = path.to_str().unwrap().to_owned();
    let from_environment = |url: &str| {
        let named = named.clone();
        builder::<R>(url).variables(move |name| (name == "AWS_CA_BUNDLE").then(|| named.clone()))
    };
    call(from_environment(&server.url())).unwrap();
    std::fs::remove_file(&path).unwrap();
    let error = call(from_environment(&server.url())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().starts_with("invalid input: `AWS_CA_BUNDLE` cannot be used: "), "{error}");
    // Without TLS it does not matter.
    from_environment("http://localhost:1").build().unwrap();
    let error = builder::<R>(&server.url()).ca_bundle_pem("hello").build().unwrap_err();
    assert!(error.to_string().contains("it holds no certificate in PEM form"), "{error}");
}

fn bad_certificates_are_refused<R: Runtime>() {
    let good = || for_hosts(&["localhost"]);
    let params = |change: fn(&mut CertificateParams)| {
        let mut params = good();
        change(&mut params);
        params
    };
    let expired = params(|params| {
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 2, 3));
    });
    let early = params(|params| {
        (params.not_before, params.not_after) = (date_time_ymd(2998, 1, 1), date_time_ymd(2999, 1, 1));
    });
    let of_client = params(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    let of_authority = params(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let authority = Authority::new();
    for (identity, words) in [
        (authority.identity(&expired), " expired on 2021-02-03 "),
        (authority.identity(&early), " is not yet valid, but from 2998-01-01 "),
        (authority.identity(&of_client), "is not one of a server"),
        (authority.identity(&for_hosts(&[HOST])), "is for another host: sts.example.test"),
        (Authority::new().identity(&good()), "is self-signed or from an authority that is not trusted here"),
        (Identity::self_signed(&good()), "is self-signed or"),
        (Identity::self_signed(&of_authority), "is self-signed, being one of an authority"),
    ] {
        let server = TlsServer::start(identity);
        let text = refused(builder::<R>(&server.url()).ca_bundle_pem(authority.pem()), TransportKind::Tls);
        let start = format!("the certificate of localhost:{} ", server.address.port());
        assert!(text.contains(&start) && text.contains(words), "{words}: {text}");
    }
    // The built-in roots know no private authority, and a certificate can be trusted by itself.
    let identity = Identity::self_signed(&good());
    let pem = identity.pem.clone();
    let server = TlsServer::start(identity);
    refused(builder::<R>(&server.url()), TransportKind::Tls);
    call(builder::<R>(&server.url()).ca_bundle_pem(pem)).unwrap();
}

fn what_does_not_speak_tls_is_named<R: Runtime>() {
    let server = Server::start().unwrap();
    let text = refused(builder::<R>(&server.url().replace("http://", "https://")), TransportKind::Tls);
    assert!(text.contains("does not speak TLS"), "{text}");
}

fn a_handshake_that_never_ends_meets_the_deadline<R: Runtime>() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let timeouts = Timeouts::default().connect(Duration::from_millis(200));
    refused(builder::<R>(&url).timeouts(timeouts), TransportKind::Timeout);
}

fn connections_are_kept_and_sessions_resumed<R: Runtime>() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.identity(&for_hosts(&["localhost"])));
    let client = builder::<R>(&server.url()).ca_bundle_pem(authority.pem()).build().unwrap();
    R::block_on(async {
        for _ in 0..5 {
            client.send(GetCallerIdentity::new()).await.unwrap();
        }
        assert_eq!((server.connections(), server.resumed()), (1, 0));
        server.close_after_reply(true);
        for _ in 0..3 {
            client.send(GetCallerIdentity::new()).await.unwrap();
        }
        assert_eq!((server.connections(), server.resumed()), (3, 2));
    });
}
