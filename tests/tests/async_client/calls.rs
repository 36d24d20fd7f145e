//! Operations, refusals, retries and settings.

use std::sync::Arc;

use sts_async::config::Config;

use super::*;

on_both! {
    every_operation_is_accepted
    what_carries_its_own_proof_needs_no_credentials
    refusals_are_typed
    a_clock_that_is_off_is_corrected
    what_may_pass_is_tried_again
    invalid_input_sends_nothing
    settings_reach_the_wire
    a_configuration_reaches_the_wire
}

fn every_operation_is_accepted<R: Runtime>() {
    let server = server();
    let client = client::<R>(&server);
    R::block_on(async {
        let role = AssumeRole::new(ROLE, "session")
            .duration_seconds(900)
            .policy(r#"{"Version":"2012-10-17","Statement":[]}"#)
            .tags([("Project", "α β/γ=δ"), ("Stage", "")])
            .transitive_tag_keys(["Project"])
            .external_id("a:b/c+d=e,f@g-h")
            .serial_number("arn:aws:iam::123456789012:mfa/alice")
            .token_code("123456")
            .source_identity("Alice");
        let role = client.send(role).await.unwrap();
        assert_eq!(role.assumed_role_user.arn, "arn:aws:sts::123456789012:assumed-role/Deploy/session");
        assert_eq!((role.metadata.status, role.metadata.attempts), (200, 1));
        let as_role = client.with_credentials(role.credentials.clone());
        assert_eq!(as_role.send(GetCallerIdentity::new()).await.unwrap().arn, role.assumed_role_user.arn);

        let session = client.send(GetSessionToken::new().duration_seconds(900)).await.unwrap();
        let in_session = client.with_credentials(session.into_output().credentials);
        in_session.send(GetCallerIdentity::new()).await.unwrap();
        let scoped = in_session.send(GetScopedCredentials::new().duration_seconds(60)).await.unwrap();
        assert_eq!(scoped.session_info.arn, server.user().arn());
        let federated = client.send(GetFederationToken::new("Bob").tag("Team", "x")).await.unwrap();
        assert_eq!(federated.federated_user.federated_user_id, "123456789012:Bob");
        let account = client.send(GetAccessKeyInfo::new(server.user().access_key_id())).await.unwrap();
        assert_eq!(account.account, "123456789012");
        let message = server.encode_authorization_message(r#"{"allowed":false,"a":"<&>"}"#);
        let decoded = client.send(DecodeAuthorizationMessage::new(message)).await.unwrap();
        assert_eq!(decoded.decoded_message, r#"{"allowed":false,"a":"<&>"}"#);
        let root = AssumeRoot::new("123456789012", "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy");
        client.send(root.duration_seconds(900)).await.unwrap();
        let token = GetWebIdentityToken::new(["https://x.test"], SigningAlgorithm::Es384);
        let token = client.send(token).await.unwrap();
        assert_eq!(token.web_identity_token.expose().split('.').count(), 3);
        client.send(GetDelegatedAccessToken::new("trade-in-token")).await.unwrap();

        let tree = client.send(RawAction::new("GetCallerIdentity")).await.unwrap();
        let arn = tree.child("GetCallerIdentityResult").and_then(|result| result.child("Arn")).unwrap();
        assert_eq!(arn.expose_text(), server.user().arn());
    });
}

fn what_carries_its_own_proof_needs_no_credentials<R: Runtime>() {
    let server = server();
    let client = Client::<HttpTransport<R>>::builder().endpoint_url(server.url()).build().unwrap();
    let jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImlzcyI6Imh0dHBzOi8veC50ZXN0IiwiYXVkIjoieSJ9.c2ln";
    let provider = "arn:aws:iam::123456789012:saml-provider/Idp";
    R::block_on(async {
        let role = client.send(AssumeRoleWithWebIdentity::new(ROLE, "session", jwt)).await.unwrap();
        assert_eq!(role.subject_from_web_identity_token.as_deref(), Some("alice"));
        let role = client.send(AssumeRoleWithSaml::new(ROLE, provider, SAML)).await.unwrap();
        assert_eq!(role.subject.as_deref(), Some("bob"));
    });
    for request in server.requests() {
        assert_eq!(request.header("authorization"), None);
        assert_eq!((request.method(), request.target()), ("POST", "/"));
    }
}

fn refusals_are_typed<R: Runtime>() {
    let server = server();
    let client = client::<R>(&server);
    let code = |error: &Error| error.code().cloned().expect("a refusal");
    R::block_on(async {
        let wrong = Credentials::new(server.user().access_key_id(), "wrong").unwrap();
        let error = client.with_credentials(wrong).send(GetCallerIdentity::new()).await.unwrap_err();
        assert_eq!((code(&error), error.is_clock_skew()), (ErrorCode::SignatureDoesNotMatch, false));
        let text = error.to_string();
        assert!(
            text.starts_with("GetCallerIdentity was refused: SignatureDoesNotMatch: The request sig"),
            "{text}"
        );
        assert!(text.contains("(HTTP 403, request id "), "{text}");

        let error = client.with_credentials(anybody()).send(GetCallerIdentity::new()).await.unwrap_err();
        assert_eq!(code(&error), ErrorCode::InvalidClientTokenId);
        let error = client.send(GetCallerIdentity::new().unsigned()).await.unwrap_err();
        assert_eq!(code(&error), ErrorCode::MissingAuthenticationToken);

        let zero = Duration::ZERO.try_into().unwrap();
        let stubborn = builder::<R>(&server).clock_skew(zero).build().unwrap();
        server.set_clock_offset(3600);
        let error = stubborn.send(GetCallerIdentity::new()).await.unwrap_err();
        assert!(error.is_clock_skew() && !error.is_retryable(), "{error}");
    });
}

fn a_clock_that_is_off_is_corrected<R: Runtime>() {
    let server = server();
    R::block_on(async {
        for offset in [0, 3600, -86_400] {
            server.set_clock_offset(offset);
            let client = client::<R>(&server);
            let reply = client.send(GetCallerIdentity::new()).await.unwrap();
            let expected = if offset == 0 { vec![] } else { vec![RetryReason::ClockSkew] };
            let reasons: Vec<_> = reply.metadata.retries.iter().map(|retry| retry.reason).collect();
            assert_eq!(reasons, expected);
            assert!((client.skew().whole_seconds() - offset).abs() <= 1, "{}", client.skew());
            assert_eq!(client.send(GetCallerIdentity::new()).await.unwrap().metadata.attempts, 1);
            let url = client.presign(&GetCallerIdentity::new(), &Presign::default()).await.unwrap();
            let transport = HttpTransport::new(R::default());
            let response =
                transport.send(url.expose_request().unwrap(), Duration::from_secs(5)).await.unwrap();
            GetCallerIdentity::new().decode(&response).unwrap();
        }
    });
}

fn what_may_pass_is_tried_again<R: Runtime>() {
    let server = server();
    let client = client::<R>(&server);
    let throttle = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error>\
                    </ErrorResponse>";
    server.answer_next(Answer::reply(400, &[("x-amz-retry-after", "20"), ("connection", "close")], throttle));
    server.answer_next(Answer::Close);
    R::block_on(async {
        let reply = client.send(GetCallerIdentity::new()).await.unwrap();
        let reasons: Vec<_> = reply.metadata.retries.iter().map(|retry| retry.reason).collect();
        assert_eq!(reasons, [RetryReason::Throttled, RetryReason::Transport]);
        assert!(reply.metadata.waited() >= Duration::from_millis(20));
        let requests = server.requests();
        let header = |name| requests.iter().map(|request| request.header(name)).collect::<Vec<_>>();
        let expected = ["attempt=1; max=3", "attempt=2; max=3", "attempt=3; max=3"];
        assert_eq!(header("amz-sdk-request"), expected.map(Some));

        for _ in 0..3 {
            server.answer_next(Answer::reply(503, &[], ""));
        }
        let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
        assert_eq!((error.attempts(), error.retries().len()), (3, 2));
        assert!(error.to_string().contains("(HTTP 503), after 3 attempts"), "{error}");
    });
}

fn invalid_input_sends_nothing<R: Runtime>() {
    let server = server();
    let client = client::<R>(&server);
    let strict = builder::<R>(&server).validation(sts_async::Validation::strict()).build().unwrap();
    R::block_on(async {
        for (client, count) in [(&client, 4), (&strict, 5)] {
            let error = client.send(AssumeRole::new("x", "?").token_code("1")).await.unwrap_err();
            assert_eq!((error.kind(), error.violations().len()), (ErrorKind::InvalidInput, count));
        }
        let error = client.call(GetCallerIdentity::new()).timeout(Duration::ZERO).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
    assert_eq!(server.connections(), 0);
    let error = Client::<HttpTransport<R>>::builder().build().unwrap_err();
    assert!(error.to_string().contains("`Region` is required"), "{error}");
    let timeouts = Timeouts::default().connect(Duration::ZERO);
    let error = builder::<R>(&server).timeouts(timeouts).build().unwrap_err();
    assert!(error.to_string().contains("`Timeouts.connect`"), "{error}");
}

fn settings_reach_the_wire<R: Runtime>() {
    let server = server();
    let options = EndpointOptions::new().region("eu-west-3").url(format!("{}/a%20b/sts", server.url()));
    let builder = Client::<HttpTransport<R>>::builder().endpoint(options).credentials(user(&server));
    let client = builder.user_agent_suffix("my-app/2.0").build().unwrap();
    R::block_on(client.send(GetCallerIdentity::new())).unwrap();
    let requests = server.requests();
    let request = requests.last().unwrap();
    assert_eq!(request.target(), "/a%20b/sts");
    assert!(request.header("authorization").unwrap().contains("/eu-west-3/sts/aws4_request"));
    let agent = request.header("user-agent").unwrap();
    assert!(agent.starts_with("sts-proto/") && agent.contains(" lib/sts-async#"), "{agent}");
    assert!(agent.contains(" m/E,N,e ") && agent.ends_with(" my-app/2.0"), "{agent}");

    let other = client.call(GetCallerIdentity::new()).credentials(Credentials::new("AKIAX", "x").unwrap());
    let error = R::block_on(other.send()).unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::InvalidClientTokenId));
}

fn a_configuration_reaches_the_wire<R: Runtime>() {
    let server = server();
    let (user, url) = (server.user(), server.url());
    let variables = [
        ("AWS_ACCESS_KEY_ID", user.access_key_id()),
        ("AWS_SECRET_ACCESS_KEY", user.secret_access_key()),
        ("AWS_ENDPOINT_URL_STS", url),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ];
    let config = Arc::new(Config::of_environment(variables.into_iter().collect()).unwrap());
    let client = Client::<HttpTransport<R>>::builder().config(config).credentials_from_env().build().unwrap();
    R::block_on(async { client.send(GetCallerIdentity::new()).await.unwrap() });
}
