//! The services beside STS that hand out credentials: instance metadata, the container endpoint, SSO's portal.
//!
//! All on the server's own port, told apart by path. Faults strike them as they strike STS.

use std::collections::VecDeque;

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::answers::Answer;
use super::clock;
use super::control::json_reply;
use super::ids;
use super::keys::{AccessKey, Principal};
use super::oidc;
use super::request::Request;
use super::service::Service;

/// Tokens that are remembered; the oldest is forgotten first.
const TOKENS_LIMIT: usize = 1000;
const REGION: &str = "us-east-1";
const CREDENTIALS_DURATION: Duration = Duration::hours(6);
const SSO_DURATION: Duration = Duration::hours(1);
/// The longest life of an IMDSv2 token, in seconds.
const TOKEN_MAXIMUM: i64 = 21_600;
const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";

/// What a client of the metadata services needs to know. It is the same in every run.
#[derive(Clone, Copy, Debug)]
pub struct Metadata;

impl Metadata {
    /// The instance's role, as IMDS names it.
    pub const INSTANCE_ROLE: &'static str = "InstanceRole";
    /// Where the container endpoint is: what follows the server's address in `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    pub const CONTAINER_PATH: &'static str = "/v1/credentials";
    /// The `Authorization` that the container endpoint wants: `AWS_CONTAINER_AUTHORIZATION_TOKEN`.
    pub const CONTAINER_TOKEN: &'static str = "local-container-token";
    /// The audience of the tokens with which pods come to the container endpoint, which takes those that the server itself
    /// signed, as EKS Pod Identity does: [`mint_token`](super::Server::mint_token).
    pub const POD_AUDIENCE: &'static str = "pods.eks.amazonaws.com";
    /// The access token that SSO's portal takes before any refresh.
    pub const SSO_ACCESS_TOKEN: &'static str = "local-sso-access-token";
    /// The refresh token that the endpoint `/token` takes.
    pub const SSO_REFRESH_TOKEN: &'static str = "local-sso-refresh-token";
    /// The client that refreshes.
    pub const SSO_CLIENT_ID: &'static str = "local-sso-client";
    /// Its secret.
    pub const SSO_CLIENT_SECRET: &'static str = "local-sso-client-secret";
}

/// Tokens that were handed out, and until when they are good.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    known: VecDeque<(String, OffsetDateTime)>,
    /// How many requests of instances are good until all tokens are forgotten.
    good: Option<u32>,
}

impl Tokens {
    fn issue(&mut self, expires: OffsetDateTime) -> String {
        if self.known.len() == TOKENS_LIMIT {
            self.known.pop_front();
        }
        let token = ids::session_token(0);
        self.known.push_back((token.clone(), expires));
        token
    }

    fn knows(&self, token: &str, now: OffsetDateTime) -> bool {
        self.known.iter().any(|(known, expires)| known == token && *expires > now)
    }

    pub(super) fn forget_after(&mut self, requests: u32) {
        self.good = Some(requests);
    }

    /// Counts a request of an instance.
    fn count(&mut self) {
        match self.good {
            Some(0) => *self = Self::default(),
            Some(left) => self.good = Some(left - 1),
            None => {}
        }
    }
}

/// `None` for what belongs to none of these services.
pub(super) fn answer(service: &Service, request: &Request) -> Option<Answer> {
    let path = request.path.as_str();
    if let Some(rest) = path.strip_prefix("/latest/") {
        return Some(instance(service, request, rest));
    }
    match (request.method.as_str(), path) {
        ("GET", Metadata::CONTAINER_PATH) => Some(container(service, request)),
        ("GET", "/federation/credentials") => Some(portal(service, request)),
        ("POST", "/token") => Some(refresh(service, request)),
        _ => None,
    }
}

fn plain(status: u16, text: &str) -> Answer {
    Answer::reply(status, &[("Content-Type", "text/plain")], text)
}

/// IMDS, its second version only.
fn instance(service: &Service, request: &Request, path: &str) -> Answer {
    let now = service.clock.now();
    if path == "api/token" {
        return token(service, request, now);
    }
    if request.method != "GET" {
        return plain(405, "");
    }
    let token = request.header("x-aws-ec2-metadata-token").unwrap_or_default();
    service.tokens().count();
    if !service.tokens().knows(token, now) {
        return plain(401, "");
    }
    let role = Metadata::INSTANCE_ROLE;
    let principal = || Principal::role_session(super::ACCOUNT, role, "i-0123456789abcdef0");
    let rest = path.strip_prefix("meta-data/").unwrap_or_default();
    match rest {
        "placement/region" => return plain(200, REGION),
        "placement/availability-zone" => return plain(200, &format!("{REGION}a")),
        _ => {}
    }
    for (service_path, extended) in
        [("iam/security-credentials-extended", true), ("iam/security-credentials", false)]
    {
        let Some(name) = rest.strip_prefix(service_path) else { continue };
        match name {
            "" | "/" => return plain(200, role),
            _ if name.strip_prefix('/') == Some(role) => {
                let key = service.issue(principal(), CREDENTIALS_DURATION, now);
                let mut document = document(&key, now);
                document["Code"] = "Success".into();
                document["LastUpdated"] = clock::expiration(now).into();
                document["Type"] = "AWS-HMAC".into();
                if extended {
                    document["AccountId"] = key.account().into();
                }
                return json_reply(200, &document);
            }
            _ => {}
        }
    }
    plain(404, "")
}

fn token(service: &Service, request: &Request, now: OffsetDateTime) -> Answer {
    if request.method != "PUT" {
        return plain(405, "");
    }
    // What a proxy adds: instance metadata refuses to be reached through one.
    if request.header("x-forwarded-for").is_some() {
        return plain(403, "");
    }
    let seconds = request.header(TTL).and_then(|value| value.parse::<i64>().ok());
    match seconds.filter(|seconds| (1..=TOKEN_MAXIMUM).contains(seconds)) {
        Some(seconds) => {
            let token = service.tokens().issue(now.saturating_add(Duration::seconds(seconds)));
            Answer::reply(200, &[("Content-Type", "text/plain"), (TTL, &seconds.to_string())], token)
        }
        None => plain(400, ""),
    }
}

/// What instances and containers have in common.
fn document(key: &AccessKey, now: OffsetDateTime) -> Value {
    json!({
        "AccessKeyId": key.access_key_id(),
        "SecretAccessKey": key.secret_access_key(),
        "Token": key.session_token(),
        "Expiration": clock::expiration(key.expires.unwrap_or(now)),
    })
}

/// The endpoint of ECS and EKS Pod Identity.
fn container(service: &Service, request: &Request) -> Answer {
    let token = request.header("authorization").unwrap_or_default();
    let is_pod = oidc::is_own(service, token, Metadata::POD_AUDIENCE);
    if token != Metadata::CONTAINER_TOKEN && !is_pod {
        let complaint =
            json!({ "code": "AccessDeniedException", "message": "The authorization token is not valid." });
        return json_reply(401, &complaint);
    }
    let now = service.clock.now();
    let (role, session) = if is_pod { ("PodRole", "pod") } else { ("TaskRole", "task") };
    let key =
        service.issue(Principal::role_session(super::ACCOUNT, role, session), CREDENTIALS_DURATION, now);
    let mut document = document(&key, now);
    document["AccountId"] = key.account().into();
    document["RoleArn"] = format!("arn:aws:iam::{}:role/{role}", key.account()).into();
    json_reply(200, &document)
}

/// `GetRoleCredentials` of SSO's portal.
fn portal(service: &Service, request: &Request) -> Answer {
    let now = service.clock.now();
    let refused = |status, code: &str, message: &str| {
        let body = json!({ "__type": code, "message": message }).to_string();
        Answer::reply(status, &[("Content-Type", "application/json"), ("x-amzn-ErrorType", code)], body)
    };
    let token = request.header("x-amz-sso_bearer_token").unwrap_or_default();
    if token != Metadata::SSO_ACCESS_TOKEN && !service.tokens().knows(token, now) {
        return refused(401, "UnauthorizedException", "Session token not found or invalid");
    }
    let parameter = |name: &str| {
        let mut pairs = form_urlencoded::parse(request.query.as_bytes());
        pairs
            .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
            .filter(|value| !value.is_empty())
    };
    let (Some(account), Some(role)) = (parameter("account_id"), parameter("role_name")) else {
        return refused(400, "InvalidRequestException", "account_id and role_name are required");
    };
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return refused(400, "InvalidRequestException", "account_id has twelve digits");
    }
    let principal =
        Principal::role_session(&account, &format!("AWSReservedSSO_{role}_0123456789abcdef"), "alice");
    let key = service.issue(principal, SSO_DURATION, now);
    let expiration = key.expires.unwrap_or(now).unix_timestamp() * 1000;
    let credentials = json!({
        "accessKeyId": key.access_key_id(),
        "secretAccessKey": key.secret_access_key(),
        "sessionToken": key.session_token(),
        "expiration": expiration,
    });
    json_reply(200, &json!({ "roleCredentials": credentials }))
}

/// `CreateToken` of SSO's OIDC service, for refresh tokens.
fn refresh(service: &Service, request: &Request) -> Answer {
    let order: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let refused = |code: &str, error: &str| {
        let body = json!({ "error": error, "error_description": code }).to_string();
        Answer::reply(400, &[("Content-Type", "application/json"), ("x-amzn-ErrorType", code)], body)
    };
    if order["grantType"] != "refresh_token" {
        return refused("UnsupportedGrantTypeException", "unsupported_grant_type");
    }
    let client = (Metadata::SSO_CLIENT_ID, Metadata::SSO_CLIENT_SECRET);
    if order["clientId"] != client.0 || order["clientSecret"] != client.1 {
        return refused("InvalidClientException", "invalid_client");
    }
    if order["refreshToken"] != Metadata::SSO_REFRESH_TOKEN {
        return refused("InvalidGrantException", "invalid_grant");
    }
    let access = service.tokens().issue(service.clock.now().saturating_add(SSO_DURATION));
    let reply = json!({
        "accessToken": access,
        "expiresIn": SSO_DURATION.whole_seconds(),
        "refreshToken": Metadata::SSO_REFRESH_TOKEN,
        "tokenType": "Bearer",
    });
    json_reply(200, &reply)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{IDENTITY, Reply, exchange, post};
    use super::super::{Fault, Options, Server, TokenAlgorithm};
    use super::*;

    fn server() -> Server {
        Server::with(Options::new().metadata()).expect("a server")
    }

    fn call(sts: &Server, line: &str, headers: &str, body: &str) -> Reply {
        let head = format!("{line} HTTP/1.1\r\nHost: h\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
        exchange(sts, format!("{head}{body}").as_bytes())
    }

    /// Who the credentials in a document belong to, says STS.
    fn owner(sts: &Server, document: &Value, names: [&str; 3]) -> String {
        let [id, secret, token] = names.map(|name| document[name].as_str().expect(name).to_owned());
        let key = AccessKey {
            session_token: Some(token),
            ..AccessKey::long_term(&id, &secret, Principal::root("123456789012"))
        };
        let reply = post(sts, &key, IDENTITY);
        reply.element("Arn").unwrap_or_else(|| panic!("{reply:?}")).to_owned()
    }

    const NAMES: [&str; 3] = ["AccessKeyId", "SecretAccessKey", "Token"];

    #[test]
    fn instances() {
        let sts = server();
        let path = "GET /latest/meta-data/iam/security-credentials/";
        assert_eq!(call(&sts, path, "", "").status, 401);
        assert_eq!(call(&sts, "PUT /latest/api/token", "", "").status, 400);
        assert_eq!(call(&sts, "GET /latest/api/token", "", "").status, 405);
        let ttl = format!("{TTL}: 60\r\n");
        assert_eq!(
            call(&sts, "PUT /latest/api/token", &format!("{ttl}X-Forwarded-For: 1\r\n"), "").status,
            403
        );
        let token = call(&sts, "PUT /latest/api/token", &ttl, "");
        assert_eq!(token.header(TTL), Some("60"));
        let header = format!("x-aws-ec2-metadata-token: {}\r\n", token.body);
        let role = call(&sts, path, &header, "").body;
        let reply = call(&sts, &format!("{path}{role}"), &header, "");
        let document: Value = serde_json::from_str(&reply.body).expect("JSON");
        assert_eq!((&document["Code"], &document["Type"]), (&"Success".into(), &"AWS-HMAC".into()));
        let arn = "arn:aws:sts::123456789012:assumed-role/InstanceRole/i-0123456789abcdef0";
        assert_eq!(owner(&sts, &document, NAMES), arn);
        let extended = path.replace("credentials/", "credentials-extended/") + &role;
        assert!(call(&sts, &extended, &header, "").body.contains(r#""AccountId":"123456789012""#));
        assert_eq!(call(&sts, &format!("{path}Other"), &header, "").status, 404);
        assert_eq!(call(&sts, "GET /latest/meta-data/placement/region", &header, "").body, "us-east-1");
        sts.fault_next(Fault::Status { status: 500, body: false });
        assert_eq!(call(&sts, path, &header, "").status, 500);
        sts.forget_instance_tokens_after(1);
        assert_eq!(call(&sts, path, &header, "").status, 200);
        assert_eq!(call(&sts, path, &header, "").status, 401);
        let token = call(&sts, "PUT /latest/api/token", &ttl, "").body;
        let header = format!("x-aws-ec2-metadata-token: {token}\r\n");
        assert_eq!(call(&sts, path, &header, "").status, 200);
        sts.set_clock_offset(61);
        assert_eq!(call(&sts, path, &header, "").status, 401);
    }

    #[test]
    fn containers() {
        let sts = server();
        assert_eq!(call(&sts, "GET /v1/credentials", "", "").status, 401);
        let reply = call(&sts, "GET /v1/credentials", "Authorization: local-container-token\r\n", "");
        let document: Value = serde_json::from_str(&reply.body).expect("JSON");
        assert_eq!(owner(&sts, &document, NAMES), "arn:aws:sts::123456789012:assumed-role/TaskRole/task");
        let pod = |audience: &str| {
            let token =
                sts.mint_token(&json!({ "aud": [audience] }), TokenAlgorithm::Es384).expect("a token");
            call(&sts, "GET /v1/credentials", &format!("Authorization: {token}\r\n"), "")
        };
        assert_eq!(pod("sts.amazonaws.com").status, 401);
        let document: Value = serde_json::from_str(&pod(Metadata::POD_AUDIENCE).body).expect("JSON");
        assert_eq!(owner(&sts, &document, NAMES), "arn:aws:sts::123456789012:assumed-role/PodRole/pod");
        // Without being asked to, the server is STS only.
        let plain = Server::start().expect("a server");
        assert_eq!(call(&plain, "GET /v1/credentials", "", "").error().1, "MissingAction");
    }

    #[test]
    fn single_sign_on() {
        let sts = server();
        let line = "GET /federation/credentials?account_id=210987654321&role_name=Admin";
        let bearer = |token: &str| format!("x-amz-sso_bearer_token: {token}\r\n");
        assert_eq!(call(&sts, line, &bearer("x"), "").status, 401);
        let token = |refresh: &str| {
            let body = json!({ "clientId": "local-sso-client", "clientSecret": "local-sso-client-secret",
                "grantType": "refresh_token", "refreshToken": refresh });
            let reply = call(&sts, "POST /token", "", &body.to_string());
            (reply.status, serde_json::from_str::<Value>(&reply.body).expect("JSON"))
        };
        assert_eq!(
            token("x"),
            (400, json!({ "error": "invalid_grant", "error_description": "InvalidGrantException" }))
        );
        let refreshed =
            token(Metadata::SSO_REFRESH_TOKEN).1["accessToken"].as_str().expect("a token").to_owned();
        for token in [Metadata::SSO_ACCESS_TOKEN, &refreshed] {
            let reply = call(&sts, line, &bearer(token), "");
            let document: Value = serde_json::from_str(&reply.body).expect("JSON");
            let credentials = &document["roleCredentials"];
            assert!(credentials["expiration"].as_i64() > Some(1_000_000_000_000));
            let names = ["accessKeyId", "secretAccessKey", "sessionToken"];
            let arn = "arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice";
            assert_eq!(owner(&sts, credentials, names), arn);
        }
        let short = call(&sts, "GET /federation/credentials?account_id=1", &bearer(&refreshed), "");
        assert_eq!(short.status, 400);
        assert_eq!(call(&sts, "POST /token", "", "nonsense").status, 400);
    }
}
