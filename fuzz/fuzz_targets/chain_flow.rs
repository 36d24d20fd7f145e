//! AWS's chain of sources over any environment and any profile files, with anything for an answer: it ends, and neither
//! what it finds nor what it says of its failure shows a secret.

#![no_main]

use std::fmt::Debug;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use sts_proto::call::{Caller, Deadlines};
use sts_proto::config::profile::ProfileSet;
use sts_proto::config::{Config, Environment, Files, Platform};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http::{Response, StatusCode};
use sts_proto::source::{Chain, Context};
use sts_proto::step::{Answer, CommandOutput, Resume, Seq, Step};
use sts_proto::time::{Duration as SignedDuration, OffsetDateTime};
use sts_proto::{Body, Encoder, Error, ErrorCode, RetryPolicy, Secret, TransportKind};

/// Only this target writes it, and only where secrets belong: in the input it could stand for a name.
const SECRET: &str = "wJalrXUtnFEMI+K7MDENG+bPxRfiCYEXAMPLEKEY";

/// More steps than this is a loop: 32 roles, each with its file read and written, a code, and three requests with waits
/// between them, and what other sources take.
const STEPS: usize = 1000;

/// The longest sentence: some names and paths of the input, each shown once or twice, and what a service said, cut.
const SENTENCE: usize = 1 << 17;

fuzz_target!(|input: &[u8]| {
    if input.windows(8).any(|window| SECRET.as_bytes().starts_with(window)) {
        return;
    }
    let mut parts = input.split(|&b| b == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (environment, config, credentials) = (part(), part(), part());
    let Some(config) = configured(environment, config, credentials) else { return };
    hides(&config);
    let chain = Chain::of_config(Arc::new(config));
    hides(&chain);

    let endpoint = EndpointOptions::new().region("us-east-1").resolve().expect("a region");
    let caller = Arc::new(Caller::new(Encoder::new(endpoint), RetryPolicy::default()));
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };
    let mut now = OffsetDateTime::from_unix_timestamp(1_795_194_528).expect("a time");
    // Two loads: what sources keep goes on from one to the next.
    for _ in 0..2 {
        let (loaded, caller) = (chain.clone(), Arc::clone(&caller));
        let mut step =
            Seq::start(now, |ask| async move { loaded.load(&Context::new(ask, caller, deadlines, 7)).await });
        let mut steps = 0;
        let outcome = loop {
            steps += 1;
            assert!(steps <= STEPS, "it goes on and on");
            let mut given = Given(parts.next().unwrap_or_default());
            step = match step {
                Step::Send(transmit, then) => {
                    hides(&transmit);
                    now = given.later(now);
                    then.resume(now, given.answer())
                }
                Step::Wait(wait, then) => {
                    assert!(wait <= Duration::from_secs(60), "it waits for {wait:?}");
                    now = now.saturating_add(wait.try_into().unwrap_or(SignedDuration::MAX));
                    now = given.later(now);
                    then.resume(now, ())
                }
                Step::Read(file, then) => {
                    hides(&file);
                    now = given.later(now);
                    let contents = given.file().and_then(|contents| {
                        let fits = contents.len() <= file.limit;
                        if fits { Ok(contents) } else { Err(io::ErrorKind::FileTooLarge.into()) }
                    });
                    then.resume(now, contents)
                }
                Step::Write(file, then) => {
                    hides(&file);
                    now = given.later(now);
                    then.resume(now, given.file().map(drop))
                }
                Step::Run(command, then) => {
                    hides(&command);
                    now = given.later(now);
                    then.resume(now, given.output())
                }
                Step::AskMfa(prompt, then) => {
                    hides(&prompt);
                    now = given.later(now);
                    then.resume(now, given.code())
                }
                Step::Done(outcome) => break outcome,
            };
        };
        match outcome {
            Ok(loaded) => {
                hides(&loaded);
                assert!(loaded.credentials.source().is_some());
                loaded.report.to_string().lines().for_each(readable);
            }
            Err(error) => {
                hides(&error);
                let report = error.report().expect("a chain says where it looked");
                assert_eq!(report.to_string().lines().count(), report.looks().len());
                report.to_string().lines().for_each(readable);
                readable(&error.to_string());
                readable(&error.hint().map(|hint| hint.to_string()).unwrap_or_else(|| "none".to_owned()));
            }
        }
        hides(&chain);
    }
});

/// The configuration of that input, with a profile and variables that hold the secret where the input asks for them.
fn configured(environment: &[u8], config: &[u8], credentials: &[u8]) -> Option<Config> {
    let text = std::str::from_utf8(environment).ok()?;
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let is_secret =
        |name: &str| matches!(name, "AWS_SECRET_ACCESS_KEY" | "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    let pairs = pairs.map(|(name, value)| {
        let value = if is_secret(name) && value == "SECRET" { SECRET } else { value };
        (name.to_owned(), value.to_owned())
    });
    let environment =
        Environment::new(Platform::Unix, pairs.chain([("HOME".to_owned(), "/home/a".to_owned())]));
    let mut credentials = credentials.to_vec();
    let own = format!("\n[secret]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = {SECRET}\n");
    credentials.extend_from_slice(own.as_bytes());
    let files = Files::at("/c", "/k");
    let profiles = ProfileSet::parse(&files, Some(config), Some(&credentials)).ok()?;
    let config = Config::new(environment, profiles, None).ok()?;
    Some(config.cache_roles(text.contains("CACHE")))
}

fn hides(value: &impl Debug) {
    let text = format!("{value:?}");
    assert!(!text.contains(SECRET), "it is shown: {text}");
}

/// A sentence for people: on one line, of some length, without the secret.
fn readable(text: &str) {
    assert!(!text.is_empty() && text.len() < SENTENCE, "{} bytes: {text}", text.len());
    assert!(!text.contains(char::is_control), "{text:?}");
    assert!(!text.contains(SECRET), "it is said: {text}");
}

/// One answer: how the clock goes, what kind it is, and the rest. Where the input has ended, nothing is there.
struct Given<'i>(&'i [u8]);

impl<'i> Given<'i> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().map_or((0, self.0), |(first, rest)| (*first, rest));
        self.0 = rest;
        first
    }

    fn later(&mut self, now: OffsetDateTime) -> OffsetDateTime {
        let difference = match self.byte() {
            b'<' => SignedDuration::hours(-1),
            b'>' => SignedDuration::hours(1),
            b'}' => SignedDuration::weeks(10_000),
            b'{' => SignedDuration::weeks(-10_000),
            _ => SignedDuration::milliseconds(10),
        };
        now.saturating_add(difference)
    }

    /// A document with the secret in it, whole or cut; or the input's own text.
    fn document(&mut self) -> Body {
        let made = match self.byte() {
            b'A' => Some(sts("AssumeRole")),
            b'W' => Some(sts("AssumeRoleWithWebIdentity")),
            b'J' => Some(format!(
                r#"{{"Version":1,"Code":"Success","AccessKeyId":"ASIAJSON","SecretAccessKey":"{SECRET}","Token":"{SECRET}",
                "SessionToken":"{SECRET}","Expiration":"2026-11-21T23:00:00Z"}}"#
            )),
            b'S' => Some(format!(
                r#"{{"roleCredentials":{{"accessKeyId":"ASIASSO","secretAccessKey":"{SECRET}","sessionToken":"{SECRET}",
                "expiration":1795294528000}},"accessToken":"{SECRET}","refreshToken":"{SECRET}","clientId":"c",
                "clientSecret":"{SECRET}","expiresIn":3600,"expiresAt":"2026-11-20T16:00:00Z",
                "registrationExpiresAt":"2027-01-01T00:00:00Z","region":"eu-west-1"}}"#
            )),
            b'C' => Some(format!(
                r#"{{"Credentials":{{"AccessKeyId":"ASIACACHE","SecretAccessKey":"{SECRET}","SessionToken":"{SECRET}",
                "Expiration":"2026-11-21T23:00:00Z"}}}}"#
            )),
            b'E' => {
                let code = ErrorCode::KNOWN[usize::from(self.byte()) % ErrorCode::KNOWN.len()].as_str();
                Some(format!(
                    "<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
                ))
            }
            _ => None,
        };
        let Some(made) = made else { return Body::from(self.0.to_vec()) };
        let mut bytes = made.into_bytes();
        match self.0 {
            [] => {}
            // What is cut leaves no whole secret behind, and what is put in its middle belongs to nobody.
            [at, more @ ..] => {
                let at = usize::from(*at) * bytes.len() / 256;
                bytes.truncate(at);
                bytes.extend_from_slice(more);
            }
        }
        Body::from(bytes)
    }

    fn answer(&mut self) -> Answer {
        let status = match self.byte() {
            0 => return Err(Error::transport(TransportKind::Connect, "nobody is there")),
            b't' => return Err(Error::transport(TransportKind::Timeout, "late")),
            b'o' => return Err(Error::transport(TransportKind::Other, "odd")),
            b'3' => 302,
            b'4' => 400,
            b'1' => 401,
            b'F' => 403,
            b'N' => 404,
            b'5' => 500,
            b'9' => 429,
            _ => 200,
        };
        let mut response = Response::new(self.document());
        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
        Ok(response)
    }

    fn file(&mut self) -> io::Result<Body> {
        match self.byte() {
            0 => Err(io::ErrorKind::NotFound.into()),
            b'p' => Err(io::ErrorKind::PermissionDenied.into()),
            b'o' => Err(io::Error::other("odd")),
            // Only in a file: as a reply it could be the name of an instance's role.
            b'T' => Ok(Body::from(format!("eyJh.eyJi.{SECRET}").into_bytes())),
            _ => Ok(self.document()),
        }
    }

    fn output(&mut self) -> io::Result<CommandOutput> {
        let code = match self.byte() {
            0 => return Err(io::ErrorKind::NotFound.into()),
            b't' => return Err(io::ErrorKind::TimedOut.into()),
            b'k' => None,
            b'e' => Some(1),
            _ => Some(0),
        };
        // What fails says why in its messages, in the input's words.
        let (stdout, stderr) = match code {
            Some(0) => (self.document(), Body::default()),
            _ => (Body::default(), Body::from(self.0.to_vec())),
        };
        Ok(CommandOutput { code, stdout, stderr })
    }

    fn code(&mut self) -> Result<Secret, Error> {
        match self.byte() {
            0 => Err(Error::credentials("MFA", "there is no terminal")),
            _ => Ok(Secret::from(String::from_utf8_lossy(self.0).into_owned())),
        }
    }
}

fn sts(action: &str) -> String {
    format!(
        "<{action}Response><{action}Result><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>\
         <SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>{SECRET}</SessionToken>\
         <Expiration>2026-11-21T23:00:00Z</Expiration></Credentials><AssumedRoleUser>\
         <AssumedRoleId>AROA:s</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn>\
         </AssumedRoleUser></{action}Result></{action}Response>"
    )
}
