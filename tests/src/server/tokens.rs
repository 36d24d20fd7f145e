//! The documents that travel through STS: JSON web tokens, SAML assertions, encoded authorization messages.
//!
//! They are read for what the reply repeats. Signatures of tokens are verified in `oidc`, those of assertions nowhere.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::ids;
use super::refusal::Refusal;

/// A signed token in shape only: the signature has the algorithm's length and is noise.
#[cfg(test)]
pub(super) fn jwt(algorithm: &str, payload: &Value) -> String {
    let header = serde_json::json!({ "alg": algorithm, "kid": algorithm, "typ": "JWT" });
    let signature = ids::random_bytes(if algorithm == "ES384" { 96 } else { 256 });
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (header, payload) = (encode(header.to_string().as_bytes()), encode(payload.to_string().as_bytes()));
    format!("{header}.{payload}.{}", encode(&signature))
}

/// What a web identity token says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WebIdentity {
    pub(super) subject: String,
    pub(super) provider: String,
    pub(super) audience: Option<String>,
    pub(super) audiences: Vec<String>,
    pub(super) expires: Option<i64>,
    pub(super) issued: Option<i64>,
    pub(super) source_identity: Option<String>,
    /// All claims; none of an access token.
    pub(super) claims: Map<String, Value>,
}

impl WebIdentity {
    /// Reads an OpenID Connect token, or takes any OAuth 2.0 access token for which a provider is named.
    pub(super) fn decode(
        token: &str,
        provider_id: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        if let Some(provider) = provider_id {
            let subject = format!("amzn1.account.{:016X}", ids::stable_hash(token, 0));
            let provider = provider.to_owned();
            let (audience, audiences) = (None, Vec::new());
            let (expires, issued, source_identity) = (None, None, None);
            let claims = Map::new();
            return Ok(Self {
                subject,
                provider,
                audience,
                audiences,
                expires,
                issued,
                source_identity,
                claims,
            });
        }
        let Some(claims) = claims(token) else {
            let message = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
            return Err(invalid_identity_token(message));
        };
        let required = |name: &str| {
            let claim = claims.get(name).and_then(Value::as_str).map(str::to_owned);
            claim.ok_or_else(|| invalid_identity_token(&format!("Missing a required claim: {name}")))
        };
        if let Some(expires) = claims.get("exp").and_then(Value::as_i64)
            && expires <= now.unix_timestamp()
        {
            let now = now.unix_timestamp();
            let message = format!(
                "Token expired: current date/time {now} must be before the expiration date/time {expires}"
            );
            return Err(Refusal::new(400, "ExpiredTokenException", message));
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let audiences: Vec<_> = match claims.get("aud") {
            Some(Value::Array(audiences)) => audiences.iter().filter_map(text).collect(),
            audience => audience.and_then(text).into_iter().collect(),
        };
        let source_identity = claims.get("https://aws.amazon.com/source_identity");
        Ok(Self {
            subject: required("sub")?,
            provider: required("iss")?,
            audience: audiences.first().cloned(),
            audiences,
            expires: claims.get("exp").and_then(Value::as_i64),
            issued: claims.get("iat").and_then(Value::as_i64),
            source_identity: source_identity.and_then(Value::as_str).map(str::to_owned),
            claims,
        })
    }
}

impl WebIdentity {
    /// The issuer as provider ARNs and condition keys name it.
    pub(super) fn provider_name(&self) -> &str {
        self.provider
            .strip_prefix("https://")
            .or_else(|| self.provider.strip_prefix("http://"))
            .unwrap_or(&self.provider)
    }
}

fn claims(token: &str) -> Option<Map<String, Value>> {
    let parts: Vec<_> = token.split('.').collect();
    let [_, payload, _] = parts[..] else { return None };
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// Refuses a context assertion that is an expired JSON web token.
///
/// Any other assertion is accepted unread, since in AWS only STS itself can decrypt one.
pub(super) fn check_context_assertion(assertion: &str, now: OffsetDateTime) -> Result<(), Refusal> {
    let expires = claims(assertion).and_then(|claims| claims.get("exp")?.as_i64());
    if expires.is_some_and(|expires| expires <= now.unix_timestamp()) {
        let message = "The context assertion provided is expired";
        return Err(Refusal::new(400, "InvalidContextAssertion", message));
    }
    Ok(())
}

pub(super) fn invalid_identity_token(message: &str) -> Refusal {
    Refusal::new(400, "InvalidIdentityToken", message)
}

/// What a SAML assertion says. What it leaves out gets a usual value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SamlAssertion {
    pub(super) subject: String,
    pub(super) subject_type: String,
    pub(super) issuer: String,
    pub(super) audience: String,
    /// The attributes of AWS, without [`ATTRIBUTES`] at the start of their names.
    pub(super) attributes: Vec<(String, String)>,
    /// The first certificate, as written.
    pub(super) certificate: Option<String>,
}

/// The start of the names of AWS's own attributes.
const ATTRIBUTES: &str = "https://aws.amazon.com/SAML/Attributes/";

impl SamlAssertion {
    pub(super) fn decode(assertion: &str) -> Result<Self, Refusal> {
        let invalid = || invalid_identity_token("Invalid base64 SAMLResponse");
        let xml = STANDARD.decode(assertion).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let xml = xml.ok_or_else(invalid)?;
        if element(&xml, "Assertion").is_none() && element(&xml, "Response").is_none() {
            return Err(invalid());
        }
        let text = |name: &str| element(&xml, name).map(|found| found.text.to_owned());
        // `<Attribute Name="…/RoleSessionName"><AttributeValue>…`
        let attribute = |piece: &str| {
            let (name, rest) = piece.split_once('"')?;
            Some((name.to_owned(), element(rest, "AttributeValue")?.text.to_owned()))
        };
        let subject = text("NameID").unwrap_or_else(|| "subject".to_owned());
        let format =
            element(&xml, "NameID").and_then(|found| found.attribute("Format")).unwrap_or("unspecified");
        let format = format.strip_prefix("urn:oasis:names:tc:SAML:2.0:nameid-format:").unwrap_or(format);
        Ok(Self {
            subject_type: format.to_owned(),
            issuer: text("Issuer").unwrap_or_else(|| "https://idp.example.com/".to_owned()),
            audience: text("Audience").unwrap_or_else(|| "https://signin.aws.amazon.com/saml".to_owned()),
            attributes: xml.split(ATTRIBUTES).skip(1).filter_map(attribute).collect(),
            certificate: text("X509Certificate"),
            subject,
        })
    }

    /// The subject, unless the assertion names the session.
    pub(super) fn session_name(&self) -> &str {
        self.attribute("RoleSessionName").unwrap_or(&self.subject)
    }

    /// The first value of an attribute of AWS.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// In the real service a hash of issuer, account and provider; here another hash of nearly the same.
    pub(super) fn name_qualifier(&self, provider: &str) -> String {
        let hashes = (0..3)
            .flat_map(|salt| ids::stable_hash(&format!("{}{provider}", self.issuer), salt).to_le_bytes());
        STANDARD.encode(hashes.take(20).collect::<Vec<_>>())
    }
}

/// A start tag and the text that follows it.
struct Element<'a> {
    tag: &'a str,
    text: &'a str,
}

impl<'a> Element<'a> {
    fn attribute(&self, name: &str) -> Option<&'a str> {
        let (_, rest) = self.tag.split_once(&format!(" {name}=\""))?;
        rest.split_once('"').map(|(value, _)| value)
    }
}

/// The first element of this local name. Enough for assertions that a test writes, and no more.
fn element<'a>(xml: &'a str, name: &str) -> Option<Element<'a>> {
    xml.split('<').skip(1).find_map(|piece| {
        let (tag, text) = piece.split_once('>')?;
        let qualified = tag.split([' ', '\t', '\r', '\n', '/']).next()?;
        let local = qualified.rsplit(':').next()?;
        (local == name).then(|| Element { tag, text: text.trim() })
    })
}

/// A message and a check on it, so that only what this server encoded decodes.
pub(super) fn encode_authorization_message(message: &str) -> String {
    let mut bytes = ids::stable_hash(message, 0).to_le_bytes().to_vec();
    bytes.extend_from_slice(message.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn decode_authorization_message(encoded: &str) -> Result<String, Refusal> {
    let decoded = || {
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let (check, message) = bytes.split_first_chunk::<8>()?;
        let message = std::str::from_utf8(message).ok()?;
        (ids::stable_hash(message, 0).to_le_bytes() == *check).then(|| message.to_owned())
    };
    decoded().ok_or_else(|| {
        Refusal::new(400, "InvalidAuthorizationMessageException", "Invalid authorization message")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(token: &str) -> Result<WebIdentity, Refusal> {
        WebIdentity::decode(token, None, OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(1000))
    }

    #[test]
    fn reads_web_identity_tokens() {
        let token = |claims: Value| jwt("RS256", &claims);
        let identity =
            decode(&token(serde_json::json!({ "sub": "s", "iss": "i", "aud": ["a", "b"], "exp": 1001 })));
        let identity = identity.expect("a token");
        assert_eq!(
            (&*identity.subject, &*identity.provider, identity.audience.as_deref()),
            ("s", "i", Some("a"))
        );
        let expired = decode(&token(serde_json::json!({ "sub": "s", "iss": "i", "exp": 1000 })));
        assert_eq!(expired.expect_err("expired").code, "ExpiredTokenException");
        let incomplete = decode(&token(serde_json::json!({ "iss": "i" }))).expect_err("incomplete");
        assert_eq!(incomplete.message, "Missing a required claim: sub");
        for token in ["", "a.b", "a.b.c", "a.W10.c", "Atza|token"] {
            assert_eq!(decode(token).expect_err(token).code, "InvalidIdentityToken");
        }
        let named = WebIdentity::decode("Atza|token", Some("www.amazon.com"), OffsetDateTime::UNIX_EPOCH);
        assert_eq!(named.expect("an access token").provider, "www.amazon.com");
    }

    #[test]
    fn context_assertion_is_refused_after_its_expiration() {
        let now = OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(1000);
        let expired = check_context_assertion(&jwt("RS256", &serde_json::json!({ "exp": 1000 })), now);
        let refusal = expired.expect_err("expired");
        assert_eq!((refusal.status, refusal.code), (400, "InvalidContextAssertion"));
        let valid = jwt("RS256", &serde_json::json!({ "exp": 1001 }));
        for assertion in ["opaque", "a.b.c", &jwt("RS256", &serde_json::json!({})), &valid] {
            assert_eq!(check_context_assertion(assertion, now), Ok(()), "{assertion}");
        }
    }

    #[test]
    fn reads_saml_assertions() {
        let xml = r#"<samlp:Response><saml:Issuer> https://idp </saml:Issuer><saml:Assertion><saml:NameID
            Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">bob</saml:NameID><Audience>aud</Audience>
            <Attribute Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName"><AttributeValue>bobby</AttributeValue>
            </Attribute></saml:Assertion></samlp:Response>"#;
        let assertion = SamlAssertion::decode(&STANDARD.encode(xml)).expect("an assertion");
        assert_eq!(
            (&*assertion.subject, &*assertion.issuer, &*assertion.audience),
            ("bob", "https://idp", "aud")
        );
        assert_eq!((assertion.session_name(), assertion.attribute("SourceIdentity")), ("bobby", None));
        for text in ["", "!", &STANDARD.encode("<html>"), &STANDARD.encode([255])] {
            assert_eq!(SamlAssertion::decode(text).expect_err(text).code, "InvalidIdentityToken");
        }
    }

    #[test]
    fn decodes_its_own_messages_only() {
        let encoded = encode_authorization_message(r#"{"allowed":false}"#);
        assert_eq!(decode_authorization_message(&encoded).as_deref(), Ok(r#"{"allowed":false}"#));
        for text in ["", "x", "AAAAAAAAAAAAAAAA", &encoded[1..]] {
            assert_eq!(decode_authorization_message(text).expect_err(text).status, 400);
        }
    }
}
