//! May they: MFA, trust policies, and how long.

use super::Call;
use crate::server::form::Member;
use crate::server::iam::Found;
use crate::server::iam::context::{Asker, Context};
use crate::server::keys::{Kind, SessionTag};
use crate::server::refusal::Refusal;
use crate::server::tokens::{SamlAssertion, WebIdentity};

const ROLE_DURATION: i64 = 3600;

/// Whether the caller showed a code of its device, now or when it got its session. A wrong code is refused.
pub(super) fn check_mfa(call: &Call<'_>) -> Result<bool, Refusal> {
    let caller = call.caller()?;
    let refused =
        |message: &str| Refusal::access_denied(format!("MultiFactorAuthentication failed{message}"));
    let (serial, code) = match (call.form.get("SerialNumber"), call.form.get("TokenCode")) {
        (None, None) => return Ok(caller.session.mfa),
        (Some(serial), Some(code)) => (serial, code),
        _ => return Err(refused(", must provide both MFA serial number and one time pass code.")),
    };
    let directory = call.service.directory();
    let device = directory.device(caller.arn(), serial).ok_or_else(|| {
        refused(
            ", unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this \
             user.",
        )
    })?;
    if !device.accepts(code, call.now.unix_timestamp()) {
        return Err(refused(" with invalid MFA one time pass code. "));
    }
    Ok(true)
}

/// What `AssumeRole` itself brings. The rest is in every request for a role.
pub(super) fn of_caller(call: &Call<'_>, mfa: bool) -> Result<Context, Refusal> {
    let caller = call.caller()?;
    let mut context = Context::default();
    context.add("aws:PrincipalArn", caller.arn());
    context.add("aws:PrincipalAccount", caller.account());
    context.add("aws:userid", caller.principal.user_id());
    if caller.principal.kind == Kind::User {
        let name = caller.arn().rsplit('/').next().unwrap_or_default();
        context.add("aws:username", name);
    }
    for tag in &caller.session.tags {
        context.add(&format!("aws:PrincipalTag/{}", tag.key), &tag.value);
    }
    // Long-term keys leave the key out; temporary ones always have it.
    if mfa || caller.session_token.is_some() {
        context.add("aws:MultiFactorAuthPresent", mfa.to_string());
    }
    if let Some(id) = call.form.get("ExternalId") {
        context.add("sts:ExternalId", id);
    }
    Ok(context)
}

/// The tags of the session that is asked for: its own, and those that its parent hands on.
pub(super) fn session_tags(call: &Call<'_>) -> Result<Vec<SessionTag>, Refusal> {
    let parent = call.caller.map(|caller| caller.session.tags.as_slice()).unwrap_or_default();
    let mut tags: Vec<_> = parent.iter().filter(|tag| tag.transitive).cloned().collect();
    let inherited = tags.len();
    let transitive = call.form.list("TransitiveTagKeys")?.unwrap_or_default();
    for tag in call.form.list("Tags")?.unwrap_or_default() {
        let (Some(&key), Some(&value)) = (tag.get("Key"), tag.get("Value")) else { continue };
        if tags[..inherited].iter().any(|other| other.key.eq_ignore_ascii_case(key)) {
            let message =
                format!("The session tag {key} is inherited from the calling session and cannot be set");
            return Err(Refusal::validation(message));
        }
        let named = |member: &Member<'_>| member.get("").is_some_and(|name| name.eq_ignore_ascii_case(key));
        let transitive = transitive.iter().any(named);
        tags.push(SessionTag { key: key.to_owned(), value: value.to_owned(), transitive });
    }
    Ok(tags)
}

/// What a token brings.
pub(super) fn of_web_identity(identity: &WebIdentity) -> Context {
    let name = identity.provider_name();
    let mut context = Context::default();
    context.add(&format!("{name}:sub"), &identity.subject);
    if let Some(audience) = &identity.audience {
        context.add(&format!("{name}:aud"), audience);
    }
    context
}

/// What an assertion brings.
pub(super) fn of_assertion(assertion: &SamlAssertion) -> Context {
    let mut context = Context::default();
    context.add("saml:sub", &assertion.subject);
    context.add("saml:sub_type", &assertion.subject_type);
    context.add("saml:iss", &assertion.issuer);
    context.add("saml:aud", &assertion.audience);
    context
}

/// Refuses the role to those whom it does not trust, and sessions that are too long for it.
pub(super) fn check_role(
    call: &Call<'_>,
    action: &str,
    asker: Asker<'_>,
    session: &str,
    source_identity: Option<&str>,
    mut context: Context,
) -> Result<(), Refusal> {
    let arn = call.required("RoleArn");
    let mut actions = vec![action];
    context.add("sts:RoleSessionName", session);
    if let Some(identity) = source_identity {
        context.add("sts:SourceIdentity", identity);
        actions.push("SetSourceIdentity");
    }
    let tags = call.form.list("Tags")?.unwrap_or_default();
    for tag in &tags {
        if let (Some(key), Some(value)) = (tag.get("Key"), tag.get("Value")) {
            context.add(&format!("aws:RequestTag/{key}"), *value);
            context.add("aws:TagKeys", *key);
        }
    }
    for key in call.form.list("TransitiveTagKeys")?.unwrap_or_default() {
        context.add("sts:TransitiveTagKeys", key.get("").copied().unwrap_or_default());
    }
    if !tags.is_empty() {
        actions.push("TagSession");
    }
    let directory = call.service.directory();
    let role = directory.role(arn);
    let allows = |action: &&str| match &role {
        Found::Any => true,
        Found::Role(role) => role.trust.allows(&format!("sts:{action}"), asker, &context),
        Found::None => false,
    };
    if let Some(refused) = actions.iter().find(|action| !allows(action)) {
        // What is unknown and what is forbidden look alike, as with AWS.
        return Err(Refusal::access_denied(match asker {
            Asker::Aws(principal) => {
                let who = principal.arn();
                format!("User: {who} is not authorized to perform: sts:{refused} on resource: {arn}")
            }
            Asker::Federated { .. } => format!("Not authorized to perform sts:{refused}"),
        }));
    }
    let duration = call.duration(ROLE_DURATION).whole_seconds();
    if role.max_session_duration().is_some_and(|maximum| duration > maximum) {
        let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(Refusal::validation(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{IDENTITY, exchange, post};
    use super::super::super::{AccessKey, Mfa, Principal, Role, Server};

    const ASSUME: &str =
        "Action=AssumeRole&Version=2011-06-15&RoleSessionName=me&RoleArn=arn:aws:iam::123456789012:role/";

    fn policy(condition: &str) -> String {
        format!(
            r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"123456789012"}},
            "Action":["sts:AssumeRole","sts:TagSession"],"Condition":{condition}}}}}"#
        )
    }

    fn server(roles: &[(&str, &str)]) -> Server {
        let sts = Server::start().expect("a server");
        for (name, condition) in roles {
            let policy = policy(condition).parse().expect("a policy");
            sts.add_role(Role::new(format!("arn:aws:iam::123456789012:role/{name}"), policy));
        }
        sts
    }

    /// The code and message of a refusal, or nothing.
    fn outcome(sts: &Server, key: &AccessKey, rest: &str) -> (u16, String, String) {
        let reply = post(sts, key, &format!("{ASSUME}{rest}"));
        let (status, code, message) = reply.error();
        (status, code.to_owned(), message.to_owned())
    }

    #[test]
    fn only_declared_roles_exist_and_only_for_those_they_trust() {
        let sts = server(&[("Open", "{}"), ("Partner", r#"{"StringEquals":{"sts:ExternalId":"abc"}}"#)]);
        let denied = |who: &str, action: &str, role: &str| {
            let message = format!(
                "User: {who} is not authorized to perform: sts:{action} on resource: arn:aws:iam::123456789012:role/{role}"
            );
            (403, "AccessDenied".to_owned(), message)
        };
        let alice = sts.user();
        assert_eq!(outcome(&sts, alice, "Open").0, 200);
        assert_eq!(outcome(&sts, alice, "Other"), denied(alice.arn(), "AssumeRole", "Other"));
        assert_eq!(outcome(&sts, alice, "Partner"), denied(alice.arn(), "AssumeRole", "Partner"));
        assert_eq!(outcome(&sts, alice, "Partner&ExternalId=abd").0, 403);
        assert_eq!(outcome(&sts, alice, "Partner&ExternalId=abc").0, 200);
        let tags = "Open&Tags.member.1.Key=a&Tags.member.1.Value=b";
        assert_eq!(outcome(&sts, alice, tags).0, 200);
        let identity = outcome(&sts, alice, "Open&SourceIdentity=alice");
        assert_eq!(identity, denied(alice.arn(), "SetSourceIdentity", "Open"));

        sts.add_key("AKIASTRANGER", "secret", None, Principal::user("210987654321", "eve"));
        let eve = AccessKey {
            access_key_id: "AKIASTRANGER".to_owned(),
            secret_access_key: "secret".to_owned(),
            ..alice.clone()
        };
        assert_eq!(
            outcome(&sts, &eve, "Open"),
            denied("arn:aws:iam::210987654321:user/eve", "AssumeRole", "Open")
        );
        assert_eq!(post(&sts, &eve, IDENTITY).status, 200);

        let web = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=me\
             &WebIdentityToken=e30.eyJzdWIiOiJzIiwiaXNzIjoiaSJ9.e30&RoleArn=arn:aws:iam::123456789012:role/Open";
        let head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n";
        let reply = exchange(&sts, format!("{head}Content-Length: {}\r\n\r\n{web}", web.len()).as_bytes());
        let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
        assert_eq!(reply.error(), (403, "AccessDenied", message));
    }

    #[test]
    fn sessions_are_no_longer_than_the_role_allows() {
        let sts = server(&[("Short", "{}")]);
        let role = Role::new("arn:aws:iam::123456789012:role/Long", policy("{}").parse().expect("a policy"));
        sts.add_role(role.max_session_duration(7200));
        assert_eq!(outcome(&sts, sts.user(), "Short&DurationSeconds=3600").0, 200);
        let refused = outcome(&sts, sts.user(), "Short&DurationSeconds=3601");
        let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        assert_eq!(refused, (400, "ValidationError".to_owned(), message.to_owned()));
        assert_eq!(outcome(&sts, sts.user(), "Long&DurationSeconds=7200").0, 200);
    }

    #[test]
    fn transitive_tags_are_handed_on() {
        let tagged = r#"{"StringEquals":{"aws:PrincipalTag/Team":"blue"}}"#;
        let sts = server(&[("Open", "{}"), ("Tagged", tagged)]);
        let tag = |key: &str, n: u8| format!("&Tags.member.{n}.Key={key}&Tags.member.{n}.Value=blue");
        assert_eq!(
            outcome(&sts, sts.user(), &format!("Tagged{}", tag("Team", 1))).0,
            403,
            "of the caller, not asked for"
        );
        let assume = |key: &AccessKey, rest: &str| post(&sts, key, &format!("{ASSUME}{rest}")).credentials();
        let tags = format!("Open{}{}&TransitiveTagKeys.member.1=team", tag("Team", 1), tag("Other", 2));
        let first = assume(sts.user(), &tags);
        let second = assume(&first, "Tagged");
        let third = assume(&assume(&second, "Tagged"), "Tagged");
        assert_eq!(
            outcome(&sts, &third, &format!("Open{}", tag("other", 1))).0,
            200,
            "that one was not transitive"
        );
        let refused = outcome(&sts, &third, &format!("Open{}", tag("TEAM", 1)));
        assert_eq!((refused.0, &*refused.1), (400, "ValidationError"));
    }

    #[test]
    fn codes_of_devices() {
        let sts = server(&[("Mfa", r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#)]);
        let alice = sts.user();
        let device = "&SerialNumber=arn:aws:iam::123456789012:mfa/alice&TokenCode=";
        assert_eq!(outcome(&sts, alice, "Mfa").0, 403);
        assert_eq!(outcome(&sts, alice, &format!("Mfa{device}123456")).0, 200);
        let wrong = outcome(&sts, alice, &format!("Mfa{device}654321"));
        let message = "MultiFactorAuthentication failed with invalid MFA one time pass code. ";
        assert_eq!(wrong, (403, "AccessDenied".to_owned(), message.to_owned()));
        let half = outcome(&sts, alice, "Mfa&TokenCode=123456").2;
        assert!(half.contains("must provide both"), "{half}");
        let unknown = outcome(&sts, alice, "Mfa&TokenCode=123456&SerialNumber=GAHT12345678").2;
        assert!(unknown.contains("unable to validate MFA code"), "{unknown}");

        // A session that was got with a code counts, one without does not.
        let session = "Action=GetSessionToken&Version=2011-06-15";
        let plain = post(&sts, alice, session).credentials();
        assert_eq!(outcome(&sts, &plain, "Mfa").0, 403);
        let shown = post(&sts, alice, &format!("{session}{device}123456")).credentials();
        assert_eq!(outcome(&sts, &shown, "Mfa").0, 200);

        let totp = Mfa::totp("GAHT12345678", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").expect("base32");
        let code = totp.code(time::OffsetDateTime::now_utc().unix_timestamp());
        sts.add_mfa(alice.arn(), totp);
        assert_eq!(outcome(&sts, alice, &format!("Mfa&TokenCode={code}&SerialNumber=GAHT12345678")).0, 200);
    }
}
