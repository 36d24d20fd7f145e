//! Answers that make somebody else of the caller: the four `AssumeRo…` operations.

use super::{Call, trust};
use crate::server::constraint::Enforcement;
use crate::server::iam::context::Asker;
use crate::server::iam::identity_context::IdentityContext;
use crate::server::keys::{Kind, Principal, Session};
use crate::server::oidc;
use crate::server::refusal::Refusal;
use crate::server::tokens::{self, SamlAssertion, WebIdentity};
use crate::server::xml::Node;

const ROLE_DURATION: i64 = 3600;
/// The most that a role can hand on to another role.
const CHAINED_DURATION: i64 = 3600;
const ROOT_DURATION: i64 = 900;

/// `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`, of which a session keeps all but the path.
struct Role<'a> {
    partition: &'a str,
    account: &'a str,
    name: &'a str,
}

impl<'a> Role<'a> {
    fn parse(arn: &'a str) -> Result<Self, Refusal> {
        let parts: Vec<_> = arn.splitn(6, ':').collect();
        if let ["arn", partition, "iam", "", account, resource] = parts[..]
            && is_account(account)
            && let Some((_, name)) = resource.strip_prefix("role").and_then(|path| path.rsplit_once('/'))
            && resource.starts_with("role/")
            && !partition.is_empty()
            && !name.is_empty()
        {
            return Ok(Self { partition, account, name });
        }
        Err(Refusal::validation(format!("{arn} is invalid")))
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(crate) fn assume_role(call: &Call<'_>) -> Result<Vec<Node>, Refusal> {
    let caller = call.caller()?;
    if caller.principal.kind == Kind::RoleSession
        && call.duration(ROLE_DURATION).whole_seconds() > CHAINED_DURATION
    {
        let message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return Err(Refusal::validation(message));
    }
    for context in call.form.list("ProvidedContexts")?.unwrap_or_default() {
        if let Some(assertion) = context.get("ContextAssertion") {
            tokens::check_context_assertion(assertion, call.now)?;
        }
    }
    // A source identity stays with whoever carries it once.
    let source_identity =
        caller.session.source_identity.as_deref().or_else(|| call.form.get("SourceIdentity"));
    let role = Role::parse(call.required("RoleArn"))?;
    let session = call.required("RoleSessionName");
    let mfa = trust::check_mfa(call)?;
    let asker = Asker::Aws(&caller.principal);
    trust::check_role(call, "AssumeRole", asker, session, source_identity, trust::of_caller(call, mfa)?)?;
    let carried = Session {
        source_identity: source_identity.map(str::to_owned),
        identity_context: caller.session.identity_context.clone(),
        ..Session::default()
    };
    assume(call, &role, session, carried, vec![])
}

pub(crate) fn assume_role_with_saml(call: &Call<'_>) -> Result<Vec<Node>, Refusal> {
    let assertion = SamlAssertion::decode(call.required("SAMLAssertion"))?;
    let provider = call.required("PrincipalArn");
    let facts = vec![
        Node::text("Subject", &assertion.subject),
        Node::text("SubjectType", &assertion.subject_type),
        Node::text("Issuer", &assertion.issuer),
        Node::text("Audience", &assertion.audience),
        Node::text("NameQualifier", assertion.name_qualifier(provider)),
    ];
    let role = Role::parse(call.required("RoleArn"))?;
    let asker = Asker::Federated { arn: provider, name: provider };
    let (session, source_identity) = (assertion.session_name(), assertion.attribute("SourceIdentity"));
    let context = trust::of_assertion(&assertion);
    trust::check_role(call, "AssumeRoleWithSAML", asker, session, source_identity, context)?;
    let identity_context = IdentityContext::from_assertion(&assertion, provider);
    assume_federated(call, &role, session, source_identity, identity_context, facts)
}

pub(crate) fn assume_role_with_web_identity(call: &Call<'_>) -> Result<Vec<Node>, Refusal> {
    let (token, provider_id) = (call.required("WebIdentityToken"), call.form.get("ProviderId"));
    let identity = WebIdentity::decode(token, provider_id, call.now)?;
    // An access token is for its provider to understand, whom this server cannot ask.
    if provider_id.is_none() {
        oidc::check(call.service, token, &identity, call.now)?;
    }
    let mut facts = vec![
        Node::text("SubjectFromWebIdentityToken", &identity.subject),
        Node::text("Provider", &identity.provider),
    ];
    facts.extend(identity.audience.as_deref().map(|audience| Node::text("Audience", audience)));
    let role = Role::parse(call.required("RoleArn"))?;
    let session = call.required("RoleSessionName");
    let name = identity.provider_name();
    let arn = format!("arn:{}:iam::{}:oidc-provider/{name}", role.partition, role.account);
    let asker = Asker::Federated { arn: &arn, name };
    let (source_identity, context) = (identity.source_identity.as_deref(), trust::of_web_identity(&identity));
    trust::check_role(call, "AssumeRoleWithWebIdentity", asker, session, source_identity, context)?;
    let identity_context = identity_context(call, &identity, &arn);
    assume_federated(call, &role, session, source_identity, identity_context, facts)
}

/// The identity context that the declared provider of a token configures.
fn identity_context(call: &Call<'_>, identity: &WebIdentity, provider_arn: &str) -> Option<IdentityContext> {
    // An access token has no claims that this server could read.
    if call.form.get("ProviderId").is_some() {
        return None;
    }
    let directory = call.service.directory();
    let provider = directory.providers().iter().find(|provider| provider.issuer == identity.provider)?;
    let names = provider.identity_context.as_ref()?;
    Some(IdentityContext::from_claims(names, &identity.claims, identity.provider_name(), provider_arn))
}

/// Assumes a role with the identity context of the provider, and ends the reply with it.
fn assume_federated(
    call: &Call<'_>,
    role: &Role<'_>,
    session: &str,
    source_identity: Option<&str>,
    identity_context: Option<IdentityContext>,
    facts: Vec<Node>,
) -> Result<Vec<Node>, Refusal> {
    if let Some(context) = &identity_context
        && call.service.enforcement == Enforcement::Model
    {
        context.check()?;
    }
    let node = identity_context.as_ref().map(IdentityContext::to_node);
    let source_identity = source_identity.map(str::to_owned);
    let carried = Session { source_identity, identity_context, ..Session::default() };
    let mut members = assume(call, role, session, carried, facts)?;
    members.extend(node);
    Ok(members)
}

fn assume(
    call: &Call<'_>,
    role: &Role<'_>,
    session: &str,
    carried: Session,
    facts: Vec<Node>,
) -> Result<Vec<Node>, Refusal> {
    call.check_policy()?;
    let principal = Principal::role_session_in(role.partition, role.account, role.name, session);
    let user = Node::Group(
        "AssumedRoleUser",
        vec![Node::text("AssumedRoleId", principal.user_id()), Node::text("Arn", principal.arn())],
    );
    let tags = trust::session_tags(call)?;
    let source_identity = carried.source_identity.clone();
    let issued = call.issue(principal, call.expires(ROLE_DURATION), Session { tags, ..carried })?;
    let mut members = vec![issued.credentials, user];
    members.extend(facts);
    members.extend(call.packed_policy_size()?);
    members.extend(source_identity.map(|identity| Node::text("SourceIdentity", identity)));
    members.extend(issued.token_size);
    Ok(members)
}

pub(crate) fn assume_root(call: &Call<'_>) -> Result<Vec<Node>, Refusal> {
    let caller = call.caller()?;
    let target = call.required("TargetPrincipal");
    let parts: Vec<_> = target.split(':').collect();
    let (partition, account) = match parts[..] {
        [account] => (caller.principal.partition.as_str(), account),
        ["arn", partition, "iam", "", account, "root"] => (partition, account),
        _ => ("", ""),
    };
    if !is_account(account) || partition.is_empty() {
        return Err(Refusal::validation(format!("{target} is invalid")));
    }
    let policy = call.required("TaskPolicyArn.arn");
    if !policy.contains(":iam::aws:policy/root-task/") {
        return Err(Refusal::validation(format!("{policy} is not a task policy for root sessions")));
    }
    let principal = Principal::root_in(partition, account);
    let source_identity = caller.session.source_identity.clone();
    let session = Session { source_identity: source_identity.clone(), ..Session::default() };
    let issued = call.issue(principal, call.expires(ROOT_DURATION), session)?;
    let mut members = vec![issued.credentials];
    members.extend(source_identity.map(|identity| Node::text("SourceIdentity", identity)));
    members.extend(issued.token_size);
    Ok(members)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::super::super::testing::{ASSUME, Reply, post};
    use super::super::super::{IdentityContextClaims, OidcProvider, Options, Server, TokenAlgorithm};
    use super::super::tests::{form, names, unsigned};

    const ROLE: &str = "&RoleArn=arn:aws:iam::123456789012:role/Web";

    fn web_identity(options: Options, claims: &serde_json::Value) -> Reply {
        let sts = Server::with(options).expect("a server");
        let names = IdentityContextClaims::new("email").subject_type("kind").transaction(["team", "cost"]);
        sts.add_oidc_provider(OidcProvider::new("https://idp.test/x", ["a"]).identity_context(names));
        sts.add_oidc_provider(OidcProvider::new("https://plain.test", ["a"]));
        let token = sts.mint_token(claims, TokenAlgorithm::Es384).expect("a token");
        let rest = format!("{ROLE}&RoleSessionName=web&WebIdentityToken={token}");
        unsigned(&sts, &form("AssumeRoleWithWebIdentity", &rest))
    }

    #[test]
    fn web_identity_reply_ends_with_the_identity_context() {
        let claims = json!({
            "iss": "https://idp.test/x", "aud": "a", "sub": "me", "email": "me@x", "kind": "user", "team": "blue",
            "cost": 7,
        });
        let reply = web_identity(Options::new(), &claims);
        let expected = [
            "SessionTokenSize",
            "TrustedIdentityPropagationContext",
            "OriginIdentity",
            "Subject",
            "SubjectType",
            "Issuer",
            "FederatedProviderArn",
            "TransactionContext",
            "IdentityProvider",
            "entry",
            "key",
            "value",
            "entry",
            "key",
            "value",
        ];
        assert!(names(&reply).ends_with(&expected), "{reply:?}");
        for (name, value) in [
            ("Subject", "me@x"),
            ("SubjectType", "user"),
            ("Issuer", "idp.test/x"),
            ("FederatedProviderArn", "arn:aws:iam::123456789012:oidc-provider/idp.test/x"),
            ("key", "cost"),
            ("value", "7"),
        ] {
            assert_eq!(reply.element(name), Some(value), "{reply:?}");
        }
    }

    #[test]
    fn web_identity_reply_has_no_identity_context_unless_configured() {
        let claims = json!({ "iss": "https://plain.test", "aud": "a", "sub": "me", "email": "me@x" });
        let reply = web_identity(Options::new(), &claims);
        assert_eq!(names(&reply).last(), Some(&"SessionTokenSize"), "{reply:?}");
    }

    #[test]
    fn web_identity_refuses_long_transaction_values_of_the_model() {
        let claims = json!({ "iss": "https://idp.test/x", "aud": "a", "sub": "me", "team": "b".repeat(129) });
        let reply = web_identity(Options::new(), &claims);
        assert_eq!((reply.error().0, reply.error().1), (400, "ValidationError"));
        let beyond = web_identity(Options::new().accept_beyond_model(), &claims);
        assert_eq!(beyond.element("value").map(str::len), Some(129), "{beyond:?}");
    }

    #[test]
    fn assume_role_refuses_expired_context_assertions() {
        let sts = Server::start().expect("a server");
        let assume = |assertion: &str| {
            let arn = "arn:aws:iam::aws:contextProvider/IdentityCenter";
            let member = "&ProvidedContexts.member.1";
            let context = format!("{member}.ProviderArn={arn}{member}.ContextAssertion={assertion}");
            post(&sts, sts.user(), &format!("{ASSUME}{context}"))
        };
        assert_eq!(assume("opaque").status, 200);
        let expired = sts.mint_token(&json!({ "exp": 1 }), TokenAlgorithm::Es384).expect("a token");
        let message = "The context assertion provided is expired";
        assert_eq!(assume(&expired).error(), (400, "InvalidContextAssertion", message));
    }

    #[test]
    fn saml_reply_ends_with_the_identity_context_of_the_attributes() {
        let sts = Server::start().expect("a server");
        let provider = "arn:aws:iam::123456789012:saml-provider/P";
        let assume = |attributes: &[(&str, &str)]| {
            let attributes: String = attributes
                .iter()
                .map(|(name, value)| {
                    format!(
                        "<Attribute Name=\"https://aws.amazon.com/SAML/Attributes/{name}\">\
                         <AttributeValue>{value}</AttributeValue></Attribute>"
                    )
                })
                .collect();
            let certificate = "<ds:X509Certificate>MIIB</ds:X509Certificate>";
            let xml = format!("<Assertion>{certificate}<NameID>bob</NameID>{attributes}</Assertion>");
            let xml = STANDARD.encode(xml);
            let xml = form_urlencoded::byte_serialize(xml.as_bytes()).collect::<String>();
            let rest = format!("{ROLE}&PrincipalArn={provider}&SAMLAssertion={xml}");
            unsigned(&sts, &form("AssumeRoleWithSAML", &rest))
        };
        let plain = assume(&[("RoleSessionName", "bobby")]);
        assert_eq!(names(&plain).last(), Some(&"SessionTokenSize"), "{plain:?}");
        let reply = assume(&[
            ("RoleSessionName", "bobby"),
            ("OriginIdentity:Subject", "bob@x"),
            ("OriginIdentity:SubjectType", "user"),
            ("TransactionContext:team", "blue"),
        ]);
        assert!(reply.element("AssumedRoleId").is_some_and(|id| id.ends_with(":bobby")), "{reply:?}");
        let (_, context) = reply.body.split_once("<TrustedIdentityPropagationContext>").expect("a context");
        let context = Reply { body: context.to_owned(), ..reply };
        for (name, value) in [
            ("Subject", "bob@x"),
            ("SubjectType", "user"),
            ("FederatedProviderArn", provider),
            ("key", "team"),
            ("value", "blue"),
        ] {
            assert_eq!(context.element(name), Some(value), "{context:?}");
        }
        assert_eq!(context.element("Issuer").map(str::len), Some(16), "a hash");
    }
}
