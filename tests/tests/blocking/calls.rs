//! Operations, refusals, retries and presigned URLs.

use super::*;

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
    let strict = builder(&server).validation(Validation::strict()).build().unwrap();
    for (client, count) in [(client(&server), 4), (strict, 5)] {
        let error = client.send(AssumeRole::new("x", "?").token_code("1")).unwrap_err();
        assert_eq!((error.kind(), error.violations().len()), (ErrorKind::InvalidInput, count));
    }
    assert_eq!(server.connections(), 0);

    // A rule that is switched off leaves the decision to the server.
    let lenient = builder(&server).validation(Validation::REQUIRED_ONLY).build().unwrap();
    let error = lenient.send(AssumeRole::new("x", "?")).unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::ValidationError));
}
