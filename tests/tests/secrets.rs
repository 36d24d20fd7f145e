//! No public type, error, event or log line of a run shows a secret, whichever way it is formatted and encoded.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::{Debug, Display, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use futures_lite::future;
use http::{Method, Response};
use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::config::profile::ProfileSet;
use sts_proto::config::{Environment, Files};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::form::Form;
use sts_proto::http1::{self, ReplyReader};
use sts_proto::observe::{Event, LogLine, Observer, Parameters};
use sts_proto::operation::*;
use sts_proto::proxy::ProxySettings;
use sts_proto::settings::Settings;
use sts_proto::sigv4::{Signing, SigningKey};
use sts_proto::source::{Chain, Report};
use sts_proto::step::{CommandOutput, ReadFile, RunCommand, Step, WriteFile};
use sts_proto::token::{eks, env, process, vault};
use sts_proto::{Body, Credentials, Encoder, Error, Presign, RetryPolicy, Secret, TransportKind, compatible};
use sts_tests::server::{Answer, Server};
use time::OffsetDateTime;

/// Secrets, each with characters that encoders change.
const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYxONE";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE//8wEaTWO=";
const JWT: &str =
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImlzcyI6Imh0dHBzOi8veC50ZXN0IiwiYXVkIjoieSJ9.VEhSRUU";
const SAML: &str = "PFJlc3BvbnNlPjxOYW1lSUQ+Ym9iPC9OYW1lSUQ+PC9SZXNwb25zZT4=";
const EXTERNAL_ID: &str = "external-id/four=4x";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[],"Id":"policy five"}"#;
const CODE: &str = "774411";
const PASSWORD: &str = "hunter+/SIX";
const SECRETS: [&str; 8] = [KEY, TOKEN, JWT, SAML, EXTERNAL_ID, POLICY, CODE, PASSWORD];

/// All that was seen.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<String>>);

static LOG: Mutex<String> = Mutex::new(String::new());

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        // Every byte of the wire, which no library can switch off: there is a warning of it instead.
        if record.target() != "ureq_proto::util" {
            writeln!(LOG.lock().unwrap(), "{} {}", record.target(), record.args()).unwrap();
        }
    }

    fn flush(&self) {}
}

impl Seen {
    fn debug(&self, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{value:?}\n{value:#?}").unwrap();
    }

    fn display(&self, value: &(impl Debug + Display)) {
        self.debug(value);
        writeln!(self.0.lock().unwrap(), "{value}\n{value:#}").unwrap();
    }

    fn error(&self, error: &Error) {
        self.display(error);
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            writeln!(self.0.lock().unwrap(), "{cause}\n{cause:?}").unwrap();
            source = cause.source();
        }
        if let Some(service) = error.service() {
            self.display(service);
            self.debug(&(service.code(), service.code_text(), service.details(), service.metadata()));
        }
        error.violations().iter().for_each(|violation| self.display(violation));
        if let Some(hint) = error.hint() {
            self.display(hint);
        }
    }
}

impl Observer for Seen {
    fn event(&self, event: &Event<'_>) {
        self.debug(event);
        if let Some(line) = LogLine::of(event) {
            self.display(&line);
        }
        if let Event::Done { parameters, .. } = event {
            self.display(*parameters);
        }
    }
}

/// The ways in which a secret could be written by somebody who does not know that it is one.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let encoded: String = form_urlencoded::byte_serialize(bytes).collect();
    let mut ours = Form::new();
    ours.pair("", secret);
    let ours = String::from_utf8(ours.into_body().into_vec()).unwrap().split_off(1);
    let list: Vec<_> = bytes.iter().map(u8::to_string).collect();
    let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let engines = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD];
    let mut forms: Vec<_> = engines.iter().map(|engine| engine.encode(bytes)).collect();
    forms.extend([
        secret.to_owned(),
        small_digits(&ours),
        ours,
        encoded,
        secret.escape_debug().to_string(),
        secret.replace('/', "\\/"),
        hexadecimal.to_uppercase(),
        hexadecimal,
        list.join(","),
    ]);
    forms
}

/// `%2F` as `%2f`.
fn small_digits(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let (digits, rest) = part.split_at(2);
        all + "%" + &digits.to_lowercase() + rest
    })
}

/// Where a secret stands in a text, if it does. White space is left out: `{:#?}` writes a list of bytes in lines.
fn found(text: &str) -> Option<String> {
    let dense: String = text.split_whitespace().collect();
    for secret in SECRETS {
        for form in forms(secret) {
            let form: String = form.split_whitespace().collect();
            if let Some(at) = dense.find(&form) {
                let from =
                    (0..=at.saturating_sub(80)).rev().find(|i| dense.is_char_boundary(*i)).unwrap_or(0);
                return Some(format!("{form} in …{}", &dense[from..at + form.len()]));
            }
        }
    }
    None
}

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

fn credentials() -> Credentials {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", KEY).unwrap().with_session_token(TOKEN).unwrap()
}

fn role() -> AssumeRole {
    AssumeRole::new(ROLE, "session")
        .external_id(EXTERNAL_ID)
        .policy(POLICY)
        .serial_number("arn:aws:iam::123456789012:mfa/alice")
        .token_code(CODE)
}

fn reply(action: &str) -> String {
    format!(
        "<{action}Response><{action}Result><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>{KEY}\
         </SecretAccessKey><SessionToken>{TOKEN}</SessionToken><Expiration>2026-11-20T18:08:48Z</Expiration>\
         </Credentials><AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>arn:x</Arn></AssumedRoleUser>\
         <FederatedUser><FederatedUserId>1:B</FederatedUserId><Arn>arn:x</Arn></FederatedUser></{action}Result>\
         </{action}Response>"
    )
}

/// A refusal that shows all that [`role`] sends, as some servers do.
fn echo() -> String {
    let sent = [KEY, TOKEN, EXTERNAL_ID, POLICY, CODE];
    let all = sent.join(" | ");
    // As it is, percent-encoded with small and with capital digits, and as forms have it.
    let encoded: Vec<_> = sent.iter().flat_map(|secret| forms(secret)[4..8].to_vec()).collect();
    let xml = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not \
         match. The Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:{TOKEN}' {} {}\
         </Message><StringToSign>{}</StringToSign></Error><RequestId>{EXTERNAL_ID}</RequestId></ErrorResponse>",
        xml(&all),
        xml(&encoded.join(" | ")),
        xml(&all),
    )
}

#[test]
fn nothing_shows_a_secret() {
    log::set_logger(&Logger).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let seen = Seen::default();
    values(&seen);
    core(&seen);
    flows(&seen);
    drivers(&seen);

    let text = seen.0.lock().unwrap();
    assert!(text.len() > 30_000 && text.contains("AKIAIOSFODNN7EXAMPLE"), "{} bytes were seen", text.len());
    assert_eq!(found(&text), None, "it is shown");
    let log = LOG.lock().unwrap();
    assert!(log.contains("sts_blocking") && log.contains("sts_async") && log.contains("ureq"), "{log}");
    assert_eq!(found(&log), None, "it is logged");
    let warnings = log.matches("the level TRACE of ureq_proto::util writes requests and replies").count();
    assert_eq!(warnings, 2, "one for each client of sts-blocking: {log}");
}

/// A search that finds nothing must be able to find something.
#[test]
fn every_form_is_found() {
    for secret in SECRETS {
        for form in forms(secret) {
            assert!(found(&format!("a {form} b")).is_some(), "{form}");
        }
        assert!(found(&format!("{:?}", secret.as_bytes())).is_some());
        assert!(found(&format!("{:#?}", secret.as_bytes())).is_some());
        assert!(found(&format!("{secret:?}")).is_some());
    }
    assert_eq!(found("nothing"), None);
}

/// Whatever holds secrets that it was given.
fn values(seen: &Seen) {
    macro_rules! operations {
        ($($operation:expr),* $(,)?) => {$(
            let operation = $operation;
            seen.debug(&operation);
            seen.display(&Parameters::of(&operation));
            seen.debug(&operation.parameters());
            operation.warnings().iter().for_each(|warning| seen.display(warning));
            let outcome = operation.decode(&Response::new(reply(operation.action())));
            match &outcome {
                Ok(reply) => seen.debug(&(reply, &reply.output)),
                Err(error) => seen.error(error),
            }
        )*};
    }
    operations![
        role(),
        AssumeRoleWithSaml::new(ROLE, "arn:aws:iam::123456789012:saml-provider/Idp", SAML).policy(POLICY),
        AssumeRoleWithWebIdentity::new(ROLE, "session", JWT).policy(POLICY),
        AssumeRoot::new("123456789012", "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"),
        GetCallerIdentity::new(),
        GetDelegatedAccessToken::new(JWT),
        GetFederationToken::new("Bob").policy(POLICY),
        GetSessionToken::new().serial_number("arn:aws:iam::123456789012:mfa/alice").token_code(CODE),
        GetWebIdentityToken::new(["https://x.test"], SigningAlgorithm::Es384),
        RawAction::new("AssumeRole").parameter("Password", PASSWORD).parameter("Token", JWT),
        compatible::AssumeRole::new().policy(POLICY),
        compatible::AssumeRoleWithWebIdentity::new(JWT),
        compatible::AssumeRoleWithClientGrants::new(JWT),
        compatible::AssumeRoleWithCustomToken::new(JWT, ROLE),
        compatible::AssumeRoleWithLdapIdentity::new("alice", PASSWORD),
    ];
    let body = || Body::from(SECRETS.join(" ").into_bytes());
    seen.debug(&Secret::from(KEY));
    seen.debug(&body());
    seen.debug(&credentials());
    seen.debug(&WriteFile::new(PathBuf::from("/x"), body()));
    seen.debug(&ReadFile::new(PathBuf::from("/x"), 10));
    seen.debug(&RunCommand::new("program", Duration::ZERO, 1).arguments(SECRETS.map(str::to_owned).to_vec()));
    seen.debug(&CommandOutput { code: Some(0), stdout: body(), stderr: body() });
    seen.debug(&Response::new(body()));
    for refused in
        [Credentials::new("AKIA", format!("{KEY}\n")), credentials().with_session_token(format!("{TOKEN} "))]
    {
        seen.error(&refused.unwrap_err());
    }
    let mut form = Form::new();
    SECRETS.iter().for_each(|secret| form.pair("a", secret));
    seen.debug(&form.into_body());
}

/// Signer, encoder, bytes, settings.
fn core(seen: &Seen) {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
    let credentials = credentials();
    seen.debug(&encoder);
    let request = encoder.encode(&role(), Some(&credentials), NOW).unwrap();
    seen.debug(&request);
    let bytes = http1::request(&request).unwrap();
    seen.debug(&bytes);
    let signing = Signing::new(&credentials, "eu-west-1", "sts", NOW);
    seen.debug(&signing);
    seen.debug(encoder.signer());
    seen.debug(&SigningKey::derive(credentials.secret_access_key(), NOW, "eu-west-1", "sts").unwrap());
    seen.debug(&encoder.signer().explain(&request, &signing).unwrap());
    let url = encoder.presign(&GetCallerIdentity::new(), &credentials, NOW, &Presign::default()).unwrap();
    seen.debug(&url);
    seen.error(&encoder.presign(&role(), &credentials, NOW, &Presign::default()).unwrap_err());
    let broken =
        AssumeRole::new(JWT, KEY).external_id(format!("{EXTERNAL_ID}!")).policy("\0").token_code(PASSWORD);
    seen.error(&encoder.encode(&broken, Some(&credentials), NOW).unwrap_err());

    let text = reply("AssumeRole");
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len());
    let mut reader = ReplyReader::new(&Method::POST);
    seen.debug(&reader.feed(head.as_bytes()));
    seen.debug(&reader.feed(&text.as_bytes()[..400]));
    seen.debug(&reader);
    seen.debug(&reader.feed(&text.as_bytes()[400..]));
    for end in (0..text.len()).step_by(7) {
        seen.error(&role().decode(&Response::new(&text[..end])).unwrap_err());
    }
    for junk in [
        SECRETS.join(" "),
        format!("<{KEY}>"),
        format!("<a>{TOKEN}<{KEY}</a>"),
        format!("<x {KEY}={TOKEN}/>"),
    ] {
        seen.error(&role().decode(&Response::new(junk)).unwrap_err());
    }

    let proxied =
        ProxySettings::explicit(&format!("http://alice:{}@127.0.0.1:3128", encoded(PASSWORD))).unwrap();
    seen.debug(&proxied);
    proxied.proxies().for_each(|proxy| {
        seen.display(proxy);
        seen.error(&proxy.refusal(&http::Uri::from_static("http://h.test/"), Some(407), "no"));
        seen.debug(&http1::connect(proxy, "h.test", 443));
    });
    for url in
        [format!("http://alice:{}@", encoded(PASSWORD)), format!("ftp://alice:{}@h:1", encoded(PASSWORD))]
    {
        seen.error(&ProxySettings::explicit(&url).unwrap_err());
    }
    let secret_url = format!("https://alice:{}@h.test/", encoded(PASSWORD));
    let options = EndpointOptions::new().url(&secret_url);
    seen.debug(&options);
    seen.error(&options.resolve().unwrap_err());
    seen.debug(
        &Settings::new().credentials(credentials.clone()).endpoint_url(secret_url).proxy("http://a:b@h"),
    );
    let lookup = |name: &str| match name {
        "AWS_ACCESS_KEY_ID" => Some("AKIAIOSFODNN7EXAMPLE".to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some(KEY.to_owned()),
        "AWS_SESSION_TOKEN" => Some(TOKEN.to_owned()),
        _ => None,
    };
    seen.debug(&sts_proto::source::environment::credentials(lookup).unwrap());
    let config = format!(
        "[profile p]\naws_secret_access_key = {KEY}\nexternal_id = {EXTERNAL_ID}\ns3 =\n  a = {TOKEN}\n"
    );
    let files = Files::at("/config", "/credentials");
    let profiles = ProfileSet::parse(&files, Some(config.as_bytes()), None).unwrap();
    seen.debug(&(&profiles, profiles.profile("p")));
    let variables = [("AWS_SECRET_ACCESS_KEY", KEY), ("AWS_SESSION_TOKEN", TOKEN), ("OTHER", PASSWORD)];
    seen.debug(&variables.into_iter().collect::<Environment>());
    for text in
        [KEY.to_owned(), format!("[profile {KEY}"), format!("[p]\n{KEY} {TOKEN}"), format!("[p]\n = {KEY}")]
    {
        match ProfileSet::parse(&files, Some(text.as_bytes()), Some(text.as_bytes())) {
            Ok(profiles) => seen.debug(&profiles.ignored()),
            Err(error) => seen.error(&error),
        }
    }
    for format in [process::write(&credentials), env::write(&credentials, env::EnvFormat::Sh)] {
        seen.debug(&format.unwrap());
    }
    seen.error(
        &process::read(format!("{{\"Version\":1,\"SecretAccessKey\":\"{KEY}").as_bytes()).unwrap_err(),
    );
    let token = eks::EksTokenRequest::new("cluster").build(&encoder, &credentials, NOW).unwrap();
    seen.debug(&token);
    seen.debug(&vault::VaultLogin::new("role"));
    let mut report = Report::default();
    report.found("environment", "AKIAIOSFODNN7EXAMPLE");
    seen.display(&report);
    seen.debug(&Chain::new());
}

fn encoded(text: &str) -> String {
    let mut form = Form::new();
    form.pair("", text);
    String::from_utf8(form.into_body().into_vec()).unwrap().split_off(1)
}

/// A call with a failure, a result and an echo, with every event.
fn flows(seen: &Seen) {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
    let caller = Arc::new(Caller::new(encoder, RetryPolicy::default()).observer(seen.clone()));
    seen.debug(&caller);
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };
    for last in [(200, reply("AssumeRole")), (403, echo())] {
        let call = Call::new(Arc::clone(&caller), role(), Some(Arc::new(credentials())), deadlines, 7);
        let mut answers = vec![(503, echo()), last];
        let mut step = call.start(NOW);
        let outcome = loop {
            use sts_proto::step::Resume;
            step = match step {
                Step::Send(transmit, then) => {
                    seen.debug(&transmit);
                    let (status, body) = answers.remove(0);
                    let mut response = Response::new(Body::from(body.into_bytes()));
                    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
                    then.resume(NOW, Ok(response))
                }
                Step::Wait(_, then) => then.resume(NOW, ()),
                Step::Done(outcome) => break outcome,
            };
        };
        match &outcome {
            Ok(reply) => seen.debug(reply),
            Err(error) => {
                assert!(error.to_string().contains("[redacted]"), "{error}");
                seen.error(error);
            }
        }
    }
    seen.error(&Error::transport(TransportKind::Closed, "x").during("AssumeRole"));
}

/// Both drivers, with a result, an echo and no whole reply.
fn drivers(seen: &Seen) {
    let server = Server::start().unwrap();
    let proxy = format!("http://alice:{}@127.0.0.1:1", encoded(PASSWORD));
    let answers = || {
        let cut = format!("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{}", reply("AssumeRole"));
        server.answer_next(Answer::reply(200, &[], reply("AssumeRole")));
        server.answer_next(Answer::reply(403, &[("connection", "close")], echo()));
        server.answer_next(Answer::raw(cut));
    };
    macro_rules! run {
        ($client:ty, $call:ident => $wait:expr) => {
            let builder = || {
                <$client>::builder()
                    .region("us-east-1")
                    .credentials(credentials())
                    .retry(RetryPolicy::never())
            };
            let client = builder().endpoint_url(server.url()).observer(seen.clone()).build().unwrap();
            seen.debug(&client);
            answers();
            for _ in 0..3 {
                let $call = client.send(role());
                match $wait {
                    Ok(reply) => seen.debug(&reply),
                    Err(error) => seen.error(&error),
                }
            }
            let away = builder().endpoint_url("http://192.0.2.1/").proxy(proxy.as_str()).build().unwrap();
            seen.debug(&away);
            let $call = away.send(role());
            let error = $wait.unwrap_err();
            assert_eq!(error.transport_kind(), Some(TransportKind::Proxy));
            seen.error(&error);
        };
    }
    run!(sts_blocking::Client, outcome => outcome);
    run!(sts_async::smol::Client, outcome => future::block_on(outcome));
}
