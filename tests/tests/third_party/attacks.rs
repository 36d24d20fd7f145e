//! What a server that verifies must refuse, and the same as it should be.

use super::*;

/// What a role session may, on a server that verifies.
pub(crate) fn verified_session(checks: &mut Checks, client: &Client, session: &Credentials) {
    let arn = checks.assumed_role("Deploy", "session");
    checks.identity("AssumeRole: identity", session, &arn);
    let tampered = session.session_token().map(|token| format!("{}x", token.expose())).unwrap_or_default();
    let tampered = session.clone().with_session_token(tampered).unwrap();
    let outcome = client.call(GetCallerIdentity::new()).credentials(tampered).send();
    checks.refused("tampered session token", outcome, 403, ErrorCode::InvalidClientTokenId);
    let bare = Credentials::new(session.access_key_id(), session.secret_access_key().expose()).unwrap();
    let outcome = client.call(GetCallerIdentity::new()).credentials(bare).send();
    checks.refused("session without token", outcome, 403, ErrorCode::InvalidClientTokenId);
    let wrong = Credentials::new(session.access_key_id(), "wrong").unwrap();
    let wrong = wrong.with_session_token(session.session_token().unwrap().expose()).unwrap();
    let outcome = client.call(GetCallerIdentity::new()).credentials(wrong).send();
    checks.refused("session with wrong secret", outcome, 403, ErrorCode::SignatureDoesNotMatch);
}

/// Keys that prove nothing.
pub(crate) fn wrong_keys(checks: &mut Checks) {
    let client = checks.client("USER");
    let id = checks.fact("USER_ACCESS_KEY_ID").to_owned();
    let outcome = |credentials| client.call(GetCallerIdentity::new()).credentials(credentials).send();
    let wrong = outcome(Credentials::new(id, "wrong").unwrap());
    if let Some(error) = checks.refused("wrong secret", wrong, 403, ErrorCode::SignatureDoesNotMatch) {
        checks.check("wrong secret", !error.is_clock_skew() && !error.is_retryable(), &error);
    }
    let unknown = outcome(Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").unwrap());
    checks.refused("unknown key", unknown, 403, ErrorCode::InvalidClientTokenId);
    let token = outcome(checks.key("USER").with_session_token("token").unwrap());
    checks.refused("user's key with a token", token, 403, ErrorCode::InvalidClientTokenId);
}

/// A body that was changed after it was signed.
pub(crate) fn tampered_body(checks: &mut Checks) {
    let operation = AssumeRole::new(checks.fact("ROLE_ARN"), "session");
    let key = checks.key("USER");
    let mut request = checks.encoder().encode(&operation, Some(&key), OffsetDateTime::now_utc()).unwrap();
    let body = String::from_utf8(request.body().as_ref().to_vec()).unwrap();
    *request.body_mut() = Body::from(body.replace("session", "sessiom").into_bytes());
    let outcome = deliver(&operation, request);
    checks.refused("tampered body", outcome, 403, ErrorCode::SignatureDoesNotMatch);
}

/// A request that was signed at another time.
pub(crate) fn at_another_time(
    checks: &Checks,
    seconds: i64,
) -> Result<Reply<GetCallerIdentityOutput>, Error> {
    let now = OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
    let operation = GetCallerIdentity::new();
    let request = checks.encoder().encode(&operation, Some(&checks.key("USER")), now).unwrap();
    deliver(&operation, request)
}

/// Presigned URLs: good, changed, of another secret, and past their time.
pub(crate) fn presigned(checks: &mut Checks, by: &str, credentials: &Credentials) {
    let operation = GetCallerIdentity::new();
    let encoder = checks.encoder();
    let now = OffsetDateTime::now_utc();
    let url = |credentials: &Credentials, at| {
        let options = Presign::new(Duration::from_secs(60));
        encoder.presign(&operation, credentials, at, &options).unwrap().expose_request().unwrap()
    };
    checks.granted(&format!("presigned {by}"), deliver(&operation, url(credentials, now)));

    let mut request = url(credentials, now);
    let changed = request.uri().to_string().replace("X-Amz-Expires=60", "X-Amz-Expires=61");
    *request.uri_mut() = changed.parse().unwrap();
    let name = format!("presigned {by}, changed");
    checks.refused(&name, deliver(&operation, request), 403, ErrorCode::SignatureDoesNotMatch);

    let mut wrong = Credentials::new(credentials.access_key_id(), "wrong").unwrap();
    if let Some(token) = credentials.session_token() {
        wrong = wrong.with_session_token(token.expose()).unwrap();
    }
    let name = format!("presigned {by}, wrong secret");
    checks.refused(&name, deliver(&operation, url(&wrong, now)), 403, ErrorCode::SignatureDoesNotMatch);

    let old = url(credentials, now - time::Duration::seconds(3600));
    let name = format!("presigned {by}, expired");
    let outcome = deliver(&operation, old);
    checks.refused(&name, outcome, 403, ErrorCode::SignatureDoesNotMatch);
}
