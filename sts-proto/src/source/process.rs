use std::io;
use std::time::Duration;

use zeroize::Zeroizing;

use super::document::{self, Names};
use super::fetch;
use super::json::Json;
use crate::credentials::Secret;
use crate::error::Error;
use crate::source::{Context, Found, Looking, Source};
use crate::step::{CommandOutput, RunCommand};

pub use split::Splitting;

mod split;

const NAME: &str = "credential_process";

/// The most that a command may write.
const MAX_OUTPUT_BYTES: usize = 64 << 10;

/// How long a text of the output must be to be taken for a secret, where it has no name that says so. The shortest key of
/// AWS's has 40 characters; tokens of other services are shorter.
const LIKELY_SECRET: usize = 16;

/// The most texts that are looked for in what a command says. Where there are more, it is not shown: the search has to be
/// bounded, and an output of so many is not what should be there.
const MOST_SECRETS: usize = 128;

const NAMES: Names = Names {
    access_key_id: "AccessKeyId",
    secret_access_key: "SecretAccessKey",
    token: "SessionToken",
    expiration: "Expiration",
    account_id: "AccountId",
    are_temporary: false,
};

/// A command that prints credentials.
///
/// It is split into words and run without a shell and without input, so a pipe or a variable in it means nothing. It must
/// end with the code 0 within [`timeout`](Self::timeout) and print a JSON object of at most 64 KiB with `Version` 1,
/// `AccessKeyId`, `SecretAccessKey` and perhaps `SessionToken`, `Expiration` and `AccountId`, their case aside. What it
/// writes to its standard error becomes part of the error, in one line of 300 characters at most, without its arguments
/// and what looks like a secret in its output; what it prints never.
///
/// AWS: [process credential provider](https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html).
#[derive(Clone, Debug)]
pub struct Process {
    /// Can hold secrets.
    command: Secret,
    splitting: Splitting,
    timeout: Duration,
    account_id: Option<String>,
    variables: Vec<(String, String)>,
}

impl Process {
    /// That command line, by POSIX's rules, with a minute of time.
    #[must_use]
    pub fn new(command: impl Into<Secret>) -> Self {
        let timeout = Duration::from_secs(60);
        Self {
            command: command.into(),
            splitting: Splitting::default(),
            timeout,
            account_id: None,
            variables: Vec::new(),
        }
    }

    /// By whose rules it becomes words. Drivers choose [`Splitting::Windows`] on Windows, as botocore does.
    #[must_use]
    pub fn splitting(mut self, splitting: Splitting) -> Self {
        self.splitting = splitting;
        self
    }

    /// How long it may run until it is ended by force. A minute by default: long enough for a person who has to touch a
    /// key or to sign in with a browser, and no other library has any limit.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The account of credentials that come without one: `aws_account_id` of the profile.
    #[must_use]
    pub fn account_id(mut self, account_id: impl Into<String>) -> Self {
        self.account_id = Some(account_id.into());
        self
    }

    /// A variable for the command, besides this process's own.
    #[must_use]
    pub(super) fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    fn command(&self) -> Result<RunCommand, Error> {
        let fault = |rule| Error::setting(NAME, rule);
        let mut words = self.splitting.split(self.command.expose()).map_err(fault)?.into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        let program = program.ok_or_else(|| fault("must name a program"))?;
        let command = RunCommand::new(program.expose(), self.timeout, MAX_OUTPUT_BYTES).arguments(words);
        Ok(command.variables(self.variables.clone()))
    }

    async fn find(&self, context: &Context) -> Result<Found, Error> {
        let command = self.command()?;
        let program = fetch::shown(&command.program, &[]);
        let arguments = command.arguments.clone();
        let output = context.ask().run(command).await.map_err(|error| self.not_run(&program, error))?;
        let json = Json::read(output.stdout.as_ref());
        if output.code != Some(0) {
            let end = match output.code {
                Some(code) => format!("`{program}` ended with the code {code}"),
                None => format!("`{program}` was ended by a signal"),
            };
            return Err(failed(end, &arguments, json.as_ref().ok(), &output));
        }
        let json = json.map_err(|fault| {
            let is_silent = output.stdout.as_ref().trim_ascii().is_empty();
            let words = if is_silent {
                format!("`{program}` printed nothing")
            } else {
                format!("what `{program}` printed {fault}")
            };
            failed(words, &arguments, None, &output)
        })?;
        if !matches!(json.get("Version"), Ok(Some(Json::Integer(1)))) {
            let words = format!("in what `{program}` printed, `Version` is not the number 1");
            return Err(failed(words, &arguments, Some(&json), &output));
        }
        let credentials = document::credentials(&json, &NAMES, NAME)?;
        if credentials.expiration().is_some_and(|at| at <= context.server_time()) {
            return Err(Error::credentials(
                NAME,
                format!("`{program}` printed credentials that have expired"),
            ));
        }
        Ok(Found::Credentials(match (&self.account_id, credentials.account_id()) {
            (Some(account_id), None) => credentials.with_account_id(account_id),
            _ => credentials,
        }))
    }

    fn not_run(&self, program: &str, error: io::Error) -> Error {
        let words = match error.kind() {
            io::ErrorKind::TimedOut => {
                format!("`{program}` did not end within {} s", self.timeout.as_secs_f32())
            }
            io::ErrorKind::FileTooLarge => format!("`{program}` printed more than {MAX_OUTPUT_BYTES} bytes"),
            io::ErrorKind::NotFound => format!("there is no program `{program}`; no shell looks for it"),
            _ => format!("`{program}` could not be run: {error}"),
        };
        Error::credentials(NAME, words).caused_by(error)
    }
}

/// The error with what the command said about it, without the secrets that it was given and those that it printed.
fn failed(words: String, arguments: &[Secret], json: Option<&Json>, output: &CommandOutput) -> Error {
    let printed = match json {
        Some(json) => texts(json),
        None => pieces(output.stdout.as_ref()),
    };
    let values = arguments.iter().filter_map(|word| word.expose().split_once('='));
    let values: Vec<_> = values.map(|(_, value)| Secret::from(value)).collect();
    let mut secrets: Vec<_> = arguments.iter().chain(&values).chain(&printed).collect();
    if secrets.len() > MOST_SECRETS {
        return Error::credentials(NAME, words);
    }
    // One that holds another goes first, or its rest would be shown.
    secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
    let said = fetch::shown(&lossy(output.stderr.as_ref()), &secrets);
    let words = if said.is_empty() { words } else { format!("{words}: {said}") };
    Error::credentials(NAME, words)
}

/// The bytes as a text, with a mark for each sequence that is no UTF-8.
fn lossy(bytes: &[u8]) -> Zeroizing<String> {
    // A mark has three bytes and stands for one at least: nothing grows.
    let mut text = Zeroizing::new(String::with_capacity(3 * bytes.len()));
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

/// The texts of a document that are secrets by their name, and long ones of other names, at any depth: it may be the answer
/// of another tool.
fn texts(json: &Json) -> Vec<Secret> {
    let is = |name: &str, names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let (mut found, mut left) = (Vec::new(), vec![("", json)]);
    while let Some((name, json)) = left.pop() {
        match json {
            Json::Object(members) => left.extend(members.iter().map(|(name, value)| (name.as_str(), value))),
            Json::List(items) => left.extend(items.iter().map(|item| (name, item))),
            Json::Text(text) => {
                let is_named = is(name, &[NAMES.secret_access_key, NAMES.token]);
                let is_known = is(name, &[NAMES.access_key_id, NAMES.expiration, NAMES.account_id]);
                if is_named || (!is_known && text.expose().len() >= LIKELY_SECRET) {
                    found.push(text.clone());
                }
            }
            _ => {}
        }
    }
    found
}

/// The long pieces of an output that is no document: between white space, and between what is in no key or token.
fn pieces(stdout: &[u8]) -> Vec<Secret> {
    let is_of_secret = |b: u8| b.is_ascii_alphanumeric() || b"+/_-.~%".contains(&b);
    let words = stdout.split(u8::is_ascii_whitespace);
    let words = words.chain(stdout.split(|b| !is_of_secret(*b)));
    let words = words.filter(|word| word.len() >= LIKELY_SECRET);
    words.filter_map(|word| std::str::from_utf8(word).ok()).map(Secret::from).collect()
}

impl Source for Process {
    fn name(&self) -> &'static str {
        NAME
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(self.find(context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::testing::{Asked, Play, found, sentence};

    const OUTPUT: &str = r#"{"version":1,"ACCESSKEYID":"AKIDP","secretAccessKey":"sEcReT","SessionToken":"t",
        "Expiration":"2026-11-20T06:00:00+00:00"}"#;

    #[test]
    fn a_command_is_run_and_its_output_read() {
        let source = Process::new("/bin/vault 'get it' sEcReT").account_id("123456789012");
        assert!(!format!("{source:?}").contains("sEcReT"));
        let (result, asked) = Play::new().output(0, OUTPUT, "warning").watch(source.clone());
        let credentials = found(result);
        assert_eq!((credentials.access_key_id(), credentials.account_id()), ("AKIDP", Some("123456789012")));
        assert_eq!(credentials.source(), Some("credential_process"));
        let Asked::Command(command) = &asked[0] else { panic!("{asked:?}") };
        assert_eq!((command.program.as_str(), command.timeout), ("/bin/vault", Duration::from_secs(60)));
        assert_eq!(command.arguments, ["get it", "sEcReT"].map(Secret::from));
        let own = OUTPUT.replace("\"version\"", "\"AccountId\":\"2\",\"version\"");
        assert_eq!(found(Play::new().output(0, &own, "").run(source)).account_id(), Some("2"));
        let plain = r#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":null}"#;
        let credentials = found(Play::new().output(0, plain, "").run(Process::new("x")));
        assert_eq!((credentials.expiration(), credentials.session_token()), (None, None));
    }

    #[test]
    fn what_it_says_is_shown_and_what_it_prints_is_not() {
        let run = |play: Play| sentence(play.run(Process::new("vault")));
        let text = run(Play::new().output(3, "sEcReT", "no\u{1b}[1m\ntoken\n"));
        assert_eq!(
            text,
            r"no credentials from credential_process: `vault` ended with the code 3: no\u{1b}[1m\ntoken"
        );
        let text = run(Play::new().output(1, OUTPUT, "printed sEcReT already"));
        assert!(text.ends_with("printed [redacted] already"), "{text}");
        let text = run(Play::new().output(0, "sEcReT", "oops"));
        assert!(text.contains("what `vault` printed is not JSON at line 1, column 1: oops"), "{text}");
        assert!(run(Play::new().output(1, "", &"x".repeat(60_000))).len() < 500);
    }

    #[test]
    fn what_it_was_given_and_what_it_printed_is_taken_out_of_what_it_says() {
        let run = |stdout: &str, stderr: &str| {
            let source = Process::new("vault --key=sEcReTkey 'sEcReT arg' -o sEcReT");
            sentence(Play::new().output(1, stdout, stderr).run(source))
        };
        let text = run("", "usage: vault: unknown --key=sEcReTkey 'sEcReT arg' sEcReT, or sEcReTkey");
        assert!(text.ends_with("unknown [redacted] '[redacted]' [redacted], or [redacted]"), "{text}");
        let long = "sEcReT0123456789/+a";
        for stdout in [
            format!("{{\"SecretAccessKey\":\"{long}\",\"SessionTok"),
            format!("export AWS_SECRET_ACCESS_KEY={long}\n"),
            format!("{{\"SecretAccessKey\":\"{long}\",\"secretaccesskey\":\"other\"}}"),
            format!("{{\"Credentials\":{{\"SecretAccessKey\":\"{long}\"}}}}"),
            format!("[{{\"password\":[\"{long}\"]}}]"),
            format!("\"{long}\""),
        ] {
            let text = run(&stdout, &format!("cannot use {long}, AKIDP"));
            assert!(text.ends_with("the code 1: cannot use [redacted], AKIDP"), "{stdout}: {text}");
        }
        // Both of a key that is there twice, and what is too much to look for.
        let twice = r#"{"SessionToken":"other","sessiontoken":"second"}"#;
        assert!(run(twice, "other or second").ends_with("[redacted] or [redacted]"));
        let many: String = (0..200).map(|i| format!("{long}{i} ")).collect();
        assert!(run(&many, "hello").ends_with("with the code 1"));
    }

    #[test]
    fn answers_that_are_none() {
        for (output, words) in [
            (OUTPUT.replace(":1,", ":2,"), "`Version` is not the number 1"),
            (OUTPUT.replace(":1,", ":\"1\","), "`Version` is not the number 1"),
            ("[]".to_owned(), "`Version` is not the number 1"),
            (OUTPUT.replace("ACCESSKEYID", "x"), "`AccessKeyId` is missing"),
            (OUTPUT.replace("ACCESSKEYID", "secretaccesskey"), "is missing"),
            (OUTPUT.replace("06:00", "00:29"), "that have expired"),
        ] {
            let text = sentence(Play::new().output(0, &output, "").run(Process::new("x")));
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn commands_that_do_not_end_well() {
        for (kind, words) in [
            (io::ErrorKind::TimedOut, "did not end within 2.5 s"),
            (io::ErrorKind::FileTooLarge, "printed more than 65536 bytes"),
            (io::ErrorKind::NotFound, "there is no program `x`"),
            (io::ErrorKind::PermissionDenied, "`x` could not be run: permission denied"),
        ] {
            let source = Process::new("x y").timeout(Duration::from_millis(2500));
            let text = sentence(Play::new().no_output(kind).run(source));
            assert!(text.contains(words), "{text}");
        }
        for command in ["", " ", "'' x", "'x"] {
            let error = Play::new().run(Process::new(command)).unwrap_err();
            assert!(error.to_string().contains("`credential_process`"), "{error}");
        }
        let windows = Process::new(r"C:\x y").splitting(Splitting::Windows);
        let (_, asked) = Play::new().output(0, OUTPUT, "").watch(windows);
        assert!(matches!(&asked[0], Asked::Command(command) if command.program == r"C:\x"));
    }
}
