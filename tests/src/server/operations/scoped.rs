//! `GetScopedCredentials`: credentials of the caller's own session with fewer permissions or a shorter lifetime.

use super::Call;
use crate::server::keys::Session;
use crate::server::refusal::Refusal;
use crate::server::xml::Node;

/// The most policies that a session can collect.
const POLICIES_MAXIMUM: usize = 3;
/// The duration of a scoped session that neither the request nor the caller limits: the model's maximum, in seconds.
const DURATION_MAXIMUM: i64 = 129_600;

/// The refusal for a caller with long-term credentials.
pub(super) fn long_term_caller() -> Refusal {
    let message = "GetScopedCredentials can be called with temporary security credentials only";
    Refusal::new(400, "InvalidSubjectCredentials", message)
}

pub(crate) fn get_scoped_credentials(call: &Call<'_>) -> Result<Vec<Node>, Refusal> {
    let caller = call.caller()?;
    let (has_policy, has_duration) =
        (call.form.get("Policy").is_some(), call.form.get("DurationSeconds").is_some());
    if !has_policy && !has_duration {
        return Err(Refusal::validation("At least one of Policy and DurationSeconds must be specified"));
    }
    call.check_policy()?;
    let scoped_policies = caller.session.scoped_policies + usize::from(has_policy);
    if scoped_policies > POLICIES_MAXIMUM {
        return Err(Refusal::access_denied(format!(
            "User: {} cannot add a scoped policy: the session has {POLICIES_MAXIMUM} scoped policies already",
            caller.arn()
        )));
    }
    let requested = call.expires(DURATION_MAXIMUM);
    let expires = match caller.expires {
        Some(expires) if has_duration && requested > expires => {
            let remaining = (expires - call.now).whole_seconds();
            return Err(Refusal::new(
                400,
                "InsufficientSessionLifetime",
                format!("DurationSeconds exceeds the remaining {remaining} seconds of the calling session"),
            ));
        }
        Some(expires) if !has_duration => expires,
        // A temporary key that a test added has no expiration.
        _ => requested,
    };
    let session = Session { scoped_policies, ..caller.session.clone() };
    let issued = call.issue(caller.principal.clone(), expires, session)?;
    let info = vec![
        Node::text("ScopedSessionId", caller.principal.user_id()),
        Node::text("Arn", caller.principal.arn()),
    ];
    let mut members = vec![issued.credentials, Node::Group("SessionInfo", info)];
    members.extend(issued.token_size);
    members.push(Node::text("ScopedPoliciesCount", scoped_policies.to_string()));
    let source_identity = caller.session.source_identity.as_ref();
    members.extend(source_identity.map(|identity| Node::text("SourceIdentity", identity)));
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{ASSUME, IDENTITY, Reply, post};
    use super::super::super::{AccessKey, Principal, Role, Server};

    const DEVICE: &str = "&SerialNumber=arn:aws:iam::123456789012:mfa/alice&TokenCode=123456";

    fn server() -> Server {
        Server::start().expect("a server")
    }

    fn call(sts: &Server, key: &AccessKey, action: &str, rest: &str) -> Reply {
        post(sts, key, &format!("Action={action}&Version=2011-06-15{rest}"))
    }

    fn scope(sts: &Server, key: &AccessKey, rest: &str) -> Reply {
        call(sts, key, "GetScopedCredentials", rest)
    }

    fn assume(sts: &Server, rest: &str) -> Reply {
        post(sts, sts.user(), &format!("{ASSUME}{rest}"))
    }

    #[test]
    fn scoped_credentials_keep_identity_and_expiration() {
        let sts = server();
        let parent = assume(&sts, "&SourceIdentity=alice&DurationSeconds=1800");
        let more = "&Policy=%7B%7D&MinimumSessionTokenSize=2048&ScopedSessionDescription=backup+job";
        let reply = scope(&sts, &parent.credentials(), more);
        let members = [
            "Credentials",
            "Expiration",
            "SessionInfo",
            "ScopedSessionId",
            "Arn",
            "SessionTokenUtilization",
            "SessionTokenSize",
            "ScopedPoliciesCount",
            "SourceIdentity",
        ];
        let places: Vec<_> = members.iter().map(|name| reply.body.find(&format!("<{name}>"))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{reply:?}");
        let same = |name: &str, of_parent: &str| {
            assert!(reply.element(name).is_some(), "{name}");
            assert_eq!(reply.element(name), parent.element(of_parent), "{name}");
        };
        same("Expiration", "Expiration");
        same("ScopedSessionId", "AssumedRoleId");
        same("Arn", "Arn");
        same("SourceIdentity", "SourceIdentity");
        assert_eq!(reply.element("SessionTokenSize"), Some("2048"));

        let identity = post(&sts, &reply.credentials(), IDENTITY);
        assert_eq!(identity.element("Arn"), parent.element("Arn"));
        assert_eq!(identity.element("UserId"), parent.element("AssumedRoleId"));
        let chained = post(&sts, &reply.credentials(), ASSUME);
        assert_eq!(chained.element("SourceIdentity"), Some("alice"));
        let long = post(&sts, &reply.credentials(), &format!("{ASSUME}&DurationSeconds=3601"));
        assert!(long.error().2.contains("role chaining"), "the caller is a role session: {long:?}");
    }

    #[test]
    fn scoped_credentials_never_outlive_the_caller() {
        let sts = server();
        let parent = assume(&sts, "&DurationSeconds=900").credentials();
        let refused = scope(&sts, &parent, "&DurationSeconds=901");
        assert_eq!((refused.error().0, refused.error().1), (400, "InsufficientSessionLifetime"));
        let shorter = scope(&sts, &parent, "&DurationSeconds=60");
        assert_eq!(shorter.status, 200, "{shorter:?}");
        let refused = scope(&sts, &shorter.credentials(), "&DurationSeconds=61");
        assert_eq!(refused.error().1, "InsufficientSessionLifetime");
        sts.set_clock_offset(61);
        let expired = call(&sts, &shorter.credentials(), "GetCallerIdentity", "");
        assert_eq!(expired.error().1, "ExpiredToken");
    }

    #[test]
    fn scoped_policies_are_counted_up_to_three() {
        let sts = server();
        let mut key = assume(&sts, "").credentials();
        for (rest, count) in [
            ("&DurationSeconds=800", "0"),
            ("&Policy=%7B%7D", "1"),
            ("&Policy=%7B%7D&DurationSeconds=700", "2"),
            ("&Policy=%7B%7D", "3"),
            ("&DurationSeconds=600", "3"),
        ] {
            let reply = scope(&sts, &key, rest);
            assert_eq!(reply.element("ScopedPoliciesCount"), Some(count), "{rest}: {reply:?}");
            key = reply.credentials();
        }
        let fourth = scope(&sts, &key, "&Policy=%7B%7D");
        assert_eq!((fourth.error().0, fourth.error().1), (403, "AccessDenied"));
    }

    #[test]
    fn scoped_credentials_refuse_long_term_callers() {
        let sts = server();
        sts.add_key("AKIAROOTROOTROOTROOT", "secret", None, Principal::root("123456789012"));
        let root = AccessKey::long_term("AKIAROOTROOTROOTROOT", "secret", Principal::root("123456789012"));
        for key in [sts.user(), &root] {
            let refused = scope(&sts, key, "&DurationSeconds=60");
            assert_eq!((refused.error().0, refused.error().1), (400, "InvalidSubjectCredentials"));
        }
    }

    #[test]
    fn scoped_credentials_accept_every_temporary_caller() {
        let sts = server();
        sts.add_key("ASIAADDEDADDEDADDED0", "secret", Some("token"), sts.user().principal().clone());
        let added = AccessKey {
            session_token: Some("token".to_owned()),
            ..AccessKey::long_term("ASIAADDEDADDEDADDED0", "secret", sts.user().principal().clone())
        };
        let session = call(&sts, sts.user(), "GetSessionToken", "").credentials();
        let federated = call(&sts, sts.user(), "GetFederationToken", "&Name=bob").credentials();
        let user = sts.user().arn();
        let bob = "arn:aws:sts::123456789012:federated-user/bob";
        for (key, arn) in [(session, user), (federated, bob), (added, user)] {
            let reply = scope(&sts, &key, "&Policy=%7B%7D");
            assert_eq!(reply.element("Arn"), Some(arn), "{reply:?}");
            assert_eq!(reply.element("SourceIdentity"), None);
            assert_eq!(scope(&sts, &reply.credentials(), "&DurationSeconds=60").element("Arn"), Some(arn));
        }
    }

    #[test]
    fn scoped_credentials_keep_mfa_and_tags() {
        let sts = server();
        let role = |name: &str, condition: &str| {
            let policy = format!(
                r#"{{"Statement":{{"Effect":"Allow","Principal":"*","Action":["sts:AssumeRole","sts:TagSession"],
                "Condition":{condition}}}}}"#
            );
            let policy = policy.parse().expect("a policy");
            sts.add_role(Role::new(format!("arn:aws:iam::123456789012:role/{name}"), policy));
        };
        role("Open", "{}");
        role("Mfa", r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#);
        role("Tagged", r#"{"StringEquals":{"aws:PrincipalTag/Team":"blue"}}"#);
        let assume = |key: &AccessKey, role: &str, rest: &str| {
            let role = format!("&RoleSessionName=me&RoleArn=arn:aws:iam::123456789012:role/{role}");
            call(&sts, key, "AssumeRole", &format!("{role}{rest}"))
        };
        let session = call(&sts, sts.user(), "GetSessionToken", DEVICE).credentials();
        let scoped = scope(&sts, &session, "&Policy=%7B%7D").credentials();
        assert_eq!(assume(&scoped, "Mfa", "").status, 200);
        let tags = "&Tags.member.1.Key=Team&Tags.member.1.Value=blue";
        let session = assume(sts.user(), "Open", tags).credentials();
        let scoped = scope(&sts, &session, "&Policy=%7B%7D").credentials();
        assert_eq!(assume(&scoped, "Tagged", "").status, 200);
    }

    #[test]
    fn scoped_credentials_validate_their_parameters() {
        let sts = server();
        let key = assume(&sts, "").credentials();
        let missing = "At least one of Policy and DurationSeconds must be specified";
        assert_eq!(scope(&sts, &key, "").error(), (400, "ValidationError", missing));
        let description = "&ScopedSessionDescription=only+this";
        assert_eq!(scope(&sts, &key, description).error(), (400, "ValidationError", missing));
        for (rest, code) in [
            ("&DurationSeconds=0", "ValidationError"),
            ("&DurationSeconds=129601", "ValidationError"),
            ("&DurationSeconds=60&MinimumSessionTokenSize=4097", "ValidationError"),
            ("&DurationSeconds=60&ScopedSessionDescription=%7F%7F", "ValidationError"),
            ("&Policy=", "ValidationError"),
            ("&Policy=%5B%5D", "MalformedPolicyDocument"),
            ("&Policy=%7B", "MalformedPolicyDocument"),
        ] {
            let reply = scope(&sts, &key, rest);
            assert_eq!((reply.error().0, reply.error().1), (400, code), "{rest}");
        }
    }
}
