//! MiniStack, which verifies.

use std::thread;

use super::*;

#[test]
fn ministack_that_verifies() {
    let Some(mut checks) = Checks::of("MiniStack", "STS_MINISTACK") else { return };
    let client = checks.client("USER");
    let role = checks.fact("ROLE_ARN").to_owned();
    let account = checks.fact("ACCOUNT").to_owned();

    let user = checks.user_arn();
    checks.identity("GetCallerIdentity", &checks.key("USER"), &user);
    checks.identity("GetCallerIdentity, no permission", &checks.key("NOBODY"), &user.replace("alice", "bob"));
    if let Some(output) = checks.granted("AssumeRole", client.send(full_assume_role(&role))) {
        checks.usable("AssumeRole: credentials", &output.credentials, 1800);
        verified_session(&mut checks, &client, &output.credentials);
        for role in ["SESSION_ROLE_ARN", "CHAINED_ROLE_ARN"] {
            let operation = AssumeRole::new(checks.fact(role), "again");
            let outcome = client.call(operation).credentials(output.credentials.clone()).send();
            if let Some(output) = checks.granted(&format!("AssumeRole, chained, {role}"), outcome) {
                let name = if role == "CHAINED_ROLE_ARN" { "Chained" } else { "FromSession" };
                let arn = checks.assumed_role(name, "again");
                checks.identity("AssumeRole, chained: identity", &output.credentials, &arn);
            }
        }
        presigned(&mut checks, "by a session", &output.credentials);
        let outcome = client.call(GetSessionToken::new()).credentials(output.credentials).send();
        checks.refused("GetSessionToken by a session", outcome, 403, ErrorCode::AccessDenied);
    }
    sources::roles_of_a_profile(&mut checks);
    sources::web_identity_of_a_profile(&mut checks);
    sources::instance_metadata(&mut checks);
    sources::container(&mut checks);
    let key = checks.key("USER");
    presigned(&mut checks, "by a user", &key);
    let external = |id: &str| AssumeRole::new(checks.fact("EXTERNAL_ROLE_ARN"), "session").external_id(id);
    let (right, wrong) = (client.send(external("agreed:1/2")), client.send(external("another")));
    checks.granted("AssumeRole, external id", right);
    checks.refused("AssumeRole, other external id", wrong, 403, ErrorCode::AccessDenied);

    let bare = Client::builder().endpoint_url(checks.fact("ENDPOINT")).build().unwrap();
    let web = |issuer: &str| {
        AssumeRoleWithWebIdentity::new(checks.fact("WEB_ROLE_ARN"), "web", web_identity_token(issuer))
            .duration_seconds(900)
    };
    let (right, wrong) = (bare.send(web(checks.fact("ISSUER"))), bare.send(web("another.test")));
    if let Some(output) = checks.granted("AssumeRoleWithWebIdentity", right) {
        let arn = checks.assumed_role("Web", "web");
        checks.usable("AssumeRoleWithWebIdentity: credentials", &output.credentials, 900);
        checks.identity("AssumeRoleWithWebIdentity: identity", &output.credentials, &arn);
    }
    checks.refused("AssumeRoleWithWebIdentity, other issuer", wrong, 403, ErrorCode::AccessDenied);

    let session = GetSessionToken::new().duration_seconds(900);
    if let Some(output) = checks.granted("GetSessionToken", client.send(session)) {
        checks.usable("GetSessionToken: credentials", &output.credentials, 900);
        checks.identity("GetSessionToken: identity", &output.credentials, &user);
    }
    let federated = GetFederationToken::new("Bob").policy(POLICY).tag("Team", "α β").duration_seconds(900);
    if let Some(output) = checks.granted("GetFederationToken", client.send(federated)) {
        let arn = format!("arn:aws:sts::{account}:federated-user/Bob");
        checks.usable("GetFederationToken: credentials", &output.credentials, 900);
        checks.identity("GetFederationToken: identity", &output.credentials, &arn);
    }
    let info = client.send(GetAccessKeyInfo::new(checks.fact("USER_ACCESS_KEY_ID")));
    if let Some(output) = checks.granted("GetAccessKeyInfo", info) {
        checks.check("GetAccessKeyInfo: account", output.account == account, &output.account);
    }
    let operation = GetWebIdentityToken::new(["https://a.test", "b"], SigningAlgorithm::Es384)
        .duration_seconds(60)
        .tag("Team", "α");
    if let Some(output) = checks.granted("GetWebIdentityToken", client.send(operation)) {
        let parts = output.web_identity_token.expose().split('.').count();
        checks.check("GetWebIdentityToken: token", parts == 3 && output.expiration.is_some(), parts);
    }

    wrong_keys(&mut checks);
    tampered_body(&mut checks);
    for who in ["STRANGER", "NOBODY"] {
        let outcome = checks.client(who).send(AssumeRole::new(role.as_str(), "session"));
        checks.refused(&format!("AssumeRole by {who}"), outcome, 403, ErrorCode::AccessDenied);
    }
    let missing = AssumeRole::new(format!("arn:aws:iam::{account}:role/Missing"), "session");
    checks.refused("AssumeRole, missing role", client.send(missing), 403, ErrorCode::AccessDenied);
    for seconds in [-3600, 3600] {
        let outcome = at_another_time(&checks, seconds);
        let name = format!("GetCallerIdentity, clock off by {seconds} s");
        if let Some(error) = checks.refused(&name, outcome, 403, ErrorCode::SignatureDoesNotMatch) {
            checks.check(&name, error.is_clock_skew(), &error);
        }
    }
    let unsigned = client.send(GetCallerIdentity::new().unsigned());
    checks.refused("GetCallerIdentity, unsigned", unsigned, 403, ErrorCode::MissingAuthenticationToken);

    // Parameters that the client would not have sent.
    let lenient = checks.lenient_client("USER");
    let wrong = AssumeRole::new("x", "session");
    checks.refused("AssumeRole, no ARN", lenient.send(wrong), 400, ErrorCode::ValidationError);
    let wrong = AssumeRole::new(role.as_str(), "session").policy("[]");
    checks.refused("AssumeRole, policy", lenient.send(wrong), 400, ErrorCode::MalformedPolicyDocument);
    let wrong = AssumeRole::new(role.as_str(), "session").tags([("a", "1"), ("A", "2")]);
    checks.refused("AssumeRole, tag twice", lenient.send(wrong), 400, ErrorCode::InvalidParameterValue);
    let wrong = GetFederationToken::new("B");
    checks.refused("GetFederationToken, short name", lenient.send(wrong), 400, ErrorCode::ValidationError);
    let wrong = GetAccessKeyInfo::new("AKIA");
    checks.refused("GetAccessKeyInfo, short id", lenient.send(wrong), 400, ErrorCode::ValidationError);
    let unknown = DecodeAuthorizationMessage::new("message");
    checks.refused(
        "DecodeAuthorizationMessage, not there",
        lenient.send(unknown),
        400,
        ErrorCode::InvalidAction,
    );

    // Unlike AWS: credentials may last a second, so that an end can be waited for.
    let short = lenient.send(AssumeRole::new(role.as_str(), "session").duration_seconds(1));
    if let Some(output) = checks.granted("AssumeRole, short (unlike AWS)", short) {
        thread::sleep(Duration::from_secs(2));
        let outcome = client.call(GetCallerIdentity::new()).credentials(output.credentials).send();
        if let Some(error) = checks.refused("expired session", outcome, 403, ErrorCode::ExpiredToken) {
            checks.check("expired session", error.is_expired_token() && !error.is_retryable(), &error);
        }
    }
    checks.finish();
}
