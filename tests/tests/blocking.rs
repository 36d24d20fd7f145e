//! The blocking client over real sockets, against the local STS that verifies signatures.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use sts_blocking::config::profile::ProfileSet;
use sts_blocking::config::{Config, Environment, Files};
use sts_blocking::endpoint::EndpointOptions;
use sts_blocking::http::header::{HeaderName, HeaderValue};
use sts_blocking::operation::*;
use sts_blocking::{
    Client, ClientBuilder, Credentials, Error, ErrorCode, ErrorKind, Presign, RetryPolicy, RetryReason,
    Timeouts, Transport, TransportKind, UreqTransport, Validation,
};
use sts_tests::server::{Answer, Server};

const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

/// An assertion with what a role needs, base64 encoded: the server reads it and does not verify its signature.
const SAML: &str = "PFJlc3BvbnNlPjxOYW1lSUQ+Ym9iPC9OYW1lSUQ+PC9SZXNwb25zZT4=";

fn server() -> Server {
    Server::start().expect("a port on loopback")
}

fn user(server: &Server) -> Credentials {
    Credentials::new(server.user().access_key_id(), server.user().secret_access_key())
        .expect("well-formed credentials")
}

fn builder(server: &Server) -> ClientBuilder {
    Client::builder().region("us-east-1").endpoint_url(server.url()).credentials(user(server))
}

fn client(server: &Server) -> Client {
    builder(server).build().expect("complete settings")
}

#[test]
fn every_operation_is_accepted() {
    let server = server();
    let client = client(&server);

    let role = client
        .send(
            AssumeRole::new(ROLE, "session")
                .duration_seconds(900)
                .policy(r#"{"Version":"2012-10-17","Statement":[]}"#)
                .tags([("Project", "α β/γ=δ"), ("Stage", "")])
                .transitive_tag_keys(["Project"])
                .external_id("a:b/c+d=e,f@g-h")
                .serial_number("arn:aws:iam::123456789012:mfa/alice")
                .token_code("123456")
                .source_identity("Alice"),
        )
        .unwrap();
    assert_eq!(role.assumed_role_user.arn, "arn:aws:sts::123456789012:assumed-role/Deploy/session");
    assert!(role.metadata.request_id.is_some() && role.metadata.date.is_some());
    assert_eq!((role.metadata.status, role.metadata.attempts), (200, 1));

    let as_role = client.with_credentials(role.credentials.clone());
    let identity = as_role.send(GetCallerIdentity::new()).unwrap();
    assert_eq!(
        (identity.arn.as_str(), identity.account.as_str()),
        (role.assumed_role_user.arn.as_str(), "123456789012")
    );

    let session = client.send(GetSessionToken::new().duration_seconds(900)).unwrap();
    client.with_credentials(session.into_output().credentials).send(GetCallerIdentity::new()).unwrap();
    let federated = client.send(GetFederationToken::new("Bob").tag("Team", "x")).unwrap();
    assert_eq!(federated.federated_user.federated_user_id, "123456789012:Bob");
    let account = client.send(GetAccessKeyInfo::new(server.user().access_key_id())).unwrap();
    assert_eq!(account.account, "123456789012");
    let message = server.encode_authorization_message(r#"{"allowed":false,"a":"<&>"}"#);
    let decoded = client.send(DecodeAuthorizationMessage::new(message)).unwrap();
    assert_eq!(decoded.decoded_message, r#"{"allowed":false,"a":"<&>"}"#);
    let root = AssumeRoot::new("123456789012", "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy");
    client.send(root.duration_seconds(900)).unwrap();
    let token = client.send(GetWebIdentityToken::new(["https://x.test"], SigningAlgorithm::Es384)).unwrap();
    assert_eq!(token.web_identity_token.expose().split('.').count(), 3);
    client.send(GetDelegatedAccessToken::new("trade-in-token")).unwrap();

    let tree = client.send(RawAction::new("GetCallerIdentity")).unwrap();
    let arn = tree.child("GetCallerIdentityResult").and_then(|result| result.child("Arn")).unwrap();
    assert_eq!(arn.expose_text(), server.user().arn());
}

#[test]
fn what_carries_its_own_proof_needs_no_credentials() {
    let server = server();
    let client = Client::builder().endpoint_url(server.url()).build().unwrap();
    let jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImlzcyI6Imh0dHBzOi8veC50ZXN0IiwiYXVkIjoieSJ9.c2ln";
    let role = client.send(AssumeRoleWithWebIdentity::new(ROLE, "session", jwt)).unwrap();
    assert_eq!(role.subject_from_web_identity_token.as_deref(), Some("alice"));
    let provider = "arn:aws:iam::123456789012:saml-provider/Idp";
    let role = client.send(AssumeRoleWithSaml::new(ROLE, provider, SAML)).unwrap();
    assert_eq!(role.subject.as_deref(), Some("bob"));
    for request in server.requests() {
        assert_eq!(request.header("authorization"), None);
        assert_eq!((request.method(), request.target()), ("POST", "/"));
    }
}

#[test]
fn refusals_are_typed() {
    let server = server();
    let refused = |client: &Client| client.send(GetCallerIdentity::new()).unwrap_err();
    let code = |error: &Error| error.code().cloned().expect("a refusal");

    let id = server.user().access_key_id();
    let error =
        refused(&builder(&server).credentials(Credentials::new(id, "wrong").unwrap()).build().unwrap());
    assert_eq!((code(&error), error.is_clock_skew()), (ErrorCode::SignatureDoesNotMatch, false));
    let text = error.to_string();
    assert!(
        text.starts_with("GetCallerIdentity was refused: SignatureDoesNotMatch: The request sig"),
        "{text}"
    );
    assert!(text.contains("(HTTP 403, request id "), "{text}");

    let unknown = Credentials::new("AKIAIOSFODNN7EXAMPLE", "s").unwrap();
    let error = refused(&builder(&server).credentials(unknown).build().unwrap());
    assert_eq!(code(&error), ErrorCode::InvalidClientTokenId);

    let error = client(&server).send(GetCallerIdentity::new().unsigned()).unwrap_err();
    assert_eq!(code(&error), ErrorCode::MissingAuthenticationToken);

    let role = client(&server).send(AssumeRole::new(ROLE, "session")).unwrap().into_output().credentials;
    let other = role.clone().with_session_token("tampered").unwrap();
    let error = refused(&client(&server).with_credentials(other));
    assert_eq!(code(&error), ErrorCode::InvalidClientTokenId);

    let stubborn = builder(&server).clock_skew(Duration::ZERO.try_into().unwrap()).build().unwrap();
    for (offset, sentence) in
        [(3600, "s behind the server's: set it"), (-3600, "s ahead of the server's: set it")]
    {
        server.set_clock_offset(offset);
        let error = refused(&stubborn);
        assert!(error.is_clock_skew() && !error.is_retryable(), "{error}");
        assert!(error.to_string().contains(sentence), "{error}");
    }
    server.set_clock_offset(3 * 3600);
    let error = refused(&client(&server).with_credentials(role));
    assert!(error.is_expired_token(), "{error}");
}

#[test]
fn a_clock_that_is_off_is_corrected() {
    let server = server();
    for offset in [0, 3600, -86_400] {
        server.set_clock_offset(offset);
        let client = client(&server);
        let reply = client.send(GetCallerIdentity::new()).unwrap();
        let expected = if offset == 0 { vec![] } else { vec![RetryReason::ClockSkew] };
        let reasons: Vec<_> = reply.metadata.retries.iter().map(|retry| retry.reason).collect();
        assert_eq!((reasons, reply.metadata.attempts as usize), (expected.clone(), 1 + expected.len()));
        assert!((client.skew().whole_seconds() - offset).abs() <= 1, "{}", client.skew());
        // The next call, and a presigned URL, use what was learned.
        assert_eq!(client.send(GetCallerIdentity::new()).unwrap().metadata.attempts, 1);
        let url = client.presign(&GetCallerIdentity::new(), &Presign::default()).unwrap();
        let transport = UreqTransport::new(Timeouts::default());
        let response = transport.send(url.expose_request().unwrap(), Duration::from_secs(5)).unwrap();
        GetCallerIdentity::new().decode(&response).unwrap();
    }
}

#[test]
fn what_may_pass_is_tried_again() {
    let server = server();
    let client = client(&server);
    let throttle = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error>\
                    </ErrorResponse>";
    server.answer_next(Answer::reply(400, &[("x-amz-retry-after", "20")], throttle));
    server.answer_next(Answer::Close);
    let reply = client.send(GetCallerIdentity::new()).unwrap();
    let reasons: Vec<_> = reply.metadata.retries.iter().map(|retry| retry.reason).collect();
    assert_eq!(reasons, [RetryReason::Throttled, RetryReason::Transport]);
    assert!(reply.metadata.waited() >= Duration::from_millis(20));

    let requests = server.requests();
    let header = |name| requests.iter().map(|request| request.header(name)).collect::<Vec<_>>();
    let expected = ["attempt=1; max=3", "attempt=2; max=3", "attempt=3; max=3"];
    assert_eq!(header("amz-sdk-request"), expected.map(Some));
    let ids = header("amz-sdk-invocation-id");
    assert!(ids[0].is_some_and(|id| id.len() == 36) && ids.iter().all(|id| *id == ids[0]), "{ids:?}");

    for _ in 0..3 {
        server.answer_next(Answer::reply(503, &[], ""));
    }
    let error = client.send(GetCallerIdentity::new()).unwrap_err();
    assert_eq!((error.attempts(), error.retries().len()), (3, 2));
    assert!(error.to_string().contains("(HTTP 503), after 3 attempts"), "{error}");
}

#[test]
fn presigned_urls_are_accepted_and_bound_to_their_headers() {
    let server = server();
    let client = client(&server);
    let header = (HeaderName::from_static("x-k8s-aws-id"), HeaderValue::from_static("cluster"));
    let role = client.send(AssumeRole::new(ROLE, "session")).unwrap().into_output().credentials;
    for client in [client.clone(), client.with_credentials(role)] {
        let url = client
            .presign(
                &GetCallerIdentity::new(),
                &Presign::default().header(header.0.clone(), header.1.clone()),
            )
            .unwrap();
        let transport = UreqTransport::new(Timeouts::default());
        let send = |request| transport.send(request, Duration::from_secs(5)).unwrap();
        let response = send(url.expose_request().unwrap());
        GetCallerIdentity::new().decode(&response).unwrap();

        let mut request = url.expose_request().unwrap();
        request.headers_mut().insert(header.0.clone(), HeaderValue::from_static("another"));
        let error = GetCallerIdentity::new().decode(&send(request)).unwrap_err();
        assert_eq!(error.code(), Some(&ErrorCode::SignatureDoesNotMatch));
    }
}

#[test]
fn invalid_input_sends_nothing() {
    let server = server();
    let client = client(&server);
    let error = client.send(AssumeRole::new("x", "?").token_code("1")).unwrap_err();
    assert_eq!((error.kind(), error.violations().len()), (ErrorKind::InvalidInput, 5));
    assert_eq!(server.connections(), 0);

    // A rule that is switched off leaves the decision to the server.
    let lenient = builder(&server).validation(Validation::REQUIRED_ONLY).build().unwrap();
    let error = lenient.send(AssumeRole::new("x", "?")).unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::ValidationError));
}

#[test]
fn one_connection_serves_many_calls_until_it_is_closed() {
    let server = server();
    let client = builder(&server).retry(RetryPolicy::never()).build().unwrap();
    for _ in 0..10 {
        client.send(GetCallerIdentity::new()).unwrap();
    }
    // Refusals and chunked replies do not cost the connection either.
    client.send(GetAccessKeyInfo::new("AKIAIOSFODNN7EXAMPLE").unsigned()).unwrap_err();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    server.answer_next(Answer::Reply { status: 400, headers: Vec::new(), body: b"<Error/>".to_vec() });
    client.send(GetCallerIdentity::new()).unwrap_err();
    client.send(GetCallerIdentity::new()).unwrap();
    assert_eq!(server.connections(), 1);
    client.close_idle();
    client.send(GetCallerIdentity::new()).unwrap();
    assert_eq!(server.connections(), 2);
    server.answer_next(Answer::raw(chunked));
    let error = client.send(GetCallerIdentity::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Response, "{error}");
}

#[test]
fn what_no_sts_would_send_is_typed() {
    let server = server();
    let client = builder(&server).retry(RetryPolicy::never()).build().unwrap();
    let html = "<!DOCTYPE html><html><body>502</body></html>";
    let cases: [(Answer, ErrorKind, bool); 7] = [
        (Answer::reply(502, &[], html), ErrorKind::Response, true),
        (Answer::reply(200, &[], html), ErrorKind::Response, false),
        (Answer::reply(200, &[], ""), ErrorKind::Response, false),
        (Answer::reply(307, &[("Location", "http://127.0.0.1:1/")], ""), ErrorKind::Response, false),
        (Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<Get"), ErrorKind::Transport, true),
        (Answer::raw("SSH-2.0-OpenSSH\r\n"), ErrorKind::Transport, true),
        (Answer::Close, ErrorKind::Transport, true),
    ];
    for (i, (answer, kind, is_retryable)) in cases.into_iter().enumerate() {
        server.answer_next(answer);
        let error = client.send(GetCallerIdentity::new()).unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (kind, is_retryable), "case {i}: {error}");
        client.send(GetCallerIdentity::new()).expect("the next call is not affected");
    }
}

#[test]
fn a_reply_over_the_limit_is_not_read() {
    let server = server();
    let client = builder(&server).retry(RetryPolicy::never()).build().unwrap();
    let large = "x".repeat(10 << 20);
    let endless = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{large}");
    for answer in [Answer::reply(200, &[], &large), Answer::raw(endless)] {
        server.answer_next(answer);
        let error = client.send(GetCallerIdentity::new()).unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportKind::TooLarge), "{error}");
    }
    client.send(GetCallerIdentity::new()).unwrap();
}

#[test]
fn deadlines_hold() {
    // A listener that accepts and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "s").unwrap();
    let client = Client::builder().region("us-east-1").endpoint_url(url).credentials(credentials);
    let client = client.timeouts(Timeouts::default().attempt(Duration::from_millis(200))).build().unwrap();
    let start = Instant::now();
    let error = client.send(GetCallerIdentity::new()).unwrap_err();
    assert!(error.is_timeout() && error.is_retryable(), "{error}");
    let error = client.call(GetCallerIdentity::new()).timeout(Duration::from_millis(50)).send().unwrap_err();
    assert!(error.is_timeout(), "{error}");
    // Not a measurement: a call that hangs would never come here.
    assert!(start.elapsed() < Duration::from_secs(10));
    let error = client.call(GetCallerIdentity::new()).timeout(Duration::ZERO).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn nobody_there() {
    let client = |url: &str| {
        let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "s").unwrap();
        Client::builder().region("us-east-1").endpoint_url(url).credentials(credentials).build().unwrap()
    };
    // Port 1 of loopback: nobody listens there.
    let error = client("http://127.0.0.1:1").send(GetCallerIdentity::new()).unwrap_err();
    assert_eq!(error.transport_kind(), Some(TransportKind::Connect), "{error:?}");
    let error = client("http://name.invalid").send(GetCallerIdentity::new()).unwrap_err();
    assert!(matches!(error.transport_kind(), Some(TransportKind::Dns | TransportKind::Connect)), "{error:?}");
}

#[test]
fn settings_reach_the_wire() {
    let server = server();
    let options = EndpointOptions::new().region("eu-west-3").url(format!("{}/a%20b/sts", server.url()));
    let client = Client::builder()
        .endpoint(options)
        .credentials(user(&server))
        .user_agent_suffix("my-app/2.0")
        .app_id("billing")
        .build()
        .unwrap();
    client.send(GetCallerIdentity::new()).unwrap();
    let requests = server.requests();
    let request = requests.last().unwrap();
    assert_eq!(request.target(), "/a%20b/sts");
    assert!(request.header("authorization").unwrap().contains("/eu-west-3/sts/aws4_request"));
    let agent = request.header("user-agent").unwrap();
    assert!(agent.starts_with("sts-proto/") && agent.contains(" lib/sts-blocking#"), "{agent}");
    assert!(agent.contains(" m/E,N,e cfg/retry-mode#standard app/billing my-app/2.0"), "{agent}");
    assert_eq!(request.header("accept"), None);

    let other = client.call(GetCallerIdentity::new()).credentials(Credentials::new("AKIAX", "x").unwrap());
    assert_eq!(other.send().unwrap_err().code(), Some(&ErrorCode::InvalidClientTokenId));
}

#[test]
fn a_client_that_cannot_work_is_not_built() {
    let error = Client::builder().build().unwrap_err();
    assert!(error.to_string().contains("`Region` is required"), "{error}");
    let timeouts = Timeouts::default().connect(Duration::ZERO);
    let error = Client::builder().region("us-east-1").timeouts(timeouts).build().unwrap_err();
    assert!(error.to_string().contains("`Timeouts.connect`"), "{error}");
}

#[test]
fn an_environment_and_a_profile_are_all_that_a_client_needs() {
    let server = server();
    let (user, url) = (server.user(), server.url());
    let variables = [
        ("AWS_ACCESS_KEY_ID", user.access_key_id()),
        ("AWS_SECRET_ACCESS_KEY", user.secret_access_key()),
        ("AWS_PROFILE", "local"),
    ];
    let text = format!(
        "[profile local]\nregion = us-east-1\nservices = s\n[services s]\nsts =\n endpoint_url = {url}"
    );
    let profiles = ProfileSet::parse(&Files::default(), Some(text.as_bytes()), None).unwrap();
    let config = Arc::new(Config::new(variables.into_iter().collect(), profiles, None).unwrap());
    let builder = || Client::builder().config(Arc::clone(&config));
    builder().credentials_from_env().build().unwrap().send(GetCallerIdentity::new()).unwrap();
    // Credentials are not taken unasked.
    assert!(builder().build().unwrap().send(GetCallerIdentity::new()).is_err());

    let environment: Environment = [("AWS_PROFILE", "missing")].into_iter().collect();
    assert!(
        Config::of_environment(environment).unwrap_err().to_string().contains("`missing` is in neither file")
    );
}
