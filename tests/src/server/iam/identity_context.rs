//! The trusted identity propagation context of a session: the end user for whom the session acts.
//!
//! In AWS the context provider of an identity provider maps claims of a token, or attributes of a SAML assertion, to the
//! keys of the context. Here [`IdentityContextClaims`] maps the claims of a declared OIDC provider. No SAML provider can be
//! declared, so an assertion names the keys itself, by attributes like AWS's own `PrincipalTag:KEY`:
//! `https://aws.amazon.com/SAML/Attributes/OriginIdentity:Subject`, `…/OriginIdentity:SubjectType` and
//! `…/TransactionContext:KEY`. An assertion without any of these sets no context.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::server::ids;
use crate::server::refusal::Refusal;
use crate::server::tokens::SamlAssertion;
use crate::server::xml::Node;

/// The longest value of the transaction context, in characters.
const TRANSACTION_VALUE_MAXIMUM: usize = 128;
const TRANSACTION_ATTRIBUTE: &str = "TransactionContext:";

/// The claims of a token that become the identity context of a session.
///
/// IAM calls this a context provider. A claim that the token lacks leaves its key out. A claim that is a number or a
/// boolean is taken as text; a list or an object is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityContextClaims {
    subject: String,
    subject_type: Option<String>,
    transaction: Vec<String>,
}

impl IdentityContextClaims {
    /// Takes the subject from this claim.
    #[must_use]
    pub fn new(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), subject_type: None, transaction: Vec::new() }
    }

    /// Takes the subject's type, such as `user` or `workload`, from this claim.
    #[must_use]
    pub fn subject_type(mut self, claim: impl Into<String>) -> Self {
        self.subject_type = Some(claim.into());
        self
    }

    /// Takes the transaction context from these claims, under their own names.
    #[must_use]
    pub fn transaction<I: Into<String>>(mut self, claims: impl IntoIterator<Item = I>) -> Self {
        self.transaction = claims.into_iter().map(Into::into).collect();
        self
    }
}

/// The identity context of a session.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct IdentityContext {
    subject: Option<String>,
    subject_type: Option<String>,
    issuer: Option<String>,
    federated_provider_arn: Option<String>,
    transaction: BTreeMap<String, String>,
}

impl IdentityContext {
    /// The context that a token's claims make. `issuer` is the issuer without `https://`.
    pub(crate) fn from_claims(
        names: &IdentityContextClaims,
        claims: &Map<String, Value>,
        issuer: &str,
        provider_arn: &str,
    ) -> Self {
        let text = |name: &String| match claims.get(name)? {
            Value::String(text) => Some(text.clone()),
            value @ (Value::Bool(_) | Value::Number(_)) => Some(value.to_string()),
            _ => None,
        };
        let pair = |name: &String| Some((name.clone(), text(name)?));
        Self {
            subject: text(&names.subject),
            subject_type: names.subject_type.as_ref().and_then(text),
            issuer: Some(issuer.to_owned()),
            federated_provider_arn: Some(provider_arn.to_owned()),
            transaction: names.transaction.iter().filter_map(pair).collect(),
        }
    }

    /// The context that an assertion names, or `None` if it names no key.
    pub(crate) fn from_assertion(assertion: &SamlAssertion, provider_arn: &str) -> Option<Self> {
        let text = |name: &str| assertion.attribute(name).map(str::to_owned);
        let pair = |(name, value): &(String, String)| {
            Some((name.strip_prefix(TRANSACTION_ATTRIBUTE)?.to_owned(), value.clone()))
        };
        let subject = text("OriginIdentity:Subject");
        let subject_type = text("OriginIdentity:SubjectType");
        let transaction: BTreeMap<_, _> = assertion.attributes.iter().filter_map(pair).collect();
        if subject.is_none() && subject_type.is_none() && transaction.is_empty() {
            return None;
        }
        // AWS hashes the key that signed the assertion. This server verifies no signature and hashes the certificate.
        let hash = |certificate: &String| format!("{:016x}", ids::stable_hash(certificate, 0));
        let issuer = assertion.certificate.as_ref().map(hash);
        let federated_provider_arn = Some(provider_arn.to_owned());
        Some(Self { subject, subject_type, issuer, federated_provider_arn, transaction })
    }

    /// Fails if a value of the transaction context is longer than the model allows. The error leaves the value out,
    /// because it is about the end user.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let is_long = |value: &String| value.chars().count() > TRANSACTION_VALUE_MAXIMUM;
        self.transaction.iter().find(|(_, value)| is_long(value)).map_or(Ok(()), |(key, _)| {
            Err(Refusal::validation(format!(
                "The value of aws:TransactionContext/IdentityProvider/{key} is longer than \
                 {TRANSACTION_VALUE_MAXIMUM} characters"
            )))
        })
    }

    /// The `sub` claim of a token with `SubjectMode=OriginIdentity`.
    pub(crate) fn origin_subject(&self) -> Result<&str, Refusal> {
        let subject = self.subject.as_deref().filter(|subject| !subject.trim().is_empty());
        let subject = subject.ok_or_else(|| missing_key("aws:OriginIdentity/Subject"))?;
        if self.issuer.is_none() && self.federated_provider_arn.is_none() {
            return Err(missing_key(
                "aws:OriginIdentity/Issuer and no key aws:OriginIdentity/FederatedProviderArn",
            ));
        }
        let is_arn = subject.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("arn:"));
        if is_arn {
            return Err(Refusal::access_denied("The subject of the session must not begin with arn:"));
        }
        if subject.starts_with(' ') || subject.ends_with(' ') || subject.chars().any(is_invisible) {
            return Err(Refusal::access_denied(
                "The subject of the session must not begin or end with a space, nor contain a control, format or \
                 separator character",
            ));
        }
        Ok(subject)
    }

    /// `<TrustedIdentityPropagationContext>`, without the members for which the session has no key.
    pub(crate) fn to_node(&self) -> Node {
        let origin = [
            ("Subject", &self.subject),
            ("SubjectType", &self.subject_type),
            ("Issuer", &self.issuer),
            ("FederatedProviderArn", &self.federated_provider_arn),
        ];
        let origin = origin.into_iter().filter_map(|(name, value)| Some(Node::text(name, value.as_ref()?)));
        let mut members = vec![Node::Group("OriginIdentity", origin.collect())];
        if !self.transaction.is_empty() {
            let map = Node::map("IdentityProvider", &self.transaction);
            members.push(Node::Group("TransactionContext", vec![map]));
        }
        Node::Group("TrustedIdentityPropagationContext", members)
    }
}

/// Leaves the values out, because they are about the end user.
impl fmt::Debug for IdentityContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityContext").finish_non_exhaustive()
    }
}

/// The refusal of `SubjectMode=OriginIdentity` for a session without this key.
pub(crate) fn missing_key(key: &str) -> Refusal {
    Refusal::validation(format!("SubjectMode OriginIdentity: the session has no key {key}"))
}

/// A control, format or separator character other than a space. Of the format characters, those below U+10000 that are
/// not part of a script.
fn is_invisible(c: char) -> bool {
    let is_format = matches!(
        c,
        '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
    );
    c != ' ' && (c.is_control() || c.is_whitespace() || is_format)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:iam::123456789012:oidc-provider/idp.test";

    fn context(claims: &Value) -> IdentityContext {
        let names =
            IdentityContextClaims::new("email").subject_type("kind").transaction(["team", "level", "x"]);
        IdentityContext::from_claims(&names, claims.as_object().expect("an object"), "idp.test", ARN)
    }

    #[test]
    fn identity_context_reads_claims_that_are_scalars() {
        let claims =
            json!({ "email": "me@x", "kind": "user", "team": "blue", "level": 7, "x": [1], "other": "y" });
        let full = context(&claims);
        let expected = IdentityContext {
            subject: Some("me@x".to_owned()),
            subject_type: Some("user".to_owned()),
            issuer: Some("idp.test".to_owned()),
            federated_provider_arn: Some(ARN.to_owned()),
            transaction: [("level", "7"), ("team", "blue")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        };
        assert!(full == expected, "{:?}", full.to_node());
        assert!(!format!("{full:?}").contains("me@x"));
        let origin = vec![Node::text("Issuer", "idp.test"), Node::text("FederatedProviderArn", ARN)];
        let node = context(&json!({ "email": {} })).to_node();
        let expected = vec![Node::Group("OriginIdentity", origin)];
        assert_eq!(node, Node::Group("TrustedIdentityPropagationContext", expected));
    }

    #[test]
    fn identity_context_refuses_long_transaction_values() {
        assert_eq!(context(&json!({ "team": "é".repeat(128) })).check(), Ok(()));
        let refusal = context(&json!({ "team": "é".repeat(129) })).check().expect_err("too long");
        assert_eq!((refusal.status, refusal.code), (400, "ValidationError"));
        assert!(refusal.message.contains("IdentityProvider/team") && !refusal.message.contains('é'));
    }

    #[test]
    fn origin_subject_follows_the_rules_of_the_service() {
        let code = |subject: &str| {
            let context = context(&json!({ "email": subject }));
            context.origin_subject().map(str::to_owned).map_err(|refusal| refusal.code)
        };
        assert_eq!(code("me at home"), Ok("me at home".to_owned()));
        for subject in ["", "  "] {
            assert_eq!(code(subject), Err("ValidationError"), "{subject:?}");
        }
        for subject in ["arn:x", "ARN:x", "aRn:", " me", "me ", "m\te", "m\u{200b}e", "m\u{a0}e"] {
            assert_eq!(code(subject), Err("AccessDenied"), "{subject:?}");
        }
        let mut nameless = context(&json!({ "email": "me" }));
        nameless.issuer = None;
        assert_eq!(nameless.origin_subject(), Ok("me"));
        nameless.federated_provider_arn = None;
        assert_eq!(nameless.origin_subject().expect_err("no provider").code, "ValidationError");
    }
}
