//! Scoped credentials, and sessions that act on behalf of an end user.

use serde_json::json;
use sts_blocking::{Cause, Hint};
use sts_tests::server::{IdentityContextClaims, OidcProvider, TokenAlgorithm};

use super::*;

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

#[test]
fn scoped_credentials_are_the_same_caller_with_more_policies() {
    let server = server();
    let client = client(&server);
    let role = client.send(AssumeRole::new(ROLE, "session").source_identity("Alice")).unwrap();
    let mut client = client.with_credentials(role.credentials.clone());
    for count in 1..=3 {
        let operation = GetScopedCredentials::new().policy(POLICY).scoped_session_description("nightly");
        let scoped = client.send(operation).unwrap().into_output();
        assert_eq!(scoped.session_info.arn, role.assumed_role_user.arn);
        assert_eq!(scoped.session_info.scoped_session_id, role.assumed_role_user.assumed_role_id);
        assert_eq!(
            (scoped.scoped_policies_count, scoped.source_identity.as_deref()),
            (Some(count), Some("Alice"))
        );
        assert_eq!(scoped.credentials.expiration(), role.credentials.expiration());
        client = client.with_credentials(scoped.credentials);
        assert_eq!(client.send(GetCallerIdentity::new()).unwrap().arn, role.assumed_role_user.arn);
    }
    let error = client.send(GetScopedCredentials::new().policy(POLICY)).unwrap_err();
    assert!(error.is_access_denied(), "{error}");
    let shorter = client.send(GetScopedCredentials::new().duration_seconds(60)).unwrap();
    assert_eq!(shorter.scoped_policies_count, Some(3));
    let error = client.send(GetScopedCredentials::new().duration_seconds(3700)).unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::InsufficientSessionLifetime));
    assert_eq!(error.hint().map(Hint::cause), Some(Cause::DurationOverMaximum));
}

#[test]
fn scoped_credentials_of_a_user_are_refused_here_and_there() {
    let server = server();
    let operation = || GetScopedCredentials::new().policy(POLICY);
    let error = client(&server).send(operation()).unwrap_err();
    assert_eq!((error.kind(), server.connections()), (ErrorKind::InvalidInput, 0), "{error}");
    let lenient = builder(&server).validation(Validation::default().relations(false)).build().unwrap();
    let refused = lenient.send(operation()).unwrap_err();
    assert_eq!(refused.code(), Some(&ErrorCode::InvalidSubjectCredentials));
    for error in [error, refused] {
        assert_eq!(error.hint().map(Hint::cause), Some(Cause::SessionNeeded), "{error}");
    }
}

/// A session of an end user whose token has that many claims for the map.
fn session(server: &Server, count: usize) -> AssumeRoleWithWebIdentityOutput {
    let names: Vec<_> = (0..count).map(|i| format!("claim{i:02}")).collect();
    let claims = IdentityContextClaims::new("email").subject_type("kind").transaction(names.clone());
    server.add_oidc_provider(OidcProvider::new("self", ["sts.amazonaws.com"]).identity_context(claims));
    let mut token =
        json!({"sub": "s", "aud": "sts.amazonaws.com", "email": "j\u{fc}rgen@x.test", "kind": "user"});
    for name in &names {
        token[name] = json!(format!("<{name}> & more"));
    }
    let token = server.mint_token(&token, TokenAlgorithm::Rs256).unwrap();
    client(server).send(AssumeRoleWithWebIdentity::new(ROLE, "session", token)).unwrap().into_output()
}

#[test]
fn identity_context_arrives_with_every_entry_of_its_map() {
    for count in [0, 1, 50] {
        let server = server();
        let output = session(&server, count);
        let shown = format!("{output:?}");
        assert!(!shown.contains("rgen") && !shown.contains("claim"), "{shown}");
        let context = output.trusted_identity_propagation_context.unwrap();
        let origin = context.origin_identity.unwrap();
        let texts = [&origin.subject, &origin.subject_type, &origin.issuer, &origin.federated_provider_arn];
        let texts = texts.map(|text| text.as_ref().unwrap().expose());
        assert_eq!(texts[..2], ["j\u{fc}rgen@x.test", "user"]);
        assert!(server.url().ends_with(texts[2]) && texts[3].contains(":oidc-provider/"), "{texts:?}");
        let found = context.transaction_context.map(|context| context.identity_provider).unwrap_or_default();
        let found: Vec<_> =
            found.iter().map(|(name, value)| (name.to_owned(), value.expose().to_owned())).collect();
        let sent: Vec<_> = (0..count).map(|i| format!("claim{i:02}")).collect();
        let sent: Vec<_> = sent.into_iter().map(|name| (name.clone(), format!("<{name}> & more"))).collect();
        assert_eq!(found, sent);
    }
}

#[test]
fn web_identity_token_names_the_end_user_and_the_scopes() {
    let server = server();
    let end_user = client(&server).with_credentials(session(&server, 0).credentials);
    let token = GetWebIdentityToken::new(["https://api.test"], SigningAlgorithm::Es384)
        .subject_mode(SubjectMode::OriginIdentity)
        .scope("read write:all");
    let token = end_user.send(token).unwrap().into_output().web_identity_token;
    let claims = token.expose().split('.').nth(1).unwrap();
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((&claims["sub"], &claims["scope"]), (&json!("j\u{fc}rgen@x.test"), &json!("read write:all")));
    // The caller is no end user.
    let token = GetWebIdentityToken::new(["https://api.test"], SigningAlgorithm::Es384);
    let error = client(&server).send(token.subject_mode(SubjectMode::OriginIdentity)).unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::ValidationError));
}
