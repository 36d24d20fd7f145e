//! Documents with secrets that are cut, escaped, of the wrong type or in another way not what they should be: whoever reads them
//! leaves no piece of a secret behind, be the outcome a result or an error.

use std::io;

use sts_proto::source::*;
use sts_proto::step::{Ask, CommandOutput, Seq};
use sts_proto::token::{cli_cache, console, process};

use super::*;

/// Credentials as `credential_process` and containers have them, in one document.
fn printed() -> String {
    format!(
        r#"{{"Version":1,"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"{NEW_KEY}","SessionToken":"{NEW_TOKEN}","Token":"{NEW_TOKEN}","Expiration":"2096-01-02T03:04:05Z"}}"#
    )
}

fn cached() -> String {
    format!(
        r#"{{"Credentials":{{"AccessKeyId":"ASIA","SecretAccessKey":"{NEW_KEY}","SessionToken":"{NEW_TOKEN}","Expiration":"2096-01-02T03:04:05Z"}}}}"#
    )
}

/// What SSO and `aws login` keep.
fn tokens(access: &str) -> String {
    format!(
        r#"{{"accessToken":{access},"expiresAt":"1970-01-01T00:01:00Z","expiresIn":900,"refreshToken":"{NEW_KEY}","clientId":"c","clientSecret":"{NEW_TOKEN}","dpopKey":"{KEY}"}}"#
    )
}

fn login() -> String {
    tokens(&format!(
        r#"{{"accessKeyId":"ASIA","secretAccessKey":"{NEW_KEY}","sessionToken":"{NEW_TOKEN}","expiresAt":"1970-01-01T00:01:00Z"}}"#
    ))
}

fn sso() -> String {
    tokens(&format!("\"{TOKEN}\""))
}

/// A document with everything done to it that a disk, a network or another program may do. Without a look: they are the test's.
fn damaged(good: &str) -> Vec<Vec<u8>> {
    unseen(|| {
        let every = |change: &dyn Fn(&str) -> String| {
            [KEY, TOKEN, NEW_KEY, NEW_TOKEN]
                .iter()
                .fold(good.to_owned(), |text, secret| text.replace(&format!("\"{secret}\""), &change(secret)))
        };
        let units = |text: &str| text.bytes().map(|byte| format!("\\u{byte:04x}")).collect::<String>();
        let whole = [
            good.to_owned(),
            every(&|secret| format!("\"{}\"", secret.replace('/', "\\/"))),
            every(&|secret| format!("\"{}\"", units(secret))),
            every(&|secret| format!("\"{}{}{}\"", &secret[..12], units(&secret[12..13]), &secret[13..])),
        ];
        let odd = [
            every(&|secret| format!("[\"{secret}\"]")),
            every(&|secret| format!("{{\"x\":\"{secret}\"}}")),
            every(&|secret| format!("{{\"{secret}\":1}}")),
            every(&|secret| format!("\"{secret}\",\"{secret}\":\"{secret}\"")),
            every(&|secret| format!("\"{secret}\" \"{secret}\"")),
            every(&|secret| format!("\"{secret}\\x\"")),
            every(&|secret| format!("\"{secret}\\ud800\"")),
            every(&|secret| format!("\"{secret}\t\"")),
            every(&|secret| format!("\"{secret}\n\"")),
            every(&|secret| format!("\"{secret} é\"")),
            every(&|secret| format!("'{secret}'")),
            good.replace(
                "\"Expiration\":\"2096-01-02T03:04:05Z\"",
                &format!("\"Expiration\":\"{NEW_KEY}UTC\""),
            ),
            good.replace("2096-01-02T03:04:05Z", "never"),
            good.replace("\"2096-01-02T03:04:05Z\"", "1e300"),
            good.replace("1970-01-01T00:01:00Z", NEW_TOKEN),
            good.replace("900", "-1"),
            good.replace(":1,", ":\"1\","),
            // Twice, in the same and in other letters.
            good.replacen(
                '{',
                &format!("{{\"SecretAccessKey\":\"{NEW_KEY}\",\"refreshtoken\":\"{NEW_KEY}\","),
                1,
            ),
            good.replacen(
                '{',
                &format!("{{\"secretaccesskey\":\"{NEW_KEY}\",\"ACCESSTOKEN\":\"{NEW_KEY}\","),
                1,
            ),
            format!("{good}{good}"),
            format!("[{good},{good}"),
            format!("\u{feff}{good}"),
        ];
        let mut all: Vec<Vec<u8>> = whole.iter().chain(&odd).map(|text| text.clone().into_bytes()).collect();
        all.extend(whole.iter().flat_map(|text| (0..text.len()).map(|end| text.as_bytes()[..end].to_vec())));
        let at = good.find(NEW_KEY).unwrap_or_default() + 10;
        all.push([&good.as_bytes()[..at], b"\xff", &good.as_bytes()[at..]].concat());
        all
    })
}

/// What shows of an outcome is dropped with it.
fn dropped<T: std::fmt::Debug>(outcome: Result<T, Error>) {
    black_box(format!("{outcome:?}"));
    if let Err(error) = outcome {
        black_box(error.to_string());
    }
}

#[test]
fn damaged_document_leaves_nothing_behind() {
    for document in damaged(&printed()) {
        clean_of_pieces("process::read", || dropped(process::read(&document)));
    }
    for document in damaged(&cached()) {
        clean_of_pieces("cli_cache::read", || drop(black_box(cli_cache::read(&document))));
    }
    let answer = format!(r#"{{"SigninToken":"{NEW_KEY}"}}"#);
    for document in damaged(&answer) {
        clean_of_pieces("a sign-in token", || {
            let order = console::SigninRequest::new(console::CredentialOrigin::AssumeRole);
            dropped(order.decode(&Response::new(&document)));
        });
    }
    // A policy is a secret, and part of the name.
    for policy in damaged(&format!(r#"{{"Statement":["{NEW_KEY}"],"{NEW_TOKEN}":1.5}}"#)) {
        let Ok(policy) = String::from_utf8(policy) else { continue };
        clean_of_pieces("cli_cache::file_name", || {
            dropped(cli_cache::file_name(&AssumeRole::new("arn", "s").policy(policy), false));
        });
    }
}

/// Errors of a service that repeats what it was sent. Not as the name of an element: the parser keeps those that are open.
#[test]
fn damaged_refusal_leaves_nothing_behind() {
    let xml = format!(
        "<ErrorResponse><Error><Code>{TOKEN}</Code><Message>a {TOKEN}&#10;{KEY}</Message><Detail>{KEY}</Detail></Error>\
         <RequestId>{TOKEN}</RequestId></ErrorResponse>"
    );
    let json = format!(
        r#"{{"Error":{{"Code":"{TOKEN}","Message":"{KEY} \\u0041","{KEY}":"{TOKEN}"}},"RequestId":"{TOKEN}"}}"#
    );
    for text in [xml, json] {
        for end in 0..=text.len() {
            for status in [200, 403, 502] {
                clean_of_pieces("a refusal", || {
                    let body = unseen(|| Body::from(text.as_bytes()[..end].to_vec()));
                    let mut response = Response::new(body);
                    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
                    dropped(encoder().decode(&role(), Some(&credentials()), &response));
                });
            }
        }
    }
}

type Make = fn() -> Arc<dyn Source>;

/// Each source, with the good form of what it reads.
fn sources() -> [(&'static str, Make, String); 7] {
    let sso_source: Make = || {
        let source = Sso::new("https://x.test/start", "eu-west-1", "123456789012", "r", "/cache");
        Arc::new(source.session("dev"))
    };
    let cached_role: Make = || {
        let base = Given::new(credentials());
        Arc::new(
            AssumedRole::new(base, AssumeRole::new("arn:aws:iam::123456789012:role/r", "s"))
                .cached_in("/cache"),
        )
    };
    [
        (
            "credential_process",
            || Arc::new(Process::new(format!("/x '--key={NEW_KEY}' {NEW_TOKEN}"))),
            printed(),
        ),
        (
            "a container",
            || Arc::new(Container::new().full_uri("http://localhost/").token(TOKEN).required(true)),
            printed(),
        ),
        ("instance metadata", || Arc::new(InstanceMetadata::new().required(true)), printed()),
        ("SSO", sso_source, sso()),
        ("aws login", || Arc::new(Login::new("arn", "eu-west-1", "/cache")), login()),
        ("a cached role", cached_role, cached()),
        (
            "a token file",
            || Arc::new(WebIdentity::new("arn:aws:iam::123456789012:role/r", TokenSource::file("/t"))),
            format!("eyJ{NEW_KEY}.{NEW_TOKEN}.{TOKEN}"),
        ),
    ]
}

#[test]
fn source_of_damaged_documents_leaves_nothing_behind() {
    for (name, make, good) in sources() {
        let documents = damaged(&good);
        // As file, reply and output; a refusal and an end in failure now and then. Of those that are cut, some are enough: the
        // reader of all is one.
        let is_chosen = |i: &usize| *i < 30 || i.is_multiple_of(5) || i + 1 == documents.len();
        for (i, document) in documents.iter().enumerate().filter(|(i, _)| is_chosen(i)) {
            let (status, code) = [(200, 0), (400, 1)][usize::from(i % 7 == 3)];
            let name = unseen(|| format!("{name}, of {}", String::from_utf8_lossy(document)));
            clean_of_pieces(&name, || {
                dropped(load(unseen(|| Chain::new().with(make())), document, status, code));
            });
        }
    }
}

#[test]
fn command_line_leaves_nothing_behind() {
    for command in [
        format!("/x {KEY} '{NEW_KEY}' \"{NEW_TOKEN}\" --token={TOKEN} a\\ {KEY}"),
        format!("/x '{KEY}"),
        format!("/x {KEY}\\"),
        format!("'{KEY}' {TOKEN}"),
    ] {
        for splitting in [Splitting::Posix, Splitting::Windows] {
            clean(&command, || {
                let source = Process::new(Secret::from(command.as_str())).splitting(splitting);
                // The name of a program is no secret.
                if !command.starts_with("'") {
                    dropped(load(Chain::new().with(source), b"\xff oops", 200, 1));
                }
            });
        }
    }
}

/// Looks for credentials where everything that is asked for is this document.
fn load(chain: Chain, document: &[u8], status: u16, code: i32) -> Result<Loaded, Error> {
    let caller = Arc::new(Caller::new(encoder(), RetryPolicy::never()));
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };
    let body = || Body::from(document.to_vec());
    let mut step = Seq::start(NOW, |ask: Ask| {
        let context = Context::new(ask, caller, deadlines, 7);
        async move { chain.load(&context).await }
    });
    loop {
        step = match step {
            Step::Send(transmit, then) => {
                keep_secret_headers(transmit.request);
                let mut response = Response::new(body());
                *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
                then.resume(NOW, Ok(response))
            }
            Step::Wait(_, then) => then.resume(NOW, ()),
            Step::Read(_, then) => then.resume(NOW, Ok(body())),
            Step::Write(_, then) => then.resume(NOW, Err(io::ErrorKind::ReadOnlyFilesystem.into())),
            Step::Run(_, then) => {
                // What it says is shown, but for what is a secret by the output, which must be a text for that.
                let is_text = std::str::from_utf8(document).is_ok();
                let stderr = if is_text { body() } else { Body::from(b"oops\xff".to_vec()) };
                then.resume(NOW, Ok(CommandOutput { code: Some(code), stdout: body(), stderr }))
            }
            Step::AskMfa(..) => panic!("nobody is asked"),
            Step::Done(outcome) => return outcome,
        };
    }
}

/// The listed exception: kept for ever.
fn keep_secret_headers(mut request: Request<Body>) {
    let names: Vec<_> = request
        .headers()
        .iter()
        .filter(|(_, value)| value.is_sensitive())
        .map(|(name, _)| name.clone())
        .collect();
    names.iter().for_each(|name| mem::forget(request.headers_mut().remove(name)));
}
