//! The cases that AWS's SDKs share for chains of credentials: an environment, a root file system and recorded traffic, and
//! the credentials or the error that come of them. All through the bare core, in virtual time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use serde_json::Value;
use sts_proto::call::Deadlines;
use sts_proto::config::{self, Config, Environment};
use sts_proto::http::{Method, Request, Response};
use sts_proto::settings::Settings;
use sts_proto::source::{Chain, Context};
use sts_proto::step::{Answer, Ask, CommandOutput, Resume, RunCommand, Seq, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Body, Credentials, Error, TransportKind};
use sts_tests::report::Report;
use sts_tests::vectors::{self, Cases};

const SUITE: &str = "chain_vectors";

/// When the chain is asked, unless credentials of the case would have expired by then.
const NOW: i64 = 1_600_000_000;

/// What other words say the same as those of the cases, or what we decided against, and why.
const DIFFERENT: &[(&str, Different, &str)] = &[];

#[derive(Clone, Copy)]
enum Different {
    /// The error has these words.
    Words(&'static str),
}

/// What a case is made of.
struct World {
    files: Files,
    exchanges: std::vec::IntoIter<Exchange>,
    faults: Vec<String>,
    waited: Duration,
}

enum Files {
    Folder(PathBuf),
    Texts(BTreeMap<String, String>),
}

/// One recorded request and its reply.
struct Exchange {
    method: Method,
    uri: String,
    headers: Vec<(String, String)>,
    body: String,
    status: u16,
    reply: Vec<u8>,
}

impl World {
    fn new(files: Files, exchanges: Vec<Exchange>) -> Self {
        Self { files, exchanges: exchanges.into_iter(), faults: Vec::new(), waited: Duration::ZERO }
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(NOW).expect("a time") + self.waited
    }

    /// The driver.
    fn drive<T>(&mut self, mut step: Step<Seq<T>>) -> Result<T, Error> {
        loop {
            step = match step {
                Step::Send(transmit, then) => {
                    let answer = self.answer(&transmit.request);
                    then.resume(self.now(), answer)
                }
                Step::Wait(wait, then) => {
                    self.waited += wait;
                    then.resume(self.now(), ())
                }
                Step::Read(file, then) => {
                    let contents = self.read(&file.path);
                    then.resume(self.now(), contents)
                }
                Step::Write(_, then) => then.resume(self.now(), Ok(())),
                Step::Run(command, then) => {
                    let output = run(&command);
                    then.resume(self.now(), output)
                }
                Step::AskMfa(_, then) => {
                    then.resume(self.now(), Err(Error::credentials("MFA", "nobody is there to be asked")))
                }
                Step::Done(result) => return result,
            }
        }
    }

    fn read(&self, path: &Path) -> io::Result<Body> {
        let contents = match &self.files {
            Files::Folder(root) => fs::read(root.join(path.strip_prefix("/").unwrap_or(path)))?,
            Files::Texts(texts) => {
                let text = path.to_str().and_then(|path| texts.get(path));
                text.ok_or(io::ErrorKind::NotFound)?.clone().into_bytes()
            }
        };
        Ok(Body::from(contents))
    }

    /// What STS acts on must be what was recorded: method, URI, the form's pairs, and headers but those that tell which
    /// SDK it was or when.
    fn answer(&mut self, request: &Request<Body>) -> Answer {
        let Some(exchange) = self.exchanges.next() else {
            self.faults.push(format!("{} {} is not in the record", request.method(), request.uri()));
            return Err(Error::transport(TransportKind::Connect, "nothing is recorded"));
        };
        let mut differs = |what: &str, ours: &str, theirs: &str| {
            if ours != theirs {
                self.faults.push(format!("{what}: {ours}, recorded {theirs}"));
            }
        };
        differs("method", request.method().as_str(), exchange.method.as_str());
        differs("URI", &uri(&request.uri().to_string()), &uri(&exchange.uri));
        for (name, value) in &exchange.headers {
            let ours = request.headers().get(name).and_then(|value| value.to_str().ok());
            differs(name, ours.unwrap_or("(none)"), value);
        }
        if !exchange.body.is_empty() {
            let ours = String::from_utf8_lossy(request.body().as_ref()).into_owned();
            differs("form", &format!("{:?}", pairs(&ours)), &format!("{:?}", pairs(&exchange.body)));
        }
        let response = Response::builder().status(exchange.status).body(Body::from(exchange.reply));
        Ok(response.expect("a recorded reply"))
    }
}

/// With a path, and its query in order.
fn uri(text: &str) -> String {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let mut query: Vec<_> = query.split('&').collect();
    query.sort_unstable();
    format!("{}?{}", path.trim_end_matches('/'), query.join("&"))
}

/// A form's pairs but the session's name, which each SDK makes up in its own way.
fn pairs(form: &str) -> BTreeMap<String, String> {
    let pairs = form_urlencoded::parse(form.as_bytes()).into_owned();
    let is_made_up = |name: &str, value: &str| {
        name == "RoleSessionName"
            && ["assume-role-provider-", "sts-", "web-identity-token-"].iter().any(|p| value.starts_with(p))
    };
    pairs.filter(|(name, value)| !is_made_up(name, value)).collect()
}

/// The recorded commands are a shell's, with pipes: that is what runs them here.
fn run(command: &RunCommand) -> io::Result<CommandOutput> {
    let words: Vec<_> =
        std::iter::once(&command.program).chain(&command.arguments).map(String::as_str).collect();
    let output = Command::new("sh").arg("-c").arg(words.join(" ")).output()?;
    let (stdout, stderr) = (Body::from(output.stdout), Body::from(output.stderr));
    Ok(CommandOutput { code: output.status.code(), stdout, stderr })
}

fn environment(variables: &Value) -> Environment {
    let pairs = variables.as_object().into_iter().flatten();
    pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// What `Client::from_env` does.
fn load(world: &mut World, environment: Environment, profile: Option<&str>) -> Result<Credentials, Error> {
    let now = world.now();
    let profile = profile.map(str::to_owned);
    let config = world.drive(Seq::start(now, |ask| config::load(ask, environment, profile)))?;
    let config = Arc::new(config);
    let mut settings = Settings::new().config(Arc::clone(&config));
    if config.region().is_none() {
        settings = settings.region("us-east-1");
    }
    let caller = Arc::new(settings.resolve("chain-vectors", "1", |_| None)?.caller);
    let chain = Chain::of_config(config);
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };
    let look = |ask: Ask| async move { chain.load(&Context::new(ask, caller, deadlines, 7)).await };
    Ok(world.drive(Seq::start(world.now(), look))?.credentials)
}

#[test]
fn recorded_chains() {
    for folder in ["default-credential-provider-chain", "profile-provider"] {
        let Some(folder) = Cases::vectors().find(&format!("chain/{folder}")) else { continue };
        let mut report = Report::new(SUITE);
        let mut cases: Vec<_> =
            fs::read_dir(&folder).expect("the folder").map(|e| e.expect("a case").path()).collect();
        cases.sort();
        for case in cases {
            let name = case.file_name().expect("a name").to_string_lossy().into_owned();
            report.case(name.clone());
            recorded(&mut report, &name, &case);
        }
        report.finish();
    }
}

fn recorded(report: &mut Report, name: &str, case: &Path) {
    let optional = |file: &str| {
        let path = case.join(file);
        if path.exists() { vectors::json(&path) } else { Value::Null }
    };
    let mut world = World::new(Files::Folder(case.join("fs")), exchanges(&optional("http-traffic.json")));
    let outcome = load(&mut world, environment(&optional("env.json")), None);
    check(report, name, &outcome, &vectors::json(&case.join("test-case.json"))["result"]);
    for fault in &world.faults {
        report.fail(fault);
    }
    if world.exchanges.next().is_some() {
        report.fail("not everything that is recorded was asked for");
    }
}

fn check(report: &mut Report, name: &str, outcome: &Result<Credentials, Error>, expected: &Value) {
    let different = DIFFERENT.iter().find(|(case, ..)| *case == name);
    match (outcome, &expected["Ok"], expected["ErrorContains"].as_str()) {
        (Ok(credentials), ok @ Value::Object(_), _) => {
            let ours = serde_json::json!({
                "access_key_id": credentials.access_key_id(),
                "secret_access_key": credentials.secret_access_key().expose(),
                "session_token": credentials.session_token().map(sts_proto::Secret::expose),
                "account_id": credentials.account_id(),
                "expiry": credentials.expiration().map(OffsetDateTime::unix_timestamp),
            });
            for key in ["access_key_id", "secret_access_key", "session_token", "account_id", "expiry"] {
                if ours[key] != ok[key] {
                    report.fail(format!("{key}: {}, expected {}", ours[key], ok[key]));
                }
            }
        }
        (Err(error), _, Some(words)) => {
            let words = match different {
                Some((_, Different::Words(ours), _)) => ours,
                None => words,
            };
            let sentence =
                error.report().map_or_else(|| error.to_string(), |report| format!("{error}\n{report}"));
            if !sentence.contains(words) {
                report.fail(format!("the error is: {sentence}"));
            }
        }
        (outcome, ..) => report.fail(format!("{outcome:?}, expected {expected}")),
    }
}

/// The requests of a record with their replies, in the order of the requests.
fn exchanges(traffic: &Value) -> Vec<Exchange> {
    let mut exchanges: Vec<(u64, Exchange)> = Vec::new();
    for event in traffic["events"].as_array().into_iter().flatten() {
        let connection = event["connection_id"].as_u64().unwrap_or_default();
        let action = &event["action"];
        let request = &action["Request"]["request"];
        if request.is_object() {
            let ignored = [
                "user-agent",
                "x-amz-user-agent",
                "authorization",
                "content-length",
                "x-amz-date",
                "content-type",
            ];
            let headers = request["headers"].as_object().into_iter().flatten();
            let headers = headers
                .map(|(name, values)| {
                    (name.to_ascii_lowercase(), values[0].as_str().unwrap_or_default().to_owned())
                })
                .filter(|(name, _)| !ignored.contains(&name.as_str()));
            let exchange = Exchange {
                method: request["method"].as_str().and_then(|m| m.parse().ok()).expect("a method"),
                uri: request["uri"].as_str().expect("a URI").to_owned(),
                headers: headers.collect(),
                body: String::new(),
                status: 0,
                reply: Vec::new(),
            };
            exchanges.push((connection, exchange));
            continue;
        }
        let Some((_, exchange)) = exchanges.iter_mut().rev().find(|(id, _)| *id == connection) else {
            continue;
        };
        if let Some(status) = action["Response"]["response"]["Ok"]["status"].as_u64() {
            exchange.status = status.try_into().expect("a status");
        }
        let text = action["Data"]["data"]["Utf8"].as_str().unwrap_or_default();
        match action["Data"]["direction"].as_str() {
            Some("Request") => exchange.body.push_str(text),
            Some("Response") => exchange.reply.extend_from_slice(text.as_bytes()),
            _ => {}
        }
    }
    exchanges.into_iter().map(|(_, exchange)| exchange).collect()
}
