//! Answers that tell something and issue no key.

use super::Call;
use crate::server::clock;
use crate::server::ids;
use crate::server::keyset::TokenAlgorithm;
use crate::server::oidc;
use crate::server::refusal::Refusal;
use crate::server::tokens;
use crate::server::xml::Node;

const WEB_IDENTITY_DURATION: i64 = 300;

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
    let caller = &call.caller()?.principal;
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
    let tags = call.form.list("Tags")?.unwrap_or_default();
    let tags = tags.iter().map(|tag| (tag.get("Key").copied(), tag.get("Value").copied()));
    let tags: serde_json::Map<_, _> =
        tags.filter_map(|(key, value)| Some((key?.to_owned(), serde_json::Value::from(value?)))).collect();
    let payload = serde_json::json!({
        "aud": if let [one] = audience[..] { one.into() } else { serde_json::Value::from(audience) },
        "exp": expires.unix_timestamp(),
        "https://sts.amazonaws.com/": { "aws_account": caller.account(), "request_tags": tags },
        "iat": call.now.unix_timestamp(),
        "iss": oidc::outbound_issuer(caller.account()),
        "jti": ids::request_id(),
        "sub": caller.arn(),
    });
    let token = oidc::signed(&call.service.key_set, algorithm, &payload);
    let token = token.ok_or_else(|| Refusal::of_status(500))?;
    Ok(vec![Node::text("WebIdentityToken", token), Node::text("Expiration", clock::expiration(expires))])
}
