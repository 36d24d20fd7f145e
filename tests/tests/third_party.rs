//! The blocking client against imitations of AWS that others wrote: moto and MiniStack.
//!
//! `tests/servers/run.sh` starts them and tells by `STS_MOTO_OPEN`, `STS_MOTO_AUTH` and `STS_MINISTACK` which files hold
//! what a client needs to know. A server that is not there is not asked, unless `STS_REQUIRE_SERVERS=1` says that it
//! must be.
//!
//! What a server does otherwise than AWS is checked too, and marked so: when that changes, it shall be seen.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says what it found")]

use std::collections::HashMap;
use std::fs;
use std::thread;
use std::time::Duration;

use sts_blocking::endpoint::EndpointOptions;
use sts_blocking::http::Request;
use sts_blocking::operation::*;
use sts_blocking::time::{self, OffsetDateTime};
use sts_blocking::{
    Body, Client, Credentials, Encoder, Error, ErrorCode, ErrorKind, Presign, Reply, Timeouts, Transport,
    UreqTransport, Validation,
};

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:*","Resource":"*"}]}"#;

/// One server, and what became of the checks against it.
struct Checks {
    server: &'static str,
    facts: HashMap<String, String>,
    made: usize,
    failures: Vec<String>,
}

impl Checks {
    /// None without the server.
    fn of(server: &'static str, variable: &str) -> Option<Self> {
        let Ok(path) = std::env::var(variable) else {
            let required = std::env::var("STS_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
            assert!(!required, "{variable} is not set: tests/servers/run.sh starts {server} and sets it");
            println!("{server}: skipped, {variable} is not set; see tests/servers/run.sh");
            return None;
        };
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let facts = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Some(Self { server, facts, made: 0, failures: Vec::new() })
    }

    fn fact(&self, name: &str) -> &str {
        self.facts.get(name).unwrap_or_else(|| panic!("{name} is among the facts about {}", self.server))
    }

    fn key(&self, who: &str) -> Credentials {
        let id = self.fact(&format!("{who}_ACCESS_KEY_ID"));
        Credentials::new(id, self.fact(&format!("{who}_SECRET_ACCESS_KEY"))).unwrap()
    }

    fn client(&self, who: &str) -> Client {
        self.client_with(self.key(who), Validation::default())
    }

    /// A client that leaves it to the server to refuse parameters.
    fn lenient_client(&self, who: &str) -> Client {
        self.client_with(self.key(who), Validation::REQUIRED_ONLY)
    }

    fn client_with(&self, credentials: Credentials, validation: Validation) -> Client {
        Client::builder()
            .region(self.fact("REGION"))
            .endpoint_url(self.fact("ENDPOINT"))
            .credentials(credentials)
            .validation(validation)
            .build()
            .unwrap()
    }

    fn encoder(&self) -> Encoder {
        let endpoint = EndpointOptions::new().region(self.fact("REGION")).url(self.fact("ENDPOINT"));
        Encoder::new(endpoint.resolve().unwrap())
    }

    fn check(&mut self, name: &str, holds: bool, found: impl std::fmt::Debug) {
        self.made += 1;
        if !holds {
            self.failures.push(format!("{name}: {found:?}"));
        }
    }

    /// What the server must grant.
    fn granted<T>(&mut self, name: &str, outcome: Result<Reply<T>, Error>) -> Option<T> {
        let error = outcome.as_ref().err().map(ToString::to_string);
        self.check(name, error.is_none(), error);
        outcome.ok().map(Reply::into_output)
    }

    /// What the server must refuse, with that status and that code.
    fn refused<T>(
        &mut self,
        name: &str,
        outcome: Result<Reply<T>, Error>,
        status: u16,
        code: ErrorCode,
    ) -> Option<Error> {
        let Err(error) = outcome else {
            self.check(name, false, "was granted");
            return None;
        };
        let found = (error.metadata().map(|metadata| metadata.status), error.code().cloned());
        self.check(name, found == (Some(status), Some(code)), &error);
        Some(error)
    }

    /// Who those credentials belong to, in the server's words.
    fn identity(&mut self, name: &str, credentials: &Credentials, arn: &str) {
        let client = self.client_with(credentials.clone(), Validation::default());
        let outcome = client.send(GetCallerIdentity::new());
        let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
        if let Some(identity) = self.granted(name, outcome) {
            let found = (identity.arn.as_str(), identity.account.as_str());
            self.check(name, found == (arn, &account), found);
        }
    }

    /// Credentials that are whole and last about that long.
    fn usable(&mut self, name: &str, credentials: &Credentials, seconds: i64) {
        let left = credentials.expiration().map(|at| (at - OffsetDateTime::now_utc()).whole_seconds());
        let lasts = left.is_some_and(|left| (seconds - 30..=seconds + 5).contains(&left));
        let token = credentials.session_token().is_some_and(|token| !token.is_empty());
        self.check(name, lasts && token, (left, token));
    }

    fn assumed_role(&self, role: &str, session: &str) -> String {
        format!("arn:aws:sts::{}:assumed-role/{role}/{session}", self.fact("ACCOUNT"))
    }

    fn user_arn(&self) -> String {
        format!("arn:aws:iam::{}:user/alice", self.fact("ACCOUNT"))
    }

    fn finish(self) {
        println!("{}: {} checks, {} failures", self.server, self.made, self.failures.len());
        assert!(self.failures.is_empty(), "{}:\n  {}", self.server, self.failures.join("\n  "));
    }
}

/// Sends a request that was made otherwise than by the client, and reads the reply.
fn deliver<O: Operation>(operation: &O, request: Request<Body>) -> Result<Reply<O::Output>, Error> {
    operation.decode(&UreqTransport::new(Timeouts::default()).send(request, Duration::from_secs(10))?)
}

/// Every parameter of AssumeRole that needs no device, in all of Unicode that AWS allows.
fn full_assume_role(role: &str) -> AssumeRole {
    AssumeRole::new(role, "session")
        .duration_seconds(1800)
        .policy(POLICY)
        .policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess")
        .tags([("Project", "α β/γ=δ"), ("Größe:1", "日本 + 100@x"), ("Stage", "")])
        .transitive_tag_keys(["Project"])
        .source_identity("alice@example.com")
}

/// A web identity token whose signature nobody verifies.
fn web_identity_token(issuer: &str) -> String {
    format!("{}.{}.c2lnbmF0dXJl", base64url(r#"{"alg":"RS256"}"#), {
        base64url(&format!(r#"{{"iss":"https://{issuer}","sub":"alice","aud":"app"}}"#))
    })
}

fn base64url(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

/// An assertion with what moto reads.
fn saml_assertion(role: &str) -> String {
    use base64::Engine as _;
    let attribute = |name: &str, value: &str| {
        format!(
            "<saml:Attribute Name=\"https://aws.amazon.com/SAML/Attributes/{name}\">\
             <saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
        )
    };
    let text = format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:Assertion><saml:AttributeStatement>{}{}\
         </saml:AttributeStatement></saml:Assertion></samlp:Response>",
        attribute("RoleSessionName", "from-saml"),
        attribute("Role", &format!("{role},arn:aws:iam::123456789012:saml-provider/Idp")),
    );
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn moto_that_believes_everything() {
    let Some(mut checks) = Checks::of("moto, open", "STS_MOTO_OPEN") else { return };
    let client = checks.client("USER");
    let role = checks.fact("ROLE_ARN").to_owned();
    let account = checks.fact("ACCOUNT").to_owned();

    if let Some(output) = checks.granted("AssumeRole", client.send(full_assume_role(&role))) {
        let arn = checks.assumed_role("Deploy", "session");
        checks.check("AssumeRole: user", output.assumed_role_user.arn == arn, &output.assumed_role_user);
        checks.usable("AssumeRole: credentials", &output.credentials, 1800);
        checks.identity("AssumeRole: identity", &output.credentials, &arn);
        let chained = client.call(AssumeRole::new(checks.fact("CHAINED_ROLE_ARN"), "again"));
        let outcome = chained.credentials(output.credentials).send();
        if let Some(output) = checks.granted("AssumeRole, chained", outcome) {
            let arn = checks.assumed_role("Chained", "again");
            checks.identity("AssumeRole, chained: identity", &output.credentials, &arn);
        }
    }
    let external = AssumeRole::new(checks.fact("EXTERNAL_ROLE_ARN"), "session").external_id("agreed:1/2");
    checks.granted("AssumeRole, external id", client.send(external));
    let mfa = AssumeRole::new(role.as_str(), "session");
    let mfa = mfa.serial_number(format!("arn:aws:iam::{account}:mfa/alice")).token_code("123456");
    checks.granted("AssumeRole, MFA", client.send(mfa));

    // These two carry their own proof: no credentials are at hand.
    let bare = Client::builder().endpoint_url(checks.fact("ENDPOINT")).build().unwrap();
    let token = web_identity_token(checks.fact("ISSUER"));
    let operation = AssumeRoleWithWebIdentity::new(checks.fact("WEB_ROLE_ARN"), "web", token)
        .policy(POLICY)
        .duration_seconds(900);
    if let Some(output) = checks.granted("AssumeRoleWithWebIdentity", bare.send(operation)) {
        let arn = checks.assumed_role("Web", "web");
        checks.usable("AssumeRoleWithWebIdentity: credentials", &output.credentials, 900);
        checks.identity("AssumeRoleWithWebIdentity: identity", &output.credentials, &arn);
    }
    let provider = format!("arn:aws:iam::{account}:saml-provider/Idp");
    let operation = AssumeRoleWithSaml::new(role.as_str(), provider, saml_assertion(&role));
    if let Some(output) = checks.granted("AssumeRoleWithSAML", bare.send(operation)) {
        let arn = checks.assumed_role("Deploy", "from-saml");
        let found = (output.subject_type.as_deref(), output.issuer.as_deref());
        checks.check("AssumeRoleWithSAML: type", found.0 == Some("persistent"), found);
        checks.check("AssumeRoleWithSAML: issuer", found.1 == Some("http://localhost:3000/"), found);
        checks.usable("AssumeRoleWithSAML: credentials", &output.credentials, 3600);
        checks.identity("AssumeRoleWithSAML: identity", &output.credentials, &arn);
    }

    let user = checks.user_arn();
    checks.identity("GetCallerIdentity", &checks.key("USER"), &user);
    let session = GetSessionToken::new().duration_seconds(900);
    if let Some(output) = checks.granted("GetSessionToken", client.send(session)) {
        checks.usable("GetSessionToken: credentials", &output.credentials, 900);
    }
    let federated = GetFederationToken::new("Bob").policy(POLICY).tag("Team", "α β").duration_seconds(900);
    if let Some(output) = checks.granted("GetFederationToken", client.send(federated)) {
        checks.usable("GetFederationToken: credentials", &output.credentials, 900);
        let arn = format!("arn:aws:sts::{account}:federated-user/Bob");
        let is_right = output.federated_user.arn == arn;
        checks.check("GetFederationToken: user", is_right, &output.federated_user);
    }
    let info = client.send(GetAccessKeyInfo::new(checks.fact("USER_ACCESS_KEY_ID")));
    if let Some(output) = checks.granted("GetAccessKeyInfo", info) {
        checks.check("GetAccessKeyInfo: account", output.account == account, &output.account);
    }
    let raw = client.send(RawAction::new("GetCallerIdentity"));
    checks.granted("GetCallerIdentity, raw", raw);
    let url = client.presign(&GetCallerIdentity::new(), &Presign::default()).unwrap();
    let outcome = deliver(&GetCallerIdentity::new(), url.expose_request().unwrap());
    // Unlike AWS: what has no Authorization header and names no role is taken for a request of S3, and answered so.
    not_sts(&mut checks, "GetCallerIdentity, presigned (unlike AWS)", outcome, 200);
    let unsigned = client.send(GetCallerIdentity::new().unsigned());
    not_sts(&mut checks, "GetCallerIdentity, unsigned (unlike AWS)", unsigned, 200);

    // Validation errors of its own.
    let lenient = checks.lenient_client("USER");
    let long = AssumeRole::new(role.as_str(), "s".repeat(65));
    checks.refused("AssumeRole, long name", lenient.send(long), 400, ErrorCode::ValidationError);
    let policy = format!("{POLICY}{}", " ".repeat(2048));
    let long = GetFederationToken::new("Bob").policy(policy);
    checks.refused("GetFederationToken, long policy", lenient.send(long), 400, ErrorCode::ValidationError);
    // Unlike AWS: durations are not checked.
    let short = AssumeRole::new(role.as_str(), "session").duration_seconds(1);
    checks.granted("AssumeRole, short (unlike AWS)", lenient.send(short));
    checks.finish();
}

#[test]
fn moto_that_verifies() {
    let Some(mut checks) = Checks::of("moto, auth", "STS_MOTO_AUTH") else { return };
    let client = checks.client("USER");
    let role = checks.fact("ROLE_ARN").to_owned();
    let account = checks.fact("ACCOUNT").to_owned();

    let user = checks.user_arn();
    checks.identity("GetCallerIdentity", &checks.key("USER"), &user);
    checks.identity("GetCallerIdentity, no permission", &checks.key("NOBODY"), &user.replace("alice", "bob"));
    if let Some(output) = checks.granted(
        "AssumeRole",
        client
            .send(full_assume_role(&role).tags([("Größe:1", "日本+100@x")]).transitive_tag_keys(["Größe:1"])),
    ) {
        verified_session(&mut checks, &client, &output.credentials);
        let again = |role| AssumeRole::new(checks.fact(role), "again");
        let (session, any) = (again("SESSION_ROLE_ARN"), again("CHAINED_ROLE_ARN"));
        let outcome = client.call(session).credentials(output.credentials.clone()).send();
        checks.granted("AssumeRole, chained, session trusted", outcome);
        // Unlike AWS: a role in a trust policy does not stand for its sessions.
        let outcome = client.call(any).credentials(output.credentials).send();
        let name = "AssumeRole, chained, role trusted (unlike AWS)";
        checks.refused(name, outcome, 403, ErrorCode::AccessDenied);
    }
    let external = |id: &str| AssumeRole::new(checks.fact("EXTERNAL_ROLE_ARN"), "session").external_id(id);
    let (right, wrong) = (client.send(external("agreed:1/2")), client.send(external("another")));
    checks.granted("AssumeRole, external id", right);
    checks.refused("AssumeRole, other external id", wrong, 403, ErrorCode::AccessDenied);
    checks.granted("GetSessionToken", client.send(GetSessionToken::new().duration_seconds(900)));
    let federated = GetFederationToken::new("Bob").policy(POLICY).tag("Team", "α");
    checks.granted("GetFederationToken", client.send(federated.clone()));
    // Unlike AWS: moto hashes the form as Python would have written it, where a space is a plus.
    let spaced = client.send(federated.tag("Name", "a b"));
    let name = "GetFederationToken, space (unlike AWS)";
    checks.refused(name, spaced, 403, ErrorCode::SignatureDoesNotMatch);
    let info = client.send(GetAccessKeyInfo::new(checks.fact("USER_ACCESS_KEY_ID")));
    if let Some(output) = checks.granted("GetAccessKeyInfo", info) {
        checks.check("GetAccessKeyInfo: account", output.account == account, &output.account);
    }

    wrong_keys(&mut checks);
    for who in ["STRANGER", "NOBODY"] {
        let outcome = checks.client(who).send(AssumeRole::new(role.as_str(), "session"));
        let name = format!("AssumeRole by {who}");
        if let Some(error) = checks.refused(&name, outcome, 403, ErrorCode::AccessDenied) {
            checks.check(&name, error.is_access_denied() && !error.is_retryable(), &error);
            checks.check(&name, error.to_string().contains("sts:AssumeRole"), &error);
        }
    }
    let outcome = checks.client("NOBODY").send(GetSessionToken::new());
    checks.refused("GetSessionToken, no permission", outcome, 403, ErrorCode::AccessDenied);
    tampered_body(&mut checks);

    // Unlike AWS: a role that does not exist can be assumed, and the time of a signature is not checked.
    let missing = AssumeRole::new(format!("arn:aws:iam::{account}:role/Missing"), "session");
    checks.granted("AssumeRole, missing role (unlike AWS)", client.send(missing));
    for seconds in [-3600, 3600] {
        let outcome = at_another_time(&checks, seconds);
        checks.granted("GetCallerIdentity, clock off (unlike AWS)", outcome);
    }
    // Unlike AWS: without an Authorization header it fails, in HTML.
    let unsigned = client.send(GetCallerIdentity::new().unsigned());
    not_sts(&mut checks, "GetCallerIdentity, unsigned (unlike AWS)", unsigned, 500);
    let token = web_identity_token(checks.fact("ISSUER"));
    let web = client.send(AssumeRoleWithWebIdentity::new(checks.fact("WEB_ROLE_ARN"), "web", token));
    not_sts(&mut checks, "AssumeRoleWithWebIdentity (unlike AWS)", web, 500);
    let url = client.presign(&GetCallerIdentity::new(), &Presign::default()).unwrap();
    let presigned = deliver(&GetCallerIdentity::new(), url.expose_request().unwrap());
    not_sts(&mut checks, "GetCallerIdentity, presigned (unlike AWS)", presigned, 500);
    checks.finish();
}

#[test]
fn ministack_that_verifies() {
    let Some(mut checks) = Checks::of("MiniStack", "STS_MINISTACK") else { return };
    let client = checks.client("USER");
    let role = checks.fact("ROLE_ARN").to_owned();
    let account = checks.fact("ACCOUNT").to_owned();

    let user = checks.user_arn();
    checks.identity("GetCallerIdentity", &checks.key("USER"), &user);
    checks.identity("GetCallerIdentity, no permission", &checks.key("NOBODY"), &user.replace("alice", "bob"));
    if let Some(output) = checks.granted("AssumeRole", client.send(full_assume_role(&role))) {
        checks.usable("AssumeRole: credentials", &output.credentials, 1800);
        verified_session(&mut checks, &client, &output.credentials);
        for role in ["SESSION_ROLE_ARN", "CHAINED_ROLE_ARN"] {
            let operation = AssumeRole::new(checks.fact(role), "again");
            let outcome = client.call(operation).credentials(output.credentials.clone()).send();
            if let Some(output) = checks.granted(&format!("AssumeRole, chained, {role}"), outcome) {
                let name = if role == "CHAINED_ROLE_ARN" { "Chained" } else { "FromSession" };
                let arn = checks.assumed_role(name, "again");
                checks.identity("AssumeRole, chained: identity", &output.credentials, &arn);
            }
        }
        presigned(&mut checks, "by a session", &output.credentials);
        let outcome = client.call(GetSessionToken::new()).credentials(output.credentials).send();
        checks.refused("GetSessionToken by a session", outcome, 403, ErrorCode::AccessDenied);
    }
    let key = checks.key("USER");
    presigned(&mut checks, "by a user", &key);
    let external = |id: &str| AssumeRole::new(checks.fact("EXTERNAL_ROLE_ARN"), "session").external_id(id);
    let (right, wrong) = (client.send(external("agreed:1/2")), client.send(external("another")));
    checks.granted("AssumeRole, external id", right);
    checks.refused("AssumeRole, other external id", wrong, 403, ErrorCode::AccessDenied);

    let bare = Client::builder().endpoint_url(checks.fact("ENDPOINT")).build().unwrap();
    let web = |issuer: &str| {
        AssumeRoleWithWebIdentity::new(checks.fact("WEB_ROLE_ARN"), "web", web_identity_token(issuer))
            .duration_seconds(900)
    };
    let (right, wrong) = (bare.send(web(checks.fact("ISSUER"))), bare.send(web("another.test")));
    if let Some(output) = checks.granted("AssumeRoleWithWebIdentity", right) {
        let arn = checks.assumed_role("Web", "web");
        checks.usable("AssumeRoleWithWebIdentity: credentials", &output.credentials, 900);
        checks.identity("AssumeRoleWithWebIdentity: identity", &output.credentials, &arn);
    }
    checks.refused("AssumeRoleWithWebIdentity, other issuer", wrong, 403, ErrorCode::AccessDenied);

    let session = GetSessionToken::new().duration_seconds(900);
    if let Some(output) = checks.granted("GetSessionToken", client.send(session)) {
        checks.usable("GetSessionToken: credentials", &output.credentials, 900);
        checks.identity("GetSessionToken: identity", &output.credentials, &user);
    }
    let federated = GetFederationToken::new("Bob").policy(POLICY).tag("Team", "α β").duration_seconds(900);
    if let Some(output) = checks.granted("GetFederationToken", client.send(federated)) {
        let arn = format!("arn:aws:sts::{account}:federated-user/Bob");
        checks.usable("GetFederationToken: credentials", &output.credentials, 900);
        checks.identity("GetFederationToken: identity", &output.credentials, &arn);
    }
    let info = client.send(GetAccessKeyInfo::new(checks.fact("USER_ACCESS_KEY_ID")));
    if let Some(output) = checks.granted("GetAccessKeyInfo", info) {
        checks.check("GetAccessKeyInfo: account", output.account == account, &output.account);
    }
    let operation = GetWebIdentityToken::new(["https://a.test", "b"], SigningAlgorithm::Es384)
        .duration_seconds(60)
        .tag("Team", "α");
    if let Some(output) = checks.granted("GetWebIdentityToken", client.send(operation)) {
        let parts = output.web_identity_token.expose().split('.').count();
        checks.check("GetWebIdentityToken: token", parts == 3 && output.expiration.is_some(), parts);
    }

    wrong_keys(&mut checks);
    tampered_body(&mut checks);
    for who in ["STRANGER", "NOBODY"] {
        let outcome = checks.client(who).send(AssumeRole::new(role.as_str(), "session"));
        checks.refused(&format!("AssumeRole by {who}"), outcome, 403, ErrorCode::AccessDenied);
    }
    let missing = AssumeRole::new(format!("arn:aws:iam::{account}:role/Missing"), "session");
    checks.refused("AssumeRole, missing role", client.send(missing), 403, ErrorCode::AccessDenied);
    for seconds in [-3600, 3600] {
        let outcome = at_another_time(&checks, seconds);
        let name = format!("GetCallerIdentity, clock off by {seconds} s");
        if let Some(error) = checks.refused(&name, outcome, 403, ErrorCode::SignatureDoesNotMatch) {
            checks.check(&name, error.is_clock_skew(), &error);
        }
    }
    let unsigned = client.send(GetCallerIdentity::new().unsigned());
    checks.refused("GetCallerIdentity, unsigned", unsigned, 403, ErrorCode::MissingAuthenticationToken);

    // Parameters that the client would not have sent.
    let lenient = checks.lenient_client("USER");
    let wrong = AssumeRole::new("x", "session");
    checks.refused("AssumeRole, no ARN", lenient.send(wrong), 400, ErrorCode::ValidationError);
    let wrong = AssumeRole::new(role.as_str(), "session").policy("[]");
    checks.refused("AssumeRole, policy", lenient.send(wrong), 400, ErrorCode::MalformedPolicyDocument);
    let wrong = AssumeRole::new(role.as_str(), "session").tags([("a", "1"), ("A", "2")]);
    checks.refused("AssumeRole, tag twice", lenient.send(wrong), 400, ErrorCode::InvalidParameterValue);
    let wrong = GetFederationToken::new("B");
    checks.refused("GetFederationToken, short name", lenient.send(wrong), 400, ErrorCode::ValidationError);
    let wrong = GetAccessKeyInfo::new("AKIA");
    checks.refused("GetAccessKeyInfo, short id", lenient.send(wrong), 400, ErrorCode::ValidationError);
    let unknown = DecodeAuthorizationMessage::new("message");
    checks.refused(
        "DecodeAuthorizationMessage, not there",
        lenient.send(unknown),
        400,
        ErrorCode::InvalidAction,
    );

    // Unlike AWS: credentials may last a second, so that an end can be waited for.
    let short = lenient.send(AssumeRole::new(role.as_str(), "session").duration_seconds(1));
    if let Some(output) = checks.granted("AssumeRole, short (unlike AWS)", short) {
        thread::sleep(Duration::from_secs(2));
        let outcome = client.call(GetCallerIdentity::new()).credentials(output.credentials).send();
        if let Some(error) = checks.refused("expired session", outcome, 403, ErrorCode::ExpiredToken) {
            checks.check("expired session", error.is_expired_token() && !error.is_retryable(), &error);
        }
    }
    checks.finish();
}

/// What a role session may, on a server that verifies.
fn verified_session(checks: &mut Checks, client: &Client, session: &Credentials) {
    let arn = checks.assumed_role("Deploy", "session");
    checks.identity("AssumeRole: identity", session, &arn);
    let tampered = session.session_token().map(|token| format!("{}x", token.expose())).unwrap_or_default();
    let tampered = session.clone().with_session_token(tampered).unwrap();
    let outcome = client.call(GetCallerIdentity::new()).credentials(tampered).send();
    checks.refused("tampered session token", outcome, 403, ErrorCode::InvalidClientTokenId);
    let bare = Credentials::new(session.access_key_id(), session.secret_access_key().expose()).unwrap();
    let outcome = client.call(GetCallerIdentity::new()).credentials(bare).send();
    checks.refused("session without token", outcome, 403, ErrorCode::InvalidClientTokenId);
    let wrong = Credentials::new(session.access_key_id(), "wrong").unwrap();
    let wrong = wrong.with_session_token(session.session_token().unwrap().expose()).unwrap();
    let outcome = client.call(GetCallerIdentity::new()).credentials(wrong).send();
    checks.refused("session with wrong secret", outcome, 403, ErrorCode::SignatureDoesNotMatch);
}

/// Keys that prove nothing.
fn wrong_keys(checks: &mut Checks) {
    let client = checks.client("USER");
    let id = checks.fact("USER_ACCESS_KEY_ID").to_owned();
    let outcome = |credentials| client.call(GetCallerIdentity::new()).credentials(credentials).send();
    let wrong = outcome(Credentials::new(id, "wrong").unwrap());
    if let Some(error) = checks.refused("wrong secret", wrong, 403, ErrorCode::SignatureDoesNotMatch) {
        checks.check("wrong secret", !error.is_clock_skew() && !error.is_retryable(), &error);
    }
    let unknown = outcome(Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").unwrap());
    checks.refused("unknown key", unknown, 403, ErrorCode::InvalidClientTokenId);
    let token = outcome(checks.key("USER").with_session_token("token").unwrap());
    checks.refused("user's key with a token", token, 403, ErrorCode::InvalidClientTokenId);
}

/// A body that was changed after it was signed.
fn tampered_body(checks: &mut Checks) {
    let operation = AssumeRole::new(checks.fact("ROLE_ARN"), "session");
    let key = checks.key("USER");
    let mut request = checks.encoder().encode(&operation, Some(&key), OffsetDateTime::now_utc()).unwrap();
    let body = String::from_utf8(request.body().as_ref().to_vec()).unwrap();
    *request.body_mut() = Body::from(body.replace("session", "sessiom").into_bytes());
    let outcome = deliver(&operation, request);
    checks.refused("tampered body", outcome, 403, ErrorCode::SignatureDoesNotMatch);
}

/// A request that was signed at another time.
fn at_another_time(checks: &Checks, seconds: i64) -> Result<Reply<GetCallerIdentityOutput>, Error> {
    let now = OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
    let operation = GetCallerIdentity::new();
    let request = checks.encoder().encode(&operation, Some(&checks.key("USER")), now).unwrap();
    deliver(&operation, request)
}

/// Presigned URLs: good, changed, of another secret, and past their time.
fn presigned(checks: &mut Checks, by: &str, credentials: &Credentials) {
    let operation = GetCallerIdentity::new();
    let encoder = checks.encoder();
    let now = OffsetDateTime::now_utc();
    let url = |credentials: &Credentials, at| {
        let options = Presign::new(Duration::from_secs(60));
        encoder.presign(&operation, credentials, at, &options).unwrap().expose_request().unwrap()
    };
    checks.granted(&format!("presigned {by}"), deliver(&operation, url(credentials, now)));

    let mut request = url(credentials, now);
    let changed = request.uri().to_string().replace("X-Amz-Expires=60", "X-Amz-Expires=61");
    *request.uri_mut() = changed.parse().unwrap();
    let name = format!("presigned {by}, changed");
    checks.refused(&name, deliver(&operation, request), 403, ErrorCode::SignatureDoesNotMatch);

    let mut wrong = Credentials::new(credentials.access_key_id(), "wrong").unwrap();
    if let Some(token) = credentials.session_token() {
        wrong = wrong.with_session_token(token.expose()).unwrap();
    }
    let name = format!("presigned {by}, wrong secret");
    checks.refused(&name, deliver(&operation, url(&wrong, now)), 403, ErrorCode::SignatureDoesNotMatch);

    let old = url(credentials, now - time::Duration::seconds(3600));
    let name = format!("presigned {by}, expired");
    let outcome = deliver(&operation, old);
    checks.refused(&name, outcome, 403, ErrorCode::SignatureDoesNotMatch);
}

/// Not the words of STS: the client says so, and takes nothing from it.
fn not_sts<T>(checks: &mut Checks, name: &str, outcome: Result<Reply<T>, Error>, status: u16) {
    let error = outcome.err();
    let found = error.as_ref().map(|error| (error.kind(), error.metadata().map(|metadata| metadata.status)));
    checks.check(name, found == Some((ErrorKind::Response, Some(status))), &error);
    // A server that failed may be asked again.
    let retryable = error.as_ref().is_some_and(Error::is_retryable);
    checks.check(name, retryable == (status >= 500), error);
}
