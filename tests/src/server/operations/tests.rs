use super::super::testing::{ASSUME, IDENTITY, Reply, exchange, post};
use super::super::{AccessKey, Server};
use super::*;

const ROLE: &str = "&RoleArn=arn:aws-cn:iam::210987654321:role/p/Web";

fn server() -> Server {
    Server::start().expect("a server")
}

pub(super) fn form(action: &str, rest: &str) -> String {
    format!("Action={action}&Version=2011-06-15{rest}")
}

pub(super) fn unsigned(sts: &Server, form: &str) -> Reply {
    let length = form.len();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
    );
    exchange(sts, format!("{head}{form}").as_bytes())
}

/// The names of a result's elements, in order.
pub(super) fn names(reply: &Reply) -> Vec<&str> {
    assert_eq!(reply.status, 200, "{reply:?}");
    let tags = reply.body.split('<').filter_map(|piece| piece.split_once('>')).map(|(tag, _)| tag);
    let inner = tags.filter(|tag| !tag.starts_with('/')).skip(2).take_while(|tag| *tag != "ResponseMetadata");
    inner.filter(|tag| !["AccessKeyId", "SecretAccessKey", "SessionToken", "Arn"].contains(tag)).collect()
}

fn arn(sts: &Server, key: &AccessKey) -> String {
    let reply = post(sts, key, IDENTITY);
    reply.element("Arn").unwrap_or_else(|| panic!("{reply:?}")).to_owned()
}

#[test]
fn assume_role_gives_a_working_session() {
    let sts = server();
    let before = clock::expiration(OffsetDateTime::now_utc() + Duration::seconds(900));
    let more = "&DurationSeconds=900&SourceIdentity=alice&Policy=%7B%7D&MinimumSessionTokenSize=2048\
         &Tags.member.1.Key=a&Tags.member.1.Value=b";
    let reply = post(&sts, sts.user(), &format!("{ASSUME}{more}"));
    let expected = [
        "Credentials",
        "Expiration",
        "AssumedRoleUser",
        "AssumedRoleId",
        "PackedPolicySize",
        "SourceIdentity",
        "SessionTokenUtilization",
        "SessionTokenSize",
    ];
    assert_eq!(names(&reply), expected);
    let sizes =
        ["PackedPolicySize", "SessionTokenUtilization", "SessionTokenSize"].map(|name| reply.element(name));
    assert_eq!(sizes, [Some("1"), Some("50"), Some("2048")]);
    assert!(reply.element("Expiration").expect("present") >= before.as_str());
    let key = reply.credentials();
    assert!(key.access_key_id().starts_with("ASIA") && key.session_token().map(str::len) == Some(2048));
    assert_eq!(arn(&sts, &key), "arn:aws:sts::123456789012:assumed-role/TestRole/sess1");
    let id = post(&sts, &key, IDENTITY).element("UserId").map(str::to_owned);
    assert_eq!(id.as_deref(), reply.element("AssumedRoleId"));

    let chained = post(&sts, &key, ASSUME);
    assert_eq!(chained.element("SourceIdentity"), Some("alice"), "it stays");
    assert!(!names(&chained).contains(&"PackedPolicySize"));
    let long = post(&sts, &key, &format!("{ASSUME}&DurationSeconds=3601"));
    assert_eq!((long.error().0, long.error().1), (400, "ValidationError"));
    assert!(long.error().2.contains("role chaining"));
}

#[test]
fn web_identity_and_saml_need_no_signature() {
    let sts = server();
    let token =
        super::super::tokens::jwt("RS256", &serde_json::json!({ "sub": "<s>", "iss": "i", "aud": "a" }));
    let rest = format!("{ROLE}&RoleSessionName=web&WebIdentityToken={token}");
    let reply = unsigned(&sts, &form("AssumeRoleWithWebIdentity", &rest));
    let expected = [
        "Credentials",
        "Expiration",
        "AssumedRoleUser",
        "AssumedRoleId",
        "SubjectFromWebIdentityToken",
        "Provider",
        "Audience",
        "SessionTokenUtilization",
        "SessionTokenSize",
    ];
    assert_eq!(names(&reply), expected);
    assert_eq!(reply.element("SubjectFromWebIdentityToken"), Some("&lt;s&gt;"));
    assert_eq!(arn(&sts, &reply.credentials()), "arn:aws-cn:sts::210987654321:assumed-role/Web/web");

    // <Response><NameID>bob</NameID></Response>
    let rest = format!(
        "{ROLE}&PrincipalArn=arn:aws:iam::210987654321:saml-provider/P\
         &SAMLAssertion=PFJlc3BvbnNlPjxOYW1lSUQ%2BYm9iPC9OYW1lSUQ%2BPC9SZXNwb25zZT4%3D"
    );
    let reply = unsigned(&sts, &form("AssumeRoleWithSAML", &rest));
    let expected = [
        "Credentials",
        "Expiration",
        "AssumedRoleUser",
        "AssumedRoleId",
        "Subject",
        "SubjectType",
        "Issuer",
        "Audience",
        "NameQualifier",
        "SessionTokenUtilization",
        "SessionTokenSize",
    ];
    assert_eq!(names(&reply), expected);
    assert_eq!(arn(&sts, &reply.credentials()), "arn:aws-cn:sts::210987654321:assumed-role/Web/bob");
}

#[test]
fn assume_root_gives_a_root_session() {
    let sts = server();
    let policy = "&TaskPolicyArn.arn=arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials";
    let reply =
        post(&sts, sts.user(), &form("AssumeRoot", &format!("&TargetPrincipal=210987654321{policy}")));
    assert_eq!(names(&reply), ["Credentials", "Expiration", "SessionTokenUtilization", "SessionTokenSize"]);
    assert_eq!(arn(&sts, &reply.credentials()), "arn:aws:iam::210987654321:root");
    let session = post(&sts, sts.user(), &format!("{ASSUME}&SourceIdentity=alice")).credentials();
    let target = form("AssumeRoot", &format!("&TargetPrincipal=arn:aws:iam::210987654321:root{policy}"));
    assert_eq!(post(&sts, &session, &target).element("SourceIdentity"), Some("alice"));
    for wrong in ["&TargetPrincipal=arn:aws:iam::1:root", "&TargetPrincipal=abcdefghijkl"] {
        let reply = post(&sts, sts.user(), &form("AssumeRoot", &format!("{wrong}{policy}")));
        assert_eq!(reply.error().1, "ValidationError", "{wrong}");
    }
}

#[test]
fn session_and_federation_tokens_are_limited() {
    let sts = server();
    let reply = post(&sts, sts.user(), &form("GetSessionToken", ""));
    assert_eq!(names(&reply), ["Credentials", "Expiration", "SessionTokenUtilization", "SessionTokenSize"]);
    let session = reply.credentials();
    assert_eq!(arn(&sts, &session), sts.user().arn());
    assert_eq!(post(&sts, &session, ASSUME).status, 200);
    let denied = post(&sts, &session, &form("GetSessionToken", ""));
    assert_eq!(denied.error(), (403, "AccessDenied", "Cannot call GetSessionToken with session credentials"));
    let info = form("GetAccessKeyInfo", "&AccessKeyId=AKIARZPUZDIKALICEKEY");
    assert_eq!(post(&sts, &session, &info).error().1, "AccessDenied");

    let reply = post(&sts, sts.user(), &form("GetFederationToken", "&Name=bob&Policy=%7B%7D"));
    let expected = [
        "Credentials",
        "Expiration",
        "FederatedUser",
        "FederatedUserId",
        "PackedPolicySize",
        "SessionTokenUtilization",
        "SessionTokenSize",
    ];
    assert_eq!(names(&reply), expected);
    assert_eq!(reply.element("FederatedUserId"), Some("123456789012:bob"));
    let federated = reply.credentials();
    assert_eq!(arn(&sts, &federated), "arn:aws:sts::123456789012:federated-user/bob");
    assert_eq!(post(&sts, &federated, ASSUME).error().1, "AccessDenied");

    sts.add_key("AKIAROOTROOTROOTROOT", "secret", None, Principal::root("123456789012"));
    let root = AccessKey {
        access_key_id: "AKIAROOTROOTROOTROOT".to_owned(),
        secret_access_key: "secret".to_owned(),
        ..sts.user().clone()
    };
    assert_eq!(post(&sts, &root, ASSUME).error().2, "Roles may not be assumed by root accounts.");
    let reply = post(&sts, &root, &form("GetSessionToken", "&DurationSeconds=43200"));
    let latest = clock::expiration(OffsetDateTime::now_utc() + Duration::seconds(3600));
    assert!(reply.element("Expiration").expect("present") <= latest.as_str());
}

#[test]
fn delegated_access_stands_for_a_role_session() {
    let sts = server();
    let reply = post(&sts, sts.user(), &form("GetDelegatedAccessToken", "&TradeInToken=abc"));
    assert_eq!(names(&reply), ["Credentials", "Expiration", "AssumedPrincipal"]);
    assert_eq!(Some(&*arn(&sts, &reply.credentials())), reply.element("AssumedPrincipal"));
}

#[test]
fn tells_what_it_is_asked() {
    let sts = server();
    let call = |action, rest: &str| post(&sts, sts.user(), &form(action, rest));
    assert_eq!(names(&call("GetCallerIdentity", "")), ["UserId", "Account"]);
    for id in ["AKIARZPUZDIKALICEKEY", &ids::access_key_id("ASIA", "123456789012")] {
        let reply = call("GetAccessKeyInfo", &format!("&AccessKeyId={id}"));
        assert_eq!(reply.element("Account"), Some("123456789012"), "{id}");
    }
    assert_eq!(call("GetAccessKeyInfo", "&AccessKeyId=AKIAIOSFODNN7EXAMPLE").error().1, "ValidationError");

    let message = sts.encode_authorization_message(r#"{"a":"<b>"}"#);
    let reply = call("DecodeAuthorizationMessage", &format!("&EncodedMessage={message}"));
    assert_eq!(reply.element("DecodedMessage"), Some(r#"{"a":"&lt;b&gt;"}"#));
    let reply = call("DecodeAuthorizationMessage", "&EncodedMessage=nonsense");
    assert_eq!((reply.error().0, reply.error().1), (400, "InvalidAuthorizationMessageException"));

    let reply = call("GetWebIdentityToken", "&Audience.member.1=a&SigningAlgorithm=ES384&DurationSeconds=60");
    assert_eq!(names(&reply), ["WebIdentityToken", "Expiration"]);
    let token = reply.element("WebIdentityToken").expect("a token");
    let identity = super::super::tokens::WebIdentity::decode(token, None, OffsetDateTime::now_utc());
    let identity = identity.expect("its own token");
    assert_eq!((&*identity.subject, identity.audience.as_deref()), (sts.user().arn(), Some("a")));
}

#[test]
fn refuses_what_sts_refuses() {
    let sts = server();
    let call = |form: &str| post(&sts, sts.user(), form);
    assert_eq!(call("Version=2011-06-15").error(), (400, "MissingAction", "Missing Action"));
    let unknown = "Could not find operation X for version 2011-06-15";
    assert_eq!(call("Action=X&Version=2011-06-15").error(), (400, "InvalidAction", unknown));
    let version = "Could not find operation AssumeRole for version 2012-01-01";
    assert_eq!(call("Action=AssumeRole&Version=2012-01-01").error(), (400, "InvalidAction", version));
    let none = "Could not find operation AssumeRole for version NO_VERSION_SPECIFIED";
    assert_eq!(call("Action=AssumeRole").error(), (400, "InvalidAction", none));
    assert_eq!(call(&format!("{ASSUME}&RoleArn=x")).error().1, "MalformedInput");
    assert_eq!(call(&form("AssumeRole", "")).error().1, "ValidationError");
    assert_eq!(call(&format!("{ASSUME}&Policy=%5B%5D")).error().1, "MalformedPolicyDocument");
    for role in [
        "arn:aws:iam::123456789012:user/U",
        "arn:aws:iam::1:role/RRRRRR",
        "arn:aws:iam::123456789012:roles/R",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        let reply = call(&form("AssumeRole", &format!("&RoleSessionName=me&RoleArn={role}")));
        assert_eq!(reply.error(), (400, "ValidationError", &*format!("{role} is invalid")));
    }
    assert_eq!(unsigned(&sts, ASSUME).error().1, "MissingAuthenticationToken");
    let bare = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{ASSUME}", ASSUME.len());
    assert_eq!(
        exchange(&sts, bare.as_bytes()).error().1,
        "MissingAction",
        "a body that does not say it is a form"
    );
}

#[test]
fn server_beyond_model_answers_what_the_model_refuses() {
    let call = |sts: &Server, form: &str| post(sts, sts.user(), form);
    let name = "n".repeat(200);
    let long = form("AssumeRole", &format!("{ROLE}&RoleSessionName={name}%3A&DurationSeconds=50000"));
    let refused = call(&server(), &long);
    assert_eq!((refused.error().0, refused.error().1), (400, "ValidationError"));
    assert!(refused.error().2.starts_with("3 validation errors detected: "), "{refused:?}");

    let sts = Server::with(super::super::Options::new().accept_beyond_model()).expect("a server");
    let reply = call(&sts, &long);
    let arn = format!("arn:aws-cn:sts::210987654321:assumed-role/Web/{name}:");
    assert_eq!(reply.element("Arn"), Some(&*arn), "{reply:?}");
    let algorithm = form("GetWebIdentityToken", "&Audience.member.1=a&SigningAlgorithm=ES512");
    let refusal = (400, "ValidationError", "This server cannot sign tokens with ES512");
    assert_eq!(call(&sts, &algorithm).error(), refusal);
    let size = format!("{ASSUME}&MinimumSessionTokenSize=99999999999");
    let refusal = (400, "ValidationError", "MinimumSessionTokenSize must be at most 65536");
    assert_eq!(call(&sts, &size).error(), refusal);
    assert_eq!(sts.requests().len(), 3, "refused requests are logged");
}
