//! The server as an identity provider: its discovery document, its keys, its tokens; and what it demands of tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::answers::Answer;
use super::control;
use super::ids;
use super::keyset::{KeySet, TokenAlgorithm};
use super::refusal::Refusal;
use super::request::Request;
use super::service::Service;
use super::tokens::{self, WebIdentity};

const DISCOVERY: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/keys";
/// What the tokens of `GetWebIdentityToken` have in common.
const OUTBOUND_ISSUER: &str = ".tokens.sts.global.api.aws";
/// The audience of a minted token that names none: what clusters and pipelines ask for.
const AUDIENCE: &str = "sts.amazonaws.com";
/// How long a minted token lives, in seconds.
const LIFETIME: i64 = 3600;

/// The issuer of an account's own tokens.
pub(super) fn outbound_issuer(account: &str) -> String {
    format!("https://{:016x}{OUTBOUND_ISSUER}", ids::stable_hash(account, 0))
}

/// `None` for everything that a provider does not serve.
pub(super) fn answer(service: &Service, request: &Request) -> Option<Answer> {
    if request.method != "GET" || !request.query.is_empty() {
        return None;
    }
    match request.path.as_str() {
        DISCOVERY => {
            let issuer = service.url();
            let document = json!({
                "issuer": issuer,
                "jwks_uri": format!("{issuer}{KEYS}"),
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES384", "RS256"],
            });
            Some(control::json_reply(200, &document))
        }
        KEYS => Some(control::json_reply(200, &service.key_set.to_jwks())),
        _ => None,
    }
}

/// Whether answering this takes the RSA key, which has to be made first. A request that is refused before may be among
/// them.
pub(super) fn needs_rsa(service: &Service, request: &Request) -> bool {
    let rsa = TokenAlgorithm::Rs256;
    if service.key_set.has_rsa() {
        return false;
    }
    if request.path == KEYS && request.method == "GET" {
        return true;
    }
    if request.path.starts_with(control::PREFIX) {
        return request.body.windows(rsa.name().len()).any(|word| word == rsa.name().as_bytes());
    }
    match request.parameter("Action").as_deref() {
        Some("GetWebIdentityToken") => {
            request.parameter("SigningAlgorithm").is_some_and(|name| name == rsa.name())
        }
        Some("AssumeRoleWithWebIdentity") => {
            let token = request.parameter("WebIdentityToken");
            let algorithm = token.and_then(|token| algorithm(&header(&token)?));
            algorithm == Some(rsa) && !service.directory().providers().is_empty()
        }
        _ => false,
    }
}

/// A signed token. `None` when the system has no randomness to give.
pub(super) fn signed(keys: &KeySet, algorithm: TokenAlgorithm, payload: &Value) -> Option<String> {
    let name = algorithm.name();
    let header = json!({ "alg": name, "kid": name, "typ": "JWT" });
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(&header), encode(payload));
    let signature = keys.sign(algorithm, message.as_bytes())?;
    Some(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// A token with these claims, and with the usual ones where they are missing.
pub(super) fn mint(
    service: &Service,
    algorithm: TokenAlgorithm,
    claims: Map<String, Value>,
) -> Option<String> {
    let now = service.clock.now().unix_timestamp();
    let mut payload = claims;
    let usual = [
        ("aud", AUDIENCE.into()),
        ("exp", (now + LIFETIME).into()),
        ("iat", now.into()),
        ("iss", service.url().into()),
        ("sub", "subject".into()),
    ];
    for (name, value) in usual {
        payload.entry(name).or_insert(value);
    }
    signed(&service.key_set, algorithm, &Value::Object(payload))
}

/// Whether a configured provider stands behind this token. Without any provider, everybody is believed.
pub(super) fn check(
    service: &Service,
    token: &str,
    identity: &WebIdentity,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    let issuer = &identity.provider;
    let audiences = {
        let directory = service.directory();
        if directory.providers().is_empty() {
            return Ok(());
        }
        let provider = directory.providers().iter().find(|provider| provider.issuer == *issuer);
        provider.map(|provider| provider.audiences.clone())
    };
    // An account stands behind its own tokens.
    let outbound = issuer.starts_with("https://") && issuer.ends_with(OUTBOUND_ISSUER);
    let invalid = tokens::invalid_identity_token;
    if audiences.is_none() && !outbound {
        return Err(invalid(&format!("No OpenIDConnect provider found in your account for {issuer}")));
    }
    if !is_signed(&service.key_set, token) {
        return Err(invalid("The signature of the token could not be verified"));
    }
    if identity.expires.is_none() {
        return Err(invalid("Missing a required claim: exp"));
    }
    if identity.issued.is_some_and(|issued| issued > now.unix_timestamp() + LIFETIME) {
        return Err(invalid("The token was issued in the future"));
    }
    let known = |audience: &String| audiences.as_ref().is_none_or(|known| known.contains(audience));
    if !identity.audiences.iter().any(known) {
        return Err(invalid("Incorrect token audience"));
    }
    Ok(())
}

/// Whether the server itself signed this token for that audience, and it has not expired.
pub(super) fn is_own(service: &Service, token: &str, audience: &str) -> bool {
    is_signed(&service.key_set, token)
        && WebIdentity::decode(token, None, service.clock.now()).is_ok_and(|identity| {
            identity.provider == service.url()
                && identity.expires.is_some()
                && identity.audiences.iter().any(|known| known == audience)
        })
}

/// What a token says about itself.
fn header(token: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?).ok()
}

fn algorithm(header: &Value) -> Option<TokenAlgorithm> {
    TokenAlgorithm::named(header["alg"].as_str()?)
}

fn is_signed(keys: &KeySet, token: &str) -> bool {
    let verified = || {
        let (message, signature) = token.rsplit_once('.')?;
        let header = header(message)?;
        let algorithm = algorithm(&header)?;
        if header.get("kid").is_some_and(|kid| kid != algorithm.name()) {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        Some(keys.verify(algorithm, message.as_bytes(), &signature))
    };
    verified().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Reply, exchange, post};
    use super::super::{OidcProvider, Server};
    use super::*;

    const ROLE: &str = "arn:aws:iam::123456789012:role/Web";

    fn assume(sts: &Server, token: &str) -> Reply {
        let action = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=me";
        let form = format!("{action}&RoleArn={ROLE}&WebIdentityToken={token}");
        let head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n";
        exchange(sts, format!("{head}Content-Length: {}\r\n\r\n{form}", form.len()).as_bytes())
    }

    fn get(sts: &Server, path: &str) -> Value {
        let reply = exchange(sts, format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
        assert_eq!(reply.status, 200, "{reply:?}");
        serde_json::from_str(&reply.body).expect("JSON")
    }

    #[test]
    fn serves_its_keys() {
        let sts = Server::start().expect("a server");
        let discovery = get(&sts, DISCOVERY);
        assert_eq!(discovery["issuer"], sts.url());
        let keys = get(&sts, discovery["jwks_uri"].as_str().expect("a URL").trim_start_matches(sts.url()));
        assert_eq!(keys["keys"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn tokens_of_a_provider_are_verified() {
        let sts = Server::start().expect("a server");
        let foreign = Server::start().expect("a server");
        let algorithm = TokenAlgorithm::Es384;
        let mint = |claims: Value| sts.mint_token(&claims, algorithm).expect("a token");
        let stranger =
            || foreign.mint_token(&json!({ "iss": "https://idp.test" }), algorithm).expect("a token");
        assert_eq!(assume(&sts, &stranger()).status, 200, "without a provider everybody is believed");

        sts.add_oidc_provider(OidcProvider::new("https://idp.test", ["a", "b"]));
        let good = json!({ "iss": "https://idp.test", "aud": ["x", "b"], "sub": "me" });
        for algorithm in [algorithm, TokenAlgorithm::Rs256] {
            let reply = assume(&sts, &sts.mint_token(&good, algorithm).expect("a token"));
            assert_eq!(reply.element("SubjectFromWebIdentityToken"), Some("me"), "{reply:?}");
        }
        let audience = assume(&sts, &mint(json!({ "iss": "https://idp.test", "aud": "c" })));
        assert_eq!(audience.error(), (400, "InvalidIdentityToken", "Incorrect token audience"));
        let issuer = assume(&sts, &mint(json!({})));
        assert!(issuer.error().2.starts_with("No OpenIDConnect provider found"), "{issuer:?}");
        let expired = assume(&sts, &mint(json!({ "iss": "https://idp.test", "aud": "a", "exp": 1 })));
        assert_eq!((expired.error().0, expired.error().1), (400, "ExpiredTokenException"));
        let unsigned = format!("{}.", mint(good).rsplit_once('.').expect("a token").0);
        for token in [stranger(), unsigned] {
            let refused = assume(&sts, &token);
            assert_eq!(refused.error().2, "The signature of the token could not be verified");
        }
    }

    #[test]
    fn its_own_tokens_come_back() {
        let sts = Server::start().expect("a server");
        sts.add_oidc_provider(OidcProvider::new("https://idp.test", ["a"]));
        for algorithm in ["ES384", "RS256"] {
            let form = "Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=x&SigningAlgorithm=";
            let reply = post(&sts, sts.user(), &format!("{form}{algorithm}"));
            let token = reply.element("WebIdentityToken").expect("a token");
            let role = assume(&sts, token);
            assert_eq!(role.element("SubjectFromWebIdentityToken"), Some(sts.user().arn()), "{role:?}");
        }
    }

    #[test]
    fn others_order_tokens_by_the_control_endpoint() {
        let sts = Server::start().expect("a server");
        sts.add_oidc_provider(OidcProvider::new("self", ["sts.amazonaws.com"]));
        let order = |what: &str, body: &str| {
            let head = format!("POST /_control/{what} HTTP/1.1\r\nHost: h\r\n");
            let reply =
                exchange(&sts, format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
            (reply.status, serde_json::from_str::<Value>(&reply.body).expect("JSON"))
        };
        let (status, reply) = order("token", r#"{"claims":{"sub":"job"},"alg":"ES384"}"#);
        assert_eq!(status, 200);
        let role = assume(&sts, reply["token"].as_str().expect("a token"));
        assert_eq!(role.element("SubjectFromWebIdentityToken"), Some("job"), "{role:?}");
        assert_eq!(role.element("Provider"), Some(sts.url()));
        assert_eq!(order("token", r#"{"alg":"none"}"#).0, 400);
        assert_eq!(order("token", r#"{"claims":[]}"#).0, 400);

        let encoded =
            order("message", r#"{"allowed":false}"#).1["encoded"].as_str().expect("a text").to_owned();
        let form = format!("Action=DecodeAuthorizationMessage&Version=2011-06-15&EncodedMessage={encoded}");
        assert_eq!(post(&sts, sts.user(), &form).element("DecodedMessage"), Some(r#"{"allowed":false}"#));
    }
}
