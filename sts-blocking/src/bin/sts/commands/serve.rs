//! `sts serve`: the endpoint from which the SDKs of AWS take a container's credentials.
//!
//! AWS: [container credentials](https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html).

use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Arg, ArgMatches, Command};
use sts_blocking::time::OffsetDateTime;
use sts_blocking::token::env::EnvFormat;
use sts_blocking::{Body, Credentials, Provider, Secret, time, timestamp};

use super::environment::Environment;
use super::{Extra, exec};
use crate::failure::Failure;
use crate::global::{Globals, variable};
use crate::obtain::{self, LongTerm};
use crate::session::Wanted;
use crate::stdio;

use places::{Place, Places};
use request::{Refusal, Rules};

mod places;
mod request;

pub(super) const EXTRA: Extra = Extra {
    name: "serve",
    about: "Serves refreshed credentials on this machine, as ECS does for containers",
    example: "sts serve --role-arn arn:aws:iam::123456789012:role/Deploy -- ./long-running-job",
    arguments,
    run,
};

const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

/// The path that credentials are at.
const PATH: &str = "/credentials";

/// The pause after a connection that could not be taken, so that a lack of file descriptors is no busy loop.
const PAUSE: Duration = Duration::from_millis(50);

/// How long credentials are said to last whose expiry nobody knows: then they are asked for again.
const UNKNOWN: time::Duration = time::Duration::minutes(15);

fn arguments(command: Command) -> Command {
    obtain::arguments(command)
        .arg(
            Arg::new("port")
                .long("port")
                .value_name("PORT")
                .default_value("0")
                .value_parser(RangedU64ValueParser::<u16>::new())
                .help("The port on 127.0.0.1; 0 is any that is free"),
        )
        .arg(exec::words(false))
}

fn run(matches: &ArgMatches, globals: &Globals) -> Result<ExitCode, Failure> {
    let client = obtain::client(matches, globals, Wanted::SIGNED, LongTerm::Trade)?;
    // Without one it would have been an error already.
    let Some(provider) = client.provider().cloned() else {
        return Err(Failure::configuration("this takes credentials, which --no-sign-request leaves out"));
    };
    let port = matches.get_one::<u16>("port").copied().unwrap_or_default();
    let bound =
        |error: io::Error| Failure::general(format!("port {port} of 127.0.0.1 cannot be used: {error}"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(bound)?;
    let port = listener.local_addr().map_err(bound)?.port();
    let token = match variable(TOKEN) {
        Some(token) => Secret::from(token),
        None => random_token()?,
    };
    let is_plain = token.expose().bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if !is_plain || token.expose().trim() != token.expose() {
        return Err(Failure::configuration(format!("{TOKEN} must be visible ASCII characters")));
    }
    let url = format!("http://127.0.0.1:{port}{PATH}");
    let environment = Environment::of_container(&url, &token).with_settings(&client, globals)?;
    let rules = Arc::new(Rules::new(port, PATH, token));
    let Some(mut process) = exec::process(matches) else {
        stdio::print_secret(&environment.text(EnvFormat::Sh)?)?;
        listen(&listener, &rules, &provider);
        return Ok(ExitCode::SUCCESS);
    };
    thread::spawn(move || listen(&listener, &rules, &provider));
    environment.apply(&mut process);
    exec::wait(process)
}

/// Serves for ever, a thread for each connection.
fn listen(listener: &TcpListener, rules: &Arc<Rules>, provider: &Provider) {
    let places = Arc::new(Places::default());
    loop {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(PAUSE);
            continue;
        };
        let stream = Arc::new(stream);
        let mut place = places.enter(&stream);
        let (rules, provider) = (Arc::clone(rules), provider.clone());
        // A thread that cannot be made costs this connection only.
        let _ = thread::Builder::new().spawn(move || answer(&stream, &mut place, &rules, &provider));
    }
}

fn answer(stream: &TcpStream, place: &mut Place, rules: &Rules, provider: &Provider) {
    let allowed = rules.read(stream).and_then(|()| if place.prove() { Ok(()) } else { Err(request::BUSY) });
    let (status, body) = match allowed {
        Ok(()) => match provider.credentials() {
            Ok(credentials) => ("200 OK", document(&credentials)),
            // What is wrong is told here and not to whoever asks.
            Err(error) => {
                stdio::complain(&format!("sts: {error}\n"));
                ("500 Internal Server Error", refusal("CredentialsUnavailable", "see what sts says"))
            }
        },
        Err(Refusal { status, code, message }) => (status, refusal(code, message)),
    };
    request::respond(stream, status, &body);
}

/// What the SDKs read. All of them want an expiry, and some a token.
fn document(credentials: &Credentials) -> Body {
    let now = OffsetDateTime::now_utc();
    let expiration =
        timestamp::rfc3339(credentials.expiration().unwrap_or_else(|| now.saturating_add(UNKNOWN)));
    let token = credentials.session_token().map_or("", Secret::expose);
    let mut members = vec![
        ("AccessKeyId", credentials.access_key_id()),
        ("SecretAccessKey", credentials.secret_access_key().expose()),
        ("Token", token),
        ("Expiration", &expiration),
    ];
    members.extend(credentials.account_id().map(|id| ("AccountId", id)));
    object(&members)
}

fn refusal(code: &str, message: &str) -> Body {
    object(&[("code", code), ("message", message)])
}

fn object(members: &[(&str, &str)]) -> Body {
    // At worst each byte becomes an escape of six: no growth leaves a copy of a secret behind.
    let most: usize = members.iter().map(|(name, value)| name.len() + 6 * value.len() + 8).sum();
    let mut out = Vec::with_capacity(most + 2);
    for (i, (name, value)) in members.iter().enumerate() {
        out.extend_from_slice(if i == 0 { b"{" } else { b"," });
        // Writing texts to a vector cannot fail.
        let _ = serde_json::to_writer(&mut out, name);
        out.push(b':');
        let _ = serde_json::to_writer(&mut out, value);
    }
    out.push(b'}');
    Body::from(out)
}

/// 256 bits in hexadecimal digits.
fn random_token() -> Result<Secret, Failure> {
    let mut bytes = [0; 32];
    let provider = rustls::crypto::ring::default_provider();
    provider.secure_random.fill(&mut bytes).map_err(|_| {
        Failure::general("there is no randomness for a token; set AWS_CONTAINER_AUTHORIZATION_TOKEN")
    })?;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(Secret::from(text))
}
