//! The driver: files, replies and commands of one case, in virtual time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{fs, io};

use sts_proto::http::{Request, Response};
use sts_proto::step::{Answer, CommandOutput, Resume, RunCommand, Seq, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Body, Error, Secret, TransportKind};

use super::record::Exchange;

/// When the chain is asked, unless credentials of the case would have expired by then.
const NOW: i64 = 1_600_000_000;

/// What a case is made of.
pub(super) struct World {
    pub(super) files: Files,
    pub(super) exchanges: std::vec::IntoIter<Exchange>,
    pub(super) faults: Vec<String>,
    pub(super) waited: Duration,
    pub(super) compares_forms: bool,
    pub(super) has_shell: bool,
    /// `method URI` of what was sent, where nothing is recorded: every role is given then.
    pub(super) sent: Option<Vec<Sent>>,
}

/// What was sent where nothing is recorded.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) line: String,
    pub(super) access_key_id: Option<String>,
    pub(super) form: BTreeMap<String, String>,
}

pub(super) enum Files {
    Folder(PathBuf),
    Texts(BTreeMap<String, String>),
}

impl World {
    pub(super) fn new(files: Files, exchanges: Vec<Exchange>) -> Self {
        Self {
            files,
            exchanges: exchanges.into_iter(),
            faults: Vec::new(),
            waited: Duration::ZERO,
            compares_forms: true,
            has_shell: false,
            sent: None,
        }
    }

    pub(super) fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(NOW).expect("a time") + self.waited
    }

    /// The driver.
    pub(super) fn drive<T>(&mut self, mut step: Step<Seq<T>>) -> Result<T, Error> {
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
                    let output = run(&command, self.has_shell);
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
        if let Some(sent) = &mut self.sent {
            return listed(sent, request);
        }
        let Some(exchange) = self.exchanges.next() else {
            self.faults.push(format!("{} {} is not in the record", request.method(), request.uri()));
            return Err(Error::transport(TransportKind::Connect, "nothing is recorded"));
        };
        let faults = &mut self.faults;
        let mut differs = |what: &str, ours: &str, theirs: &str| {
            if ours != theirs {
                faults.push(format!("{what}: {ours}, recorded {theirs}"));
            }
        };
        differs("method", request.method().as_str(), exchange.method.as_str());
        differs("URI", &uri(&request.uri().to_string()), &uri(&exchange.uri));
        for (name, value) in &exchange.headers {
            let ours = request.headers().get(name).and_then(|value| value.to_str().ok());
            differs(name, ours.unwrap_or("(none)"), value);
        }
        if self.compares_forms && !exchange.body.is_empty() {
            let ours = String::from_utf8_lossy(request.body().as_ref()).into_owned();
            differs("form", &format!("{:?}", pairs(&ours)), &format!("{:?}", pairs(&exchange.body)));
        }
        let response = Response::builder().status(exchange.status).body(Body::from(exchange.reply));
        Ok(response.expect("a recorded reply"))
    }
}

/// Writes it down, and gives a role if it is STS that is asked.
fn listed(sent: &mut Vec<Sent>, request: &Request<Body>) -> Answer {
    let form = String::from_utf8_lossy(request.body().as_ref()).into_owned();
    let form: BTreeMap<_, _> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let access_key_id = authorization
        .and_then(|value| value.split_once("Credential="))
        .and_then(|(_, rest)| rest.split_once('/'))
        .map(|(id, _)| id.to_owned());
    let action = form.get("Action").cloned();
    sent.push(Sent { line: format!("{} {}", request.method(), request.uri()), access_key_id, form });
    let Some(action) = action else {
        return Err(Error::transport(TransportKind::Connect, "only STS is here"));
    };
    let document = format!(
        "<{action}Response><{action}Result><Credentials><AccessKeyId>ASIA{n}</AccessKeyId><SecretAccessKey>s\
         </SecretAccessKey><SessionToken>t</SessionToken><Expiration>2020-09-13T13:26:40Z</Expiration></Credentials>\
         <AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn>\
         </AssumedRoleUser></{action}Result></{action}Response>",
        n = sent.len()
    );
    Ok(Response::new(Body::from(document.into_bytes())))
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

fn run(command: &RunCommand, has_shell: bool) -> io::Result<CommandOutput> {
    let words = std::iter::once(command.program.as_str()).chain(command.arguments.iter().map(Secret::expose));
    let output = if has_shell {
        Command::new("sh").arg("-c").arg(words.collect::<Vec<_>>().join(" ")).output()?
    } else {
        Command::new(&command.program).args(command.arguments.iter().map(Secret::expose)).output()?
    };
    let (stdout, stderr) = (Body::from(output.stdout), Body::from(output.stderr));
    Ok(CommandOutput { code: output.status.code(), stdout, stderr })
}
