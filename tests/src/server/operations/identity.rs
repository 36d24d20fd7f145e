//! Answers that tell something and issue no key.

use std::collections::HashSet;

use super::Call;
use crate::server::clock;
use crate::server::iam::identity_context::missing_key;
use crate::server::ids;
use crate::server::keys::AccessKey;
use crate::server::keyset::TokenAlgorithm;
use crate::server::oidc;
use crate::server::refusal::Refusal;
use crate::server::tokens;
use crate::server::xml::Node;

const WEB_IDENTITY_DURATION: i64 = 300;
/// The mode of `GetWebIdentityToken` in which the token's subject is the end user.
const ORIGIN_IDENTITY: &str = "OriginIdentity";

pub(crate) fn get_caller_identity(call: &Call<'_>) -> Result<Vec<Node>, Refusal> {
    let principal = &call.caller()?.principal;
    Ok(vec![
        Node::text("Arn", principal.arn()),
        Node::text("UserId", principal.user_id()),
        Node::text("Account", principal.account()),
    ])
}

pub(crate) fn get_access_key_info(call: &Call<'_>) -> Result<Vec<Node>, Refusal> {
    let id = call.required("AccessKeyId");
    let known = call.service.keys().find(id).map(|key| key.account().to_owned());
    let account = known.or_else(|| ids::account_of(id));
    let account = account.ok_or_else(|| Refusal::validation(format!("Invalid access key ID: {id}")))?;
    Ok(vec![Node::text("Account", account)])
}

pub(crate) fn decode_authorization_message(call: &Call<'_>) -> Result<Vec<Node>, Refusal> {
    let message = tokens::decode_authorization_message(call.required("EncodedMessage"))?;
    Ok(vec![Node::text("DecodedMessage", message)])
}

pub(crate) fn get_web_identity_token(call: &Call<'_>) -> Result<Vec<Node>, Refusal> {
    let caller = call.caller()?;
    let algorithm = call.required("SigningAlgorithm");
    // Reached only by a server that accepts values beyond the model.
    let unknown = || Refusal::validation(format!("This server cannot sign tokens with {algorithm}"));
    let algorithm = TokenAlgorithm::named(algorithm).ok_or_else(unknown)?;
    let expires = call.expires(WEB_IDENTITY_DURATION);
    let audience: Vec<_> = call
        .form
        .list("Audience")?
        .unwrap_or_default()
        .into_iter()
        .filter_map(|member| member.get("").copied())
        .collect();
    let (scope, mode) = (call.form.get("Scope"), call.form.get("SubjectMode"));
    if let Some(scope) = scope {
        check_scope(scope, mode, audience.len())?;
    }
    let subject = if mode == Some(ORIGIN_IDENTITY) { origin_subject(caller)? } else { caller.arn() };
    let tags = call.form.list("Tags")?.unwrap_or_default();
    let tags = tags.iter().map(|tag| (tag.get("Key").copied(), tag.get("Value").copied()));
    let tags: serde_json::Map<_, _> =
        tags.filter_map(|(key, value)| Some((key?.to_owned(), serde_json::Value::from(value?)))).collect();
    let mut payload = serde_json::json!({
        "aud": if let [one] = audience[..] { one.into() } else { serde_json::Value::from(audience) },
        "exp": expires.unix_timestamp(),
        "https://sts.amazonaws.com/": {
            "aws_account": caller.account(),
            "principal_id": caller.principal.iam_arn(),
            "request_tags": tags,
        },
        "iat": call.now.unix_timestamp(),
        "iss": oidc::outbound_issuer(caller.account()),
        "jti": ids::request_id(),
        "sub": subject,
    });
    if let Some(scope) = scope {
        payload["scope"] = scope.into();
    }
    // The model's other mode is the default, and adds no claim.
    if let Some(mode) = mode.filter(|mode| *mode != "AWSIdentity") {
        payload["subject_mode"] = mode.into();
    }
    let token = oidc::signed(&call.service.key_set, algorithm, &payload);
    let token = token.ok_or_else(|| Refusal::of_status(500))?;
    Ok(vec![Node::text("WebIdentityToken", token), Node::text("Expiration", clock::expiration(expires))])
}

/// Refuses a repeated scope, and scopes that the other parameters do not allow.
fn check_scope(scope: &str, mode: Option<&str>, audiences: usize) -> Result<(), Refusal> {
    if mode != Some(ORIGIN_IDENTITY) {
        return Err(Refusal::validation("Scope can be specified only if SubjectMode is OriginIdentity"));
    }
    if audiences != 1 {
        return Err(Refusal::validation("Scope can be specified only with exactly one Audience"));
    }
    let mut seen = HashSet::new();
    match scope.split(' ').find(|scope| !seen.insert(*scope)) {
        Some(repeated) => Err(Refusal::validation(format!("Scope repeats the value {repeated}"))),
        None => Ok(()),
    }
}

fn origin_subject(caller: &AccessKey) -> Result<&str, Refusal> {
    let context = caller.session.identity_context.as_ref();
    context.ok_or_else(|| missing_key("aws:OriginIdentity/Subject"))?.origin_subject()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::OffsetDateTime;

    use super::super::super::testing::{ASSUME, Reply, post};
    use super::super::super::{IdentityContextClaims, OidcProvider, Server};
    use super::super::tests::{form, unsigned};
    use super::*;
    use crate::server::tokens::WebIdentity;

    const ORIGIN: &str = "&SubjectMode=OriginIdentity";

    /// A server, and a session with this subject in its identity context.
    fn federated(subject: &str) -> (Server, AccessKey) {
        let sts = Server::start().expect("a server");
        let claims = IdentityContextClaims::new("email");
        sts.add_oidc_provider(OidcProvider::new("https://idp.test", ["a"]).identity_context(claims));
        let claims = json!({ "iss": "https://idp.test", "aud": "a", "email": subject });
        let token = sts.mint_token(&claims, TokenAlgorithm::Es384).expect("a token");
        let role = "&RoleSessionName=me&RoleArn=arn:aws:iam::123456789012:role/Web";
        let rest = format!("{role}&WebIdentityToken={token}");
        let key = unsigned(&sts, &form("AssumeRoleWithWebIdentity", &rest)).credentials();
        (sts, key)
    }

    fn token(sts: &Server, key: &AccessKey, rest: &str) -> Reply {
        let rest = format!("&Audience.member.1=a&SigningAlgorithm=ES384{rest}");
        post(sts, key, &form("GetWebIdentityToken", &rest))
    }

    fn claims(reply: &Reply) -> serde_json::Map<String, serde_json::Value> {
        let token = reply.element("WebIdentityToken").unwrap_or_else(|| panic!("{reply:?}"));
        WebIdentity::decode(token, None, OffsetDateTime::now_utc()).expect("a token").claims
    }

    #[test]
    fn web_identity_token_names_the_end_user_in_origin_mode() {
        let (sts, key) = federated("me@x");
        let origin = claims(&token(&sts, &key, &format!("{ORIGIN}&Scope=read+READ")));
        let taken = ["sub", "subject_mode", "scope"].map(|name| origin[name].as_str());
        assert_eq!(taken, [Some("me@x"), Some("OriginIdentity"), Some("read READ")]);
        let role = "arn:aws:iam::123456789012:role/Web";
        assert_eq!(origin["https://sts.amazonaws.com/"]["principal_id"], role);
        for mode in ["", "&SubjectMode=AWSIdentity"] {
            let claims = claims(&token(&sts, &key, mode));
            assert_eq!(claims["sub"], "arn:aws:sts::123456789012:assumed-role/Web/me");
            assert!(!claims.contains_key("subject_mode") && !claims.contains_key("scope"), "{claims:?}");
        }
        let chained = post(&sts, &key, ASSUME);
        assert_eq!(chained.element("OriginIdentity"), None, "the reply has no such member");
        let scoped = form("GetScopedCredentials", "&Policy=%7B%7D");
        let scoped = post(&sts, &chained.credentials(), &scoped).credentials();
        assert_eq!(claims(&token(&sts, &scoped, ORIGIN))["sub"], "me@x", "the context stays");
    }

    #[test]
    fn web_identity_token_refuses_scopes_that_do_not_fit() {
        let (sts, key) = federated("me@x");
        for (rest, message) in [
            ("&Scope=a", "Scope can be specified only if SubjectMode is OriginIdentity"),
            (
                "&Scope=a&SubjectMode=AWSIdentity",
                "Scope can be specified only if SubjectMode is OriginIdentity",
            ),
            (
                "&Scope=a&SubjectMode=OriginIdentity&Audience.member.2=b",
                "Scope can be specified only with exactly one Audience",
            ),
            ("&Scope=a+b+a&SubjectMode=OriginIdentity", "Scope repeats the value a"),
        ] {
            assert_eq!(token(&sts, &key, rest).error(), (400, "ValidationError", message), "{rest}");
        }
        let unknown = token(&sts, &key, "&SubjectMode=Other");
        assert!(unknown.error().2.contains("[AWSIdentity, OriginIdentity]"), "{unknown:?}");
    }

    #[test]
    fn web_identity_token_refuses_origin_mode_without_a_usable_subject() {
        let (sts, key) = federated("ARN:aws:iam::123456789012:user/eve");
        let denied = token(&sts, &key, ORIGIN);
        assert_eq!((denied.error().0, denied.error().1), (403, "AccessDenied"));
        let missing = "SubjectMode OriginIdentity: the session has no key aws:OriginIdentity/Subject";
        let user = token(&sts, sts.user(), ORIGIN);
        assert_eq!(user.error(), (400, "ValidationError", missing));
        let (sts, key) = federated(" ");
        assert_eq!(token(&sts, &key, ORIGIN).error(), (400, "ValidationError", missing));
    }
}
