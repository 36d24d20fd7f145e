//! No text of others gets into a message raw: whichever way it comes, errors, hints, reports and log lines hold it escaped.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::{self, Debug, Display, Write as _};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Response;
use sts_proto::arn::Arn;
use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::config::profile::ProfileSet;
use sts_proto::config::{Config, Environment, Files, Platform};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::observe::{Event, LogLine, Observer, Parameters};
use sts_proto::operation::{AssumeRole, GetCallerIdentity, Operation, RawAction};
use sts_proto::proxy::ProxySettings;
use sts_proto::settings::{Roots, Settings};
use sts_proto::source::*;
use sts_proto::step::{Ask, CommandOutput, Resume, Seq, Step};
use sts_proto::{Body, Credentials, Encoder, Error, RetryPolicy, TransportKind};
use time::OffsetDateTime;

/// One character of each kind that must not be seen raw.
const HOSTILE: &str =
    "x\u{1b}[2J\r\nWARN forged\t\u{7f}\u{9b}\u{61c}\u{200b}\u{200e}\u{202e}\u{2028}\u{2029}\u{feff}y";

fn is_raw(c: char) -> bool {
    c.is_control() || (HOSTILE.contains(c) && !c.is_ascii())
}

/// All that was shown, and by which way the text came in.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<(String, String)>>>);

impl Shown {
    fn text(&self, way: &str, text: impl Display) {
        self.0.lock().unwrap().push((way.to_owned(), text.to_string()));
    }

    fn debug(&self, way: &str, value: &impl Debug) {
        self.text(way, format!("{value:?}"));
        // Its own line breaks are wanted.
        self.text(way, format!("{value:#?}").replace('\n', ""));
    }

    fn error(&self, way: &str, error: &Error) {
        self.text(way, error);
        self.debug(way, error);
        error.violations().iter().for_each(|violation| {
            self.text(way, violation);
            self.text(way, violation.rule());
            self.debug(way, violation);
        });
        error.hint().into_iter().for_each(|hint| self.text(way, hint));
        if let Some(service) = error.service() {
            self.text(way, service);
            self.text(way, service.code());
            self.debug(way, service);
        }
        if let Some(report) = error.report() {
            self.report(way, report);
        }
    }

    /// A line for each source.
    fn report(&self, way: &str, report: &Report) {
        self.debug(way, report);
        assert_eq!(report.to_string().lines().count(), report.looks().len(), "{way}: {report}");
        report.to_string().lines().for_each(|line| self.text(way, line));
        report.looks().iter().for_each(|look| self.text(way, look));
    }

    fn outcome<T: Debug>(&self, way: &str, outcome: Result<T, Error>) {
        match outcome {
            Ok(value) => self.debug(way, &value),
            Err(error) => self.error(way, &error),
        }
    }

    fn check(&self) {
        let shown = self.0.lock().unwrap();
        assert!(shown.len() > 400, "{} texts were seen", shown.len());
        let escaped = shown.iter().filter(|(_, text)| text.contains(r"\u{1b}[2J\r\nWARN")).count();
        assert!(escaped > 100, "{escaped} texts held the text escaped");
        let raw: Vec<_> = shown.iter().filter(|(_, text)| text.contains(is_raw)).collect();
        assert!(raw.is_empty(), "{} of {} are raw: {:#?}", raw.len(), shown.len(), raw.first());
    }
}

/// Events are shown as they come, and as lines for a log.
impl Observer for Shown {
    fn event(&self, event: &Event<'_>) {
        self.debug("event", event);
        LogLine::of(event).iter().for_each(|line| self.text("log line", line));
    }
}

/// A cause that shows itself raw.
struct Raw;

impl Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HOSTILE)
    }
}

impl Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HOSTILE.replace('\n', ""))
    }
}

impl std::error::Error for Raw {}

#[test]
fn hostile_text_is_escaped_in_every_message() {
    let shown = Shown::default();
    makers(&shown);
    values(&shown);
    variables(&shown);
    files(&shown);
    replies(&shown);
    sources(&shown);
    drivers(&shown);
    shown.check();
}

/// Every public function that takes words for an error or a report.
fn makers(shown: &Shown) {
    shown.error("setting", &Error::setting("Name", HOSTILE));
    shown.error("credentials", &Error::credentials(HOSTILE, HOSTILE).caused_by(Raw).during(HOSTILE));
    let error = Error::transport(TransportKind::Other, Raw).because(HOSTILE).during(HOSTILE);
    shown.error("transport", &error);
    let mut report = Report::default();
    report.found(HOSTILE, HOSTILE);
    report.skipped(HOSTILE, HOSTILE.into());
    report.failed(HOSTILE, &Error::credentials(HOSTILE, HOSTILE));
    shown.error("report", &error.with_report(Arc::new(report)));
}

/// Values that a program hands over.
fn values(shown: &Shown) {
    shown.outcome("region", EndpointOptions::new().region(HOSTILE).resolve());
    shown.outcome("endpoint URL", EndpointOptions::new().region("eu-west-1").url(HOSTILE).resolve());
    shown.outcome("host", EndpointOptions::new().url(format!("https://{HOSTILE}.test/")).resolve());
    shown.outcome("ARN", Arn::parse(HOSTILE).map(|_| ()));
    shown.outcome("proxy", ProxySettings::explicit(HOSTILE));
    shown.outcome("access key id", Credentials::new(HOSTILE, HOSTILE));
    shown.text("roots", format!("{:?}", Roots::File { setting: "AWS_CA_BUNDLE", path: HOSTILE.into() }));
    let operation = AssumeRole::new(HOSTILE, HOSTILE).tag(HOSTILE, HOSTILE).serial_number(HOSTILE);
    shown.text("parameters", Parameters::of(&operation));
    operation.advice().iter().for_each(|advice| shown.text("advice", advice));
    shown.outcome("operation", operation.validate(sts_proto::Validation::default()));
}

const VARIABLES: [&str; 22] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_RETRY_MODE",
    "AWS_MAX_ATTEMPTS",
    "AWS_CA_BUNDLE",
    "AWS_SDK_UA_APP_ID",
    "AWS_ACCESS_KEY_ID",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "HTTPS_PROXY",
];

fn variables(shown: &Shown) {
    for name in VARIABLES {
        let value = move |variable: &str| match variable {
            _ if variable == name => Some(HOSTILE.to_owned()),
            "AWS_REGION" => Some("eu-west-1".to_owned()),
            "AWS_ROLE_ARN" => Some("arn:aws:iam::123456789012:role/r".to_owned()),
            _ => None,
        };
        let settings = Settings::new().credentials_from_env().variables(value);
        resolve(shown, name, settings);
        let all = [name, "AWS_REGION", "AWS_ROLE_ARN", "HOME"];
        let environment =
            Environment::new(Platform::Unix, all.map(|name| (name, value(name).unwrap_or_default())));
        shown.outcome(name, Files::locate(&environment));
        let config = Config::new(environment, ProfileSet::default(), None);
        shown.outcome(name, config.as_ref().map(|_| ()).map_err(Clone::clone));
        if let Ok(config) = config {
            let config = Arc::new(config);
            resolve(shown, name, Settings::new().config(Arc::clone(&config)).credentials_from_chain());
            for world in worlds() {
                load(shown, name, Chain::of_config(Arc::clone(&config)), &world);
            }
        }
    }
}

fn resolve(shown: &Shown, way: &str, settings: Settings) {
    let nothing: fn(&str) -> Option<String> = |_| None;
    shown.outcome(way, settings.way(nothing).map(|way| way.report));
    match settings.resolve("sts-tests", "0", nothing) {
        Ok(resolved) => {
            let report = resolved.report;
            assert_eq!(report.to_string().lines().count(), report.settings().len(), "{way}: {report}");
            report.to_string().lines().for_each(|line| shown.text(way, line));
            report
                .settings()
                .for_each(|setting| shown.text(way, format!("{} {}", setting.value, setting.origin)));
        }
        Err(error) => shown.error(way, &error),
    }
}

/// The contents of profiles, which are one line: what would end it is left out.
fn files(shown: &Shown) {
    let hostile = HOSTILE.replace(['\r', '\n'], "");
    let wrong = ProfileSet::parse(&Files::at(HOSTILE, HOSTILE), Some(b"[a]\n\xff=1"), None);
    shown.outcome("config file", wrong);
    let role = "role_arn = arn:aws:iam::123456789012:role/r\n";
    let sso = "sso_region = eu-west-1\nsso_account_id = 123456789012\nsso_role_name = r\n";
    for text in [
        format!("region = {hostile}"),
        format!(
            "region = eu-west-1\nca_bundle = {hostile}\nsdk_ua_app_id = {hostile}\nretry_mode = {hostile}"
        ),
        format!("max_attempts = {hostile}\nregion = eu-west-1"),
        format!("endpoint_url = {hostile}\nservices = {hostile}"),
        format!("{role}source_profile = {hostile}"),
        format!("{role}credential_source = {hostile}"),
        format!("{role}web_identity_token_file = {hostile}"),
        format!("{role}source_profile = base\nmfa_serial = {hostile}\nduration_seconds = {hostile}"),
        format!("{role}source_profile = base\nrole_session_name = {hostile}\nexternal_id = {hostile}"),
        format!("role_arn = {hostile}\nsource_profile = base"),
        format!("credential_process = '{hostile}' '{hostile}'"),
        format!("{sso}sso_start_url = {hostile}"),
        format!("{sso}sso_session = {hostile}"),
        format!(
            "sso_start_url = https://x.test\nsso_region = {hostile}\nsso_account_id = 1\nsso_role_name = r"
        ),
        format!("login_session = {hostile}\nregion = eu-west-1"),
        format!("{hostile} = 1"),
        hostile.clone(),
    ] {
        let text = format!(
            "[profile p]\n{text}\n[profile base]\naws_access_key_id = AKIA\naws_secret_access_key = s\n[profile {hostile}]\n"
        );
        let files = Files::at(HOSTILE, "/k");
        let profiles = match ProfileSet::parse(&files, Some(text.as_bytes()), None) {
            Ok(profiles) => profiles,
            Err(error) => {
                shown.error("profile", &error);
                continue;
            }
        };
        profiles.ignored().iter().for_each(|ignored| shown.debug("ignored", ignored));
        let environment = Environment::new(Platform::Unix, [("AWS_PROFILE", "p"), ("HOME", HOSTILE)]);
        let config = Arc::new(Config::new(environment, profiles, None).unwrap());
        resolve(shown, "profile", Settings::new().config(Arc::clone(&config)).credentials_from_chain());
        for world in worlds() {
            load(shown, "profile", Chain::of_config(Arc::clone(&config)), &world);
        }
    }
}

/// What servers say, as errors, events and log lines.
fn replies(shown: &Shown) {
    let credentials = || Some(Arc::new(Credentials::new("AKIA", "s").unwrap()));
    let escapes: String = HOSTILE.chars().fold(String::new(), |mut all, c| {
        let _ = write!(all, "\\u{:04x}", u32::from(c));
        all
    });
    let json = format!(
        r#"{{"Error":{{"Code":"{escapes}","Message":"{escapes}","{escapes}":"x"}},"RequestId":"{escapes}"}}"#
    );
    // XML refuses most of them.
    let soft: String =
        HOSTILE.chars().filter(|c| !c.is_control() || matches!(c, '\r' | '\n' | '\t')).collect();
    let xml = format!(
        "<ErrorResponse><Error><Code>{soft}</Code><Message>{soft}</Message><{soft}>x</{soft}></Error>\
                       <RequestId>{soft}</RequestId></ErrorResponse>"
    );
    let bodies = [json, xml, format!("<{HOSTILE}/>"), format!("<{soft}/>"), HOSTILE.to_owned()];
    for (status, body) in
        [200, 403, 502].into_iter().flat_map(|status| bodies.iter().map(move |body| (status, body)))
    {
        let response = Response::builder()
            .status(status)
            .header("x-amzn-requestid", http::HeaderValue::from_bytes(b"a\xc2\x9b\t\xe2\x80\xaeb").unwrap())
            .header("content-type", http::HeaderValue::from_bytes(b"text/xml\xc2\x9b\xe2\x80\xae").unwrap());
        let response = || response_of(response.body(Body::from(body.clone().into_bytes())));
        let response = response();
        shown.outcome("decode", GetCallerIdentity::new().decode(&response));
        for action in ["GetCallerIdentity", HOSTILE] {
            shown.outcome("decode raw", RawAction::new(action).decode(&response));
            let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
            let caller = Arc::new(Caller::new(encoder, RetryPolicy::never()).observer(shown.clone()));
            let deadlines = Deadlines { attempt: Duration::from_secs(1), total: Duration::from_secs(1) };
            let call = Call::new(caller, RawAction::new(action), credentials(), deadlines, 1);
            let Step::Send(_, then) = call.start(NOW) else { panic!("it sends") };
            let copy =
                Response::from_parts(response.clone().into_parts().0, Body::from(body.clone().into_bytes()));
            let Step::Done(outcome) = then.resume(NOW, Ok(copy)) else { panic!("it is done") };
            shown.outcome("call", outcome);
        }
    }
}

fn response_of<T>(response: http::Result<Response<T>>) -> Response<T> {
    response.unwrap()
}

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// Sources with hostile names of their own.
fn sources(shown: &Shown) {
    let sso = || Sso::new(HOSTILE, "eu-west-1", HOSTILE, HOSTILE, HOSTILE);
    let base = || Given::new(Credentials::new("AKIA", "s").unwrap().with_source(HOSTILE));
    type Make = fn(&str) -> Arc<dyn Source>;
    let all: [Make; 2] = [
        |uri| Arc::new(Container::new().full_uri(uri).required(true)),
        |uri| Arc::new(InstanceMetadata::new().endpoint(uri).required(true)),
    ];
    let urls = ["http://localhost/", HOSTILE];
    let mut sources: Vec<Arc<dyn Source>> = urls.iter().flat_map(|url| all.map(|make| make(url))).collect();
    sources.extend([
        Arc::new(base()) as Arc<dyn Source>,
        Arc::new(AssumedRole::new(base(), AssumeRole::new(HOSTILE, HOSTILE)).cached_in(HOSTILE)),
        Arc::new(WebIdentity::new(HOSTILE, TokenSource::file(HOSTILE))),
        Arc::new(Saml::new(HOSTILE, HOSTILE, TokenSource::file(HOSTILE))),
        Arc::new(Container::new().relative_uri(HOSTILE).token_file(HOSTILE).required(true)),
        Arc::new(Process::new(format!("'{HOSTILE}' '{HOSTILE}'"))),
        Arc::new(sso()),
        Arc::new(sso().session(HOSTILE).profile(HOSTILE)),
        Arc::new(Login::new(HOSTILE, "eu-west-1", HOSTILE).profile(HOSTILE)),
    ]);
    for source in sources {
        for world in worlds() {
            load(shown, source.name(), Chain::new().with(Arc::clone(&source)), &world);
        }
    }
}

/// What comes of anything that a source asks for.
struct World {
    status: u16,
    reply: String,
    file: Option<String>,
    code: Option<i32>,
}

fn worlds() -> Vec<World> {
    let escapes = HOSTILE.escape_unicode().to_string().replace("\\u{", "\\u").replace('}', "");
    // Each number has four digits in JSON.
    let escapes: String = escapes.split("\\u").skip(1).map(|digits| format!("\\u{digits:0>4}")).collect();
    let said =
        format!(r#"{{"code":"{escapes}","message":"{escapes}","Code":"{escapes}","Version":"{escapes}"}}"#);
    vec![
        World { status: 400, reply: said.clone(), file: None, code: None },
        World { status: 200, reply: said.clone(), file: Some(said.clone()), code: Some(0) },
        World { status: 403, reply: said, file: Some(HOSTILE.to_owned()), code: Some(1) },
    ]
}

fn load(shown: &Shown, way: &str, chain: Chain, world: &World) {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
    let caller = Arc::new(Caller::new(encoder, RetryPolicy::never()).observer(shown.clone()));
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };
    let mut step = Seq::start(NOW, |ask: Ask| {
        let context = Context::new(ask, caller, deadlines, 7);
        async move { chain.load(&context).await }
    });
    let body = |text: &str| Body::from(text.as_bytes().to_vec());
    for _ in 0..100 {
        step = match step {
            Step::Send(_, then) => {
                let response = Response::builder().status(world.status).body(body(&world.reply)).unwrap();
                then.resume(NOW, Ok(response))
            }
            Step::Wait(_, then) => then.resume(NOW, ()),
            Step::Read(_, then) => {
                then.resume(NOW, world.file.as_deref().map(body).ok_or_else(|| io::Error::other(HOSTILE)))
            }
            Step::Write(_, then) => then.resume(NOW, Err(io::Error::other(HOSTILE))),
            Step::Run(_, then) => {
                let output = |code| CommandOutput {
                    code: Some(code),
                    stdout: body(&world.reply),
                    stderr: body(HOSTILE),
                };
                then.resume(NOW, world.code.map(output).ok_or_else(|| io::Error::other(HOSTILE)))
            }
            Step::AskMfa(_, then) => then.resume(NOW, Err(Error::credentials("MFA", HOSTILE))),
            Step::Done(Ok(loaded)) => return shown.report(way, &loaded.report),
            Step::Done(Err(error)) => return shown.error(way, &error),
        };
    }
    panic!("{way} goes on and on");
}

/// Paths that the drivers open, in errors and in the lines of the log.
fn drivers(shown: &Shown) {
    static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
    struct Logger;
    impl log::Log for Logger {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }

        fn log(&self, record: &log::Record<'_>) {
            LOG.lock().unwrap().push(record.args().to_string());
        }

        fn flush(&self) {}
    }

    log::set_logger(&Logger).unwrap();
    log::set_max_level(log::LevelFilter::Debug);
    let directory = std::env::temp_dir().join(format!("sts-escapes-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let good = rcgen::generate_simple_self_signed(["h.test".to_owned()]).unwrap().cert.pem();
    let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let path = directory.join(HOSTILE.replace('/', ""));
    std::fs::write(&path, format!("{bad}{good}")).unwrap();
    for path in [HOSTILE.into(), path] {
        let builder = sts_blocking::Client::builder().region("eu-west-1").ca_bundle(&path);
        shown.outcome("CA bundle", builder.build().map(|_| ()));
        let builder = sts_async::smol::Client::builder().region("eu-west-1").ca_bundle(&path);
        shown.outcome("CA bundle", builder.build().map(|_| ()));
    }
    std::fs::remove_dir_all(&directory).unwrap();
    let lines = LOG.lock().unwrap();
    assert_eq!(
        lines.iter().filter(|line| line.contains("left out of the CA bundle")).count(),
        2,
        "{lines:?}"
    );
    lines.iter().for_each(|line| shown.text("log", line));
}
