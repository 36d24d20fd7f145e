//! One more than the service model allows, for every text, list and number that has a maximum: it is sent by default. The
//! local STS refuses it as the model says, and the client's hint names the rule; one that accepts what is beyond the model
//! answers; and strict validation refuses it before anything is sent.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sts_blocking::observe::{Event, Observer};
use sts_blocking::{Client, ClientBuilder, Credentials, RetryPolicy};
use sts_proto::operation::MODEL;
use sts_proto::{Cause, ErrorCode, ErrorKind, Hint, Validation};
use sts_tests::any::AnyOperation;
use sts_tests::build;
use sts_tests::report::Report;
use sts_tests::server::{AccessKey, Mfa, Options, Principal, Server, TokenAlgorithm};
use sts_tests::service_model::{Input, Model, OperationModel, Type, sample};
use sts_tests::vectors::{self, Cases};

const ROLE: &str = "arn:aws:iam::123456789012:role/";

/// The two servers, one of which goes beyond the model.
struct Servers {
    strict: Server,
    beyond: Server,
}

impl Servers {
    fn start() -> Self {
        let servers = Self {
            strict: Server::start().unwrap(),
            beyond: Server::with(Options::new().accept_beyond_model()).unwrap(),
        };
        for server in servers.both() {
            // Of keys and devices that are too long, so that they are known where they are taken.
            let user = server.user();
            server.add_key(&"A".repeat(129), "secret", None, Principal::user("123456789012", "long"));
            server.add_mfa(user.arn(), Mfa::fixed(serial(257), "123456"));
            server.add_mfa(user.arn(), Mfa::fixed("GAHT12345678", "1234567"));
        }
        servers
    }

    fn both(&self) -> [&Server; 2] {
        [&self.strict, &self.beyond]
    }
}

fn serial(length: usize) -> String {
    filled("arn:aws:iam::123456789012:mfa/", length)
}

/// A text of that length that begins so.
fn filled(start: &str, length: usize) -> String {
    format!("{start}{}", "x".repeat(length - start.len()))
}

fn builder(server: &Server, key: &AccessKey) -> ClientBuilder {
    let mut credentials = Credentials::new(key.access_key_id(), key.secret_access_key()).unwrap();
    if let Some(token) = key.session_token() {
        credentials = credentials.with_session_token(token).unwrap();
    }
    Client::builder()
        .region("eu-west-1")
        .endpoint_url(server.url())
        .credentials(credentials)
        .retry(RetryPolicy::never())
}

/// A client of a caller that may make the call.
fn client(server: &Server, operation: &str, observer: Advice, validation: Validation) -> Client {
    let user = server.user();
    let base = builder(server, user);
    let base = match operation {
        "GetScopedCredentials" => {
            let session = build::operation("GetSessionToken", &json!({"DurationSeconds": 129_600})).unwrap();
            let reply = session.send(&base.build().unwrap()).unwrap();
            let secret =
                |name: &str| reply.secrets.iter().find(|(known, _)| *known == name).unwrap().1.clone();
            let (_, id) = reply.debug.split_once("access_key_id: \"").unwrap();
            let id = id.split('"').next().unwrap();
            let key = Credentials::new(id, secret("SecretAccessKey")).unwrap();
            builder(server, user).credentials(key.with_session_token(secret("SessionToken")).unwrap())
        }
        _ => base,
    };
    base.observer(observer).validation(validation).build().unwrap()
}

/// Keeps the advice on calls.
#[derive(Clone, Default)]
struct Advice(Arc<Mutex<Vec<String>>>);

impl Observer for Advice {
    fn event(&self, event: &Event<'_>) {
        if let Event::Advice { advice, .. } = event {
            self.0.lock().unwrap().push(advice.iter().map(|rule| format!("{rule};")).collect());
        }
    }
}

/// A value with one more than the maximum that a service without that maximum understands.
fn value(server: &Server, operation: &str, input: &Input<'_>, most: usize) -> Value {
    let over = most + 1;
    let claims = |padding: usize| json!({"sub": "alice", "iss": "https://x.test", "aud": "y", "padding": "x".repeat(padding)});
    json!(match (operation, input.path.as_str()) {
        (_, "RoleArn") => filled(ROLE, over),
        (_, "PrincipalArn" | "PolicyArns[].arn" | "ProvidedContexts[].ProviderArn") => {
            filled("arn:aws:iam::123456789012:x/", over)
        }
        (_, "TaskPolicyArn.arn") => filled("arn:aws:iam::aws:policy/root-task/", over),
        (_, "TargetPrincipal") => {
            let around = "arn::iam::123456789012:root".len();
            format!("arn:{}:iam::123456789012:root", "x".repeat(over - around))
        }
        (_, "SerialNumber") => serial(over),
        (_, "TokenCode") => "1234567".to_owned(),
        (_, "Policy") => format!("{{{}}}", " ".repeat(over - "{}".len())),
        (_, "AccessKeyId") => "A".repeat(over),
        (_, "EncodedMessage") => {
            let length = |message: &str| server.encode_authorization_message(message).len();
            let message = (over / 2..over).map(|length| "x".repeat(length)).find(|text| length(text) >= over);
            server.encode_authorization_message(&message.unwrap())
        }
        (_, "WebIdentityToken") => server.mint_token(&claims(over), TokenAlgorithm::Rs256).unwrap(),
        (_, "SAMLAssertion") => {
            let xml = format!("<Response><NameID>bob</NameID>{}</Response>", " ".repeat(over));
            STANDARD.encode(xml)
        }
        _ => return any_value(input, over),
    })
}

fn any_value(input: &Input<'_>, over: usize) -> Value {
    match input.shape.kind() {
        Type::List => sample::list(input.shape, over),
        Type::Integer => json!(over),
        _ => json!(sample::text(input.shape, over, 0)),
    }
}

/// Adds what other rules ask for beside a parameter, and gives required ones values that mean something.
fn complete(server: &Server, operation: &OperationModel<'_>, path: &str, params: &mut Value) {
    let mut set = |name: &str, value: Value| {
        if !path.starts_with(name) && operation.input().members().iter().any(|member| member.name == name) {
            params[name] = value;
        }
    };
    let claims = json!({"sub": "alice", "iss": "https://x.test", "aud": "y"});
    let jwt = server.mint_token(&claims, TokenAlgorithm::Rs256).unwrap();
    for (name, value) in [
        ("RoleArn", json!(format!("{ROLE}Deploy"))),
        ("PrincipalArn", json!("arn:aws:iam::123456789012:saml-provider/Idp")),
        ("WebIdentityToken", json!(jwt)),
        ("SAMLAssertion", json!(STANDARD.encode("<Response><NameID>bob</NameID></Response>"))),
        ("TargetPrincipal", json!("123456789012")),
        ("TaskPolicyArn", json!({"arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"})),
        ("SigningAlgorithm", json!("ES384")),
    ] {
        set(name, value);
    }
    match path {
        "Scope" => set("SubjectMode", json!("OriginIdentity")),
        "SerialNumber" => set("TokenCode", json!("123456")),
        "TokenCode" => set("SerialNumber", json!("GAHT12345678")),
        "ScopedSessionDescription" | "MinimumSessionTokenSize"
            if operation.name() == "GetScopedCredentials" =>
        {
            set("DurationSeconds", json!(900));
        }
        _ => {}
    }
    if path.starts_with("TransitiveTagKeys") {
        let keys = params["TransitiveTagKeys"].as_array().cloned().unwrap_or_default();
        params["Tags"] = keys.iter().map(|key| json!({"Key": key, "Value": "v"})).collect();
    }
}

/// What no server can grant beyond the model, and why.
fn cannot_be_granted(operation: &str, path: &str) -> Option<&'static str> {
    match (operation, path) {
        (_, "SigningAlgorithm") => Some("there is no algorithm with a name of six characters"),
        ("GetWebIdentityToken", "Scope") => {
            Some("scopes are for sessions of end users, which the caller is not")
        }
        ("GetScopedCredentials", "DurationSeconds") => Some("no session lasts longer than the one that asks"),
        _ => None,
    }
}

fn check(report: &mut Report, servers: &Servers, operation: &OperationModel<'_>, input: &Input<'_>) {
    let Some(most) = input.shape.max() else { return };
    let (name, path) = (operation.name(), input.path.as_str());
    report.case(format!("{name}, {path} beyond {most}"));
    for (server, is_beyond) in [(&servers.strict, false), (&servers.beyond, true)] {
        let mut params = sample::with(operation, path, value(server, name, input, most));
        complete(server, operation, path, &mut params);
        let Some(built) = report.ok("build", build::operation(name, &params)) else { return };
        let told = Advice::default();
        let by_default = client(server, name, told.clone(), Validation::default());
        let strict = client(server, name, Advice::default(), Validation::strict());
        let before = server.requests().len();

        let error = built.send(&strict).err();
        let kind = error.as_ref().map(|error| error.kind());
        report.same("strict", &kind, &Some(ErrorKind::InvalidInput));
        report.same("requests of strict", &server.requests().len(), &before);

        let outcome = built.send(&by_default);
        report.same("requests", &(server.requests().len() - before), &1);
        arrives(report, server, &*built);
        let place = path.replace("[]", "[0]");
        let told = told.0.lock().unwrap().clone();
        report.check(
            told.len() == 1 && told[0].contains(&format!("`{place}` must")),
            &format!("told: {told:?}"),
        );
        match (outcome, is_beyond, cannot_be_granted(name, path)) {
            (Ok(_), true, None) => {}
            (Err(error), true, Some(_)) => {
                // For another reason than the maximum.
                let said = error.service().and_then(|service| service.message()).unwrap_or_default();
                report.check(!said.is_empty() && !said.contains("less than or equal to"), said);
            }
            (Err(error), false, _) => {
                report.same("code", &error.code(), &Some(&ErrorCode::ValidationError));
                report.same("cause", &error.hint().map(Hint::cause), &Some(Cause::BeyondModel));
                let hint = error.hint().map(ToString::to_string).unwrap_or_default();
                let is_named = hint.contains(&format!("`{place}` must")) && hint.contains(MODEL.date);
                report.check(is_named, &format!("the hint: {hint}"));
            }
            (outcome, ..) => report.fail(format!("beyond the model: {outcome:?}")),
        }
    }
}

/// The last request holds the operation's form to the letter.
fn arrives(report: &mut Report, server: &Server, built: &dyn AnyOperation) {
    let encoder = sts_proto::endpoint::EndpointOptions::new().region("eu-west-1").resolve().unwrap();
    let encoder = sts_proto::Encoder::new(encoder);
    let key = Credentials::new("AKIA", "secret").unwrap().with_session_token("token").unwrap();
    let request = built.request(&encoder, &key, time::OffsetDateTime::UNIX_EPOCH).unwrap();
    let last = server.requests().pop().unwrap();
    report.check(last.body() == request.body().as_ref(), "the form did not arrive as it is");
}

#[test]
fn parameter_beyond_its_maximum_is_sent_and_explained() {
    let Some(folder) = Cases::vectors().find("model") else { return };
    let servers = Servers::start();
    let mut report = Report::new("beyond_model");
    let is_json = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "json");
    for file in vectors::entries(&folder).into_iter().filter(is_json) {
        let model = Model::new(vectors::json(&file));
        for operation in model.operations() {
            for input in operation.inputs() {
                check(&mut report, &servers, &operation, &input);
            }
        }
    }
    report.finish();
}
