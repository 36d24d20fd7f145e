//! Files, texts, parameters and streams that are damaged in every place: always a result, or an error of a kind that fits and
//! whose sentence is one line. Replies of STS have a test of their own, `malformed_replies.rs`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stdout, reason = "the figures are wanted")]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use sts_proto::call::{Caller, Deadlines};
use sts_proto::config::profile::ProfileSet;
use sts_proto::config::{Config, Environment, Files};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http1::ReplyReader;
use sts_proto::operation::*;
use sts_proto::proxy::ProxySettings;
use sts_proto::source::*;
use sts_proto::step::{CommandOutput, Resume, Seq, Step};
use sts_proto::token::{cli_cache, eks, process, web_identity};
use sts_proto::{Body, Credentials, Encoder, Error, ErrorKind, RetryPolicy, Rule, Secret, Validation};
use time::OffsetDateTime;

const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

/// What a byte is replaced by: what ends, opens, separates or escapes in one of the languages, and what is in none.
const BYTES: [u8; 12] = [0, b'\n', b' ', b'"', b'%', b'=', b'[', b'\\', b'{', b'9', b':', 0xff];

/// Every cut, every byte as other ones, every line twice and not at all, and every byte twice.
fn damaged(whole: &[u8]) -> HashSet<Vec<u8>> {
    let mut all: HashSet<Vec<u8>> = (0..whole.len()).map(|end| whole[..end].to_vec()).collect();
    for at in 0..whole.len() {
        let with = |byte: u8| {
            let mut bytes = whole.to_vec();
            bytes[at] = byte;
            bytes
        };
        all.extend(BYTES.map(with));
        all.extend([0x01, 0x20, 0x80].map(|mask| with(whole[at] ^ mask)));
        all.insert([&whole[..=at], &whole[at..]].concat());
    }
    let lines: Vec<_> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    for (i, line) in lines.iter().enumerate() {
        let (before, behind) = (lines[..i].concat(), lines[i + 1..].concat());
        all.insert([&before, &behind[..]].concat());
        all.insert([&before[..], &line.repeat(1000), &behind].concat());
    }
    all.remove(whole);
    all
}

type Read = Box<dyn Fn(&[u8]) -> Result<(), Error>>;

struct Case {
    name: &'static str,
    /// What is read without an error as it is.
    whole: Vec<u8>,
    kinds: &'static [ErrorKind],
    read: Read,
}

fn check(cases: Vec<Case>) -> usize {
    let mut total = 0;
    for Case { name, whole, kinds, read } in cases {
        read(&whole).unwrap_or_else(|error| panic!("{name}, undamaged: {error}"));
        let (mut results, mut errors) = (0, 0);
        for bytes in damaged(&whole) {
            let Err(error) = read(&bytes) else {
                results += 1;
                continue;
            };
            errors += 1;
            let text = error.to_string();
            let shown = String::from_utf8_lossy(&bytes);
            assert!(kinds.contains(&error.kind()), "{name}: {error}: {shown}");
            assert!(!text.contains(char::is_control), "{name}: {text:?}: {shown}");
            assert!(text.len() < 8192, "{name}: {} bytes: {shown}", text.len());
        }
        println!("{name}: {results} results, {errors} errors");
        assert!(errors > 0, "{name}: nothing is refused");
        total += results + errors;
    }
    total
}

fn case(
    name: &'static str,
    whole: impl Into<Vec<u8>>,
    kinds: &'static [ErrorKind],
    read: impl Fn(&[u8]) -> Result<(), Error> + 'static,
) -> Case {
    Case { name, whole: whole.into(), kinds, read: Box::new(read) }
}

/// As a text, where only texts can be given.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn credentials() -> Credentials {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG")
        .unwrap()
        .with_session_token("t")
        .unwrap()
}

fn encoder() -> Encoder {
    Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap())
}

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_194_528).unwrap()
}

const INPUT: &[ErrorKind] = &[ErrorKind::InvalidInput];
const WIRE: &[ErrorKind] = &[ErrorKind::Transport];
const SOURCE: &[ErrorKind] = &[ErrorKind::Credentials, ErrorKind::InvalidInput];

#[test]
fn files() {
    let profile = "# mine\n[default]\nregion = eu-west-1\n\n[profile a]\nrole_arn = arn:aws:iam::123456789012:role/r\n\
                   source_profile = b\ns3 =\n  addressing_style = path\n[profile b]\naws_access_key_id = AKIA\n\
                   aws_secret_access_key = secret ; c\nmax_attempts = 3\nsts_regional_endpoints = regional\n\
                   [sso-session s]\nsso_region = x\n[services t]\nsts =\n  endpoint_url = http://h\n";
    let configured = |bytes: &[u8]| {
        let profiles = ProfileSet::parse(&Files::at("/c", "/k"), Some(bytes), Some(bytes))?;
        let environment = [("HOME", "/h")].into_iter().collect::<Environment>();
        let config = Arc::new(Config::new(environment, profiles, None)?);
        config.endpoint_url()?;
        config.max_attempts()?;
        config.imds()?;
        sts_proto::settings::Settings::new().config(config).region("x").resolve("t", "0", |_| None).map(drop)
    };
    let credentials = credentials().with_expiration(now() + time::Duration::hours(1));
    let written = process::write(&credentials).unwrap().into_vec();
    let cached = cli_cache::write(&credentials, None).unwrap().into_vec();
    let bundle = rcgen::generate_simple_self_signed(["h.test".to_owned()]).unwrap().cert.pem();
    let in_async = bundle.clone();
    let total = check(vec![
        case("profile files", profile, INPUT, configured),
        case("output of credential_process", written, INPUT, |bytes| process::read(bytes).map(drop)),
        case("cache of the AWS CLI", cached, INPUT, |bytes| {
            cli_cache::read(bytes).map(drop).ok_or_else(|| Error::setting("cache", "is damaged"))
        }),
        case("CA bundle, sts-blocking", bundle, INPUT, |bytes| {
            sts_blocking::CaBundle::from_pem(bytes).map(drop)
        }),
        case("CA bundle, sts-async", in_async, INPUT, |bytes| sts_async::CaBundle::from_pem(bytes).map(drop)),
    ]);
    println!("{total} files");
    assert!(total > 10_000, "{total}");
}

#[test]
fn texts() {
    let token = eks::EksTokenRequest::new("cluster").build(&encoder(), &credentials(), now()).unwrap();
    let jwt =
        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJodHRwczovL3gudGVzdCIsImV4cCI6MTc5NTE5NDUyOH0.c2ln";
    let exec = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}}"#;
    let total = check(vec![
        case("EKS tokens", token.expose(), INPUT, |bytes| {
            eks::Verifier::new("cluster")?.verify(&text(bytes), now()).map(drop).map_err(Error::from)
        }),
        case("web identity tokens", jwt, INPUT, |bytes| {
            web_identity::UnverifiedClaims::read(&text(bytes)).map(drop)
        }),
        case("KUBERNETES_EXEC_INFO", exec, INPUT, |bytes| {
            eks::ExecApiVersion::from_exec_info(&text(bytes)).map(drop)
        }),
        case("endpoints", "https://sts.eu-west-1.amazonaws.com:443/path", INPUT, |bytes| {
            let endpoint = EndpointOptions::new().region("eu-west-1").url(text(bytes)).resolve()?;
            // What can be resolved can be sent to, or is refused.
            Encoder::new(endpoint).encode(&GetCallerIdentity::new(), Some(&credentials()), now()).map(drop)
        }),
        case("regions", "ap-southeast-2", INPUT, |bytes| {
            EndpointOptions::new().region(text(bytes)).resolve().map(drop)
        }),
        case("proxies", "http://alice:p%40ss@[::1]:3128/", INPUT, |bytes| {
            ProxySettings::explicit(&text(bytes)).map(drop)
        }),
        case("ARNs", ROLE, INPUT, |bytes| sts_proto::arn::Arn::parse(&text(bytes)).map(drop)),
    ]);
    // These are skipped where they are nothing, and so never an error.
    let list = "localhost, .example.com:8080,10.0.0.0/8,[fd00::]/8;*";
    let target = http::Uri::from_static("https://sts.eu-west-1.amazonaws.com/");
    for bytes in damaged(list.as_bytes()) {
        let lookup = |name: &str| match name {
            "NO_PROXY" => Some(text(&bytes)),
            "HTTPS_PROXY" => Some("http://h:1".to_owned()),
            _ => None,
        };
        ProxySettings::from_variables(lookup).for_url(&target).unwrap();
    }
    println!("{total} texts");
    assert!(total > 10_000, "{total}");
}

#[test]
fn requests() {
    /// What is refused strictly and not by default is advice.
    fn sent(operation: &impl Operation) -> Result<(), Error> {
        let by_default = encoder().encode(operation, Some(&credentials()), now());
        let strict =
            encoder().validation(Validation::strict()).encode(operation, Some(&credentials()), now());
        let mut advice = operation.advice();
        advice.retain(|advice| !matches!(advice.rule(), Rule::Documented(_)));
        assert!(advice.iter().all(|advice| !advice.to_string().contains(char::is_control)), "{advice:?}");
        assert!(strict.is_err() || by_default.is_ok(), "{by_default:?}");
        assert_eq!(strict.is_err(), by_default.is_err() || !advice.is_empty(), "{advice:?}");
        strict.map(drop)
    }
    fn role() -> AssumeRole {
        AssumeRole::new(ROLE, "session")
    }
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let total = check(vec![
        case("role ARNs", ROLE, INPUT, |bytes| sent(&role().role_arn(text(bytes)))),
        case("session names", "session@example.com", INPUT, |bytes| {
            sent(&AssumeRole::new(ROLE, text(bytes)))
        }),
        case("external ids", "external-id/four=4x", INPUT, |bytes| sent(&role().external_id(text(bytes)))),
        case("policies", policy, INPUT, |bytes| sent(&role().policy(text(bytes)))),
        case("keys of tags", "Cost Center:x", INPUT, |bytes| sent(&role().tag(text(bytes), "v"))),
        case("devices", "arn:aws:iam::123456789012:mfa/alice", INPUT, |bytes| {
            sent(&role().serial_number(text(bytes)).token_code("123456"))
        }),
        case("codes", "123456", INPUT, |bytes| {
            sent(&role().serial_number("arn:aws:iam::123456789012:mfa/a").token_code(text(bytes)))
        }),
        case("access keys", "AKIAIOSFODNN7EXAMPLE", INPUT, |bytes| sent(&GetAccessKeyInfo::new(text(bytes)))),
        case("secret keys", "wJalrXUtnFEMI/K7MDENG/bPxRfiCY", INPUT, |bytes| {
            Credentials::new("AKIA", Secret::from(text(bytes))).map(drop)
        }),
    ]);
    println!("{total} requests");
    assert!(total > 4_000, "{total}");
}

#[test]
fn streams() {
    let read = |bytes: &[u8]| {
        let mut reader = ReplyReader::new(&Method::POST);
        for piece in bytes.chunks(7) {
            if let sts_proto::http1::Progress::Done(_) = reader.feed(piece)? {
                return Ok(());
            }
        }
        reader.end().map(drop)
    };
    let plain = "HTTP/1.1 200 OK\r\nx-amzn-RequestId: 1\r\nContent-Type: text/xml\r\nContent-Length: 8\r\n\r\n<a></a>\n";
    let chunks = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\n<a><\r\n3\r\n/a>\r\n\
                  0\r\nTrailer: 1\r\n\r\n";
    let closed =
        "HTTP/1.0 403 Forbidden\r\nConnection: close\r\nDate: Fri, 20 Nov 2026 17:08:48 GMT\r\n\r\n<Error/>";
    let total = check(vec![
        case("streams with a length", plain, WIRE, read),
        case("streams in chunks", chunks, WIRE, read),
        case("streams to their end", closed, WIRE, read),
    ]);
    println!("{total} streams");
    assert!(total > 4_000, "{total}");
}

/// Whatever a source is told, by files, services and commands alike.
#[test]
fn answers_to_sources() {
    let json = r#"{"Version":1,"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"secret","Token":"t","SessionToken":"t",
"Expiration":"2030-11-20T18:08:48Z","AccountId":"123456789012"}"#;
    let sso = r#"{"accessToken":"access","expiresAt":"2030-11-20T18:00:00Z","roleCredentials":{"accessKeyId":"ASIA",
"secretAccessKey":"secret","sessionToken":"t","expiration":1921428528000}}"#;
    let source = |source: fn() -> Arc<dyn Source>| move |bytes: &[u8]| load(source(), bytes);
    let total = check(vec![
        case("commands", json, SOURCE, source(|| Arc::new(Process::new("program")))),
        case(
            "containers",
            json,
            SOURCE,
            source(|| Arc::new(Container::new().full_uri("http://localhost/").required(true))),
        ),
        case(
            "SSO",
            sso,
            SOURCE,
            source(|| {
                Arc::new(Sso::new(
                    "https://x.awsapps.com/start",
                    "eu-west-1",
                    "123456789012",
                    "Role",
                    "/cache",
                ))
            }),
        ),
    ]);
    println!("{total} answers");
    assert!(total > 5_000, "{total}");
}

fn load(source: Arc<dyn Source>, answer: &[u8]) -> Result<(), Error> {
    let caller = Arc::new(Caller::new(encoder(), RetryPolicy::never()));
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };
    let chain = Chain::new().with(source);
    let mut step =
        Seq::start(now(), |ask| async move { chain.load(&Context::new(ask, caller, deadlines, 7)).await });
    for _ in 0..100 {
        let body = || Body::from(answer.to_vec());
        step = match step {
            Step::Send(_, then) => then.resume(now(), Ok(http::Response::new(body()))),
            Step::Wait(_, then) => then.resume(now(), ()),
            Step::Read(_, then) => then.resume(now(), Ok(body())),
            Step::Write(_, then) => then.resume(now(), Ok(())),
            Step::Run(_, then) => {
                then.resume(now(), Ok(CommandOutput { code: Some(0), stdout: body(), stderr: body() }))
            }
            Step::AskMfa(_, then) => then.resume(now(), Ok(Secret::from("123456"))),
            Step::Done(outcome) => return outcome.map(drop),
        };
    }
    panic!("it goes on and on: {}", text(answer));
}
