//! Every source of credentials, what it asks for, what it finds, and what it says of answers that are cut, of another
//! form, or repeat secrets.

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::Response;
use sts_proto::call::{Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::operation::AssumeRoleWithSaml;
use sts_proto::source::*;
use sts_proto::step::{Ask, CommandOutput, MfaPrompt, Resume, Seq, Step};
use sts_proto::{Body, Encoder, Error, RetryPolicy, Secret, TransportKind};
use time::OffsetDateTime;

use super::echoes;
use super::seen::Seen;
use super::*;

/// What comes of anything that a source asks for.
#[derive(Clone)]
struct World {
    status: u16,
    /// What follows on a request to STS, and on any other; none if nobody answers.
    sts: String,
    reply: Option<String>,
    /// The contents of any file.
    file: Option<String>,
    /// The code that a command ends with, and its output and messages.
    output: Option<(i32, String, String)>,
}

const SSO_ACCESS: &str = JWT;

/// The file that always holds a token, if there are files.
const TOKEN_FILE: &str = "/token";

/// A document that satisfies every source that reads JSON.
fn json() -> String {
    format!(
        r#"{{"Version":1,"Code":"Success","AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"{KEY}","Token":"{TOKEN}",
        "SessionToken":"{TOKEN}","Expiration":"2030-11-20T18:08:48Z","roleCredentials":{{"accessKeyId":"ASIASSO",
        "secretAccessKey":"{KEY}","sessionToken":"{TOKEN}","expiration":1921428528000}},"accessToken":"{SSO_ACCESS}",
        "refreshToken":"{SAML}","clientId":"client","clientSecret":"{PASSWORD}","expiresIn":3600,
        "expiresAt":"2026-11-20T16:00:00Z","registrationExpiresAt":"2030-01-01T00:00:00Z","region":"eu-west-1",
        "Credentials":{{"AccessKeyId":"ASIACACHE","SecretAccessKey":"{KEY}","SessionToken":"{TOKEN}",
        "Expiration":"2030-11-20T18:08:48Z"}}}}"#
    )
}

/// What `aws login` leaves in its cache.
fn login() -> String {
    format!(
        r#"{{"accessToken":{{"accessKeyId":"ASIALOGIN","secretAccessKey":"{KEY}","sessionToken":"{TOKEN}",
        "accountId":"123456789012","expiresAt":"2026-11-20T16:00:00Z"}},"refreshToken":"{SAML}","clientId":"c",
        "idToken":"{JWT}","dpopKey":"{PASSWORD}"}}"#
    )
}

fn good() -> World {
    World {
        status: 200,
        sts: reply("AssumeRole"),
        reply: Some(json()),
        file: Some(json()),
        output: Some((0, json(), json())),
    }
}

/// What a source may meet whose requests show these secrets.
fn worlds(sent: &[&str]) -> Vec<World> {
    let good = good();
    let all = sent.join(" | ");
    let quoted = all.replace('"', "\\\"");
    // Codes as well as messages repeat what was sent.
    let code = sent.first().copied().unwrap_or("Denied");
    let refusal = format!(
        r#"{{"message":"{quoted}","Message":"{quoted}","error":"{code}","error_description":"{quoted}","Code":"{code}",
        "__type":"{code}"}}"#
    );
    let everything = SECRETS.join("\n");
    let mut worlds = Vec::new();
    // In every form, with every status; before a refresh is done that a source remembers.
    for text in sent.iter().flat_map(|secret| echoes::echoed(secret)) {
        let json = text.replace('\\', "\\\\").replace('"', "\\\"");
        let refusal = format!(
            r#"{{"message":"{json}","Code":"{json}","__type":"x#{json}","error_description":"{json}"}}"#
        );
        for status in [200, 400, 502] {
            let output = Some((1, String::new(), text.clone()));
            worlds.push(World { status, reply: Some(refusal.clone()), output, ..good.clone() });
        }
    }
    worlds.extend([
        World { file: Some(JWT.to_owned()), ..good.clone() },
        World { file: Some(login()), ..good.clone() },
        World { file: Some(login()), status: 400, reply: Some(refusal.clone()), ..good.clone() },
        World { reply: None, file: None, output: None, sts: String::new(), status: 500 },
        World { status: 403, sts: echo(sent), reply: Some(refusal), ..good.clone() },
        World { status: 400, sts: echo(sent), reply: Some(everything.clone()), ..good.clone() },
        World { output: Some((1, String::new(), format!("cannot use {all}\n"))), ..good.clone() },
        // What cannot be read is not repeated, whatever it is.
        World {
            reply: Some(everything.clone()),
            output: Some((0, everything.clone(), String::new())),
            ..good.clone()
        },
        World { file: Some(everything), ..good.clone() },
    ]);
    // Whole, and cut where it hurts.
    for end in (0..=json().len()).rev().step_by(41) {
        let cut = || json()[..end].to_owned();
        worlds.push(World {
            reply: Some(cut()),
            file: Some(cut()),
            output: Some((0, cut(), cut())),
            ..good.clone()
        });
    }
    // Texts where objects belong, and the other way round.
    for (from, to) in
        [("\"Credentials\":{", "\"Credentials\":[{"), ("Key\":\"", "Key\":{\"x\":\""), ("2030", "x")]
    {
        let odd = || json().replace(from, to);
        worlds.push(World {
            reply: Some(odd()),
            file: Some(odd()),
            output: Some((0, odd(), odd())),
            ..good.clone()
        });
    }
    worlds.push(good);
    worlds
}

/// With the secrets that each sends or says.
fn sources() -> Vec<(Arc<dyn Source>, &'static [&'static str])> {
    let token = || TokenSource::literal(JWT);
    let sso = || Sso::new("https://x.awsapps.com/start", "eu-west-1", "123456789012", "Role", "/cache");
    let saml = "arn:aws:iam::123456789012:saml-provider/Idp";
    let base = || Given::new(credentials());
    let policy = |call: AssumeRoleWithSaml| call.policy(POLICY);
    let keys = environment::Environment::new(|name| match name {
        "AWS_ACCESS_KEY_ID" => Some("AKIAIOSFODNN7EXAMPLE".to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some(KEY.to_owned()),
        "AWS_SESSION_TOKEN" => Some(TOKEN.to_owned()),
        _ => None,
    });
    let of_role = &[KEY, TOKEN, EXTERNAL_ID, POLICY, CODE];
    vec![
        (Arc::new(base()), &[]),
        (Arc::new(keys), &[]),
        (Arc::new(AssumedRole::new(base(), role())), of_role),
        (Arc::new(Scoped::new(base(), POLICY)), &[KEY, TOKEN, POLICY]),
        (Arc::new(AssumedRole::new(base(), role()).cached_in("/cache")), of_role),
        (Arc::new(WebIdentity::new(ROLE, token())), &[JWT]),
        (Arc::new(WebIdentity::new(ROLE, TokenSource::file(TOKEN_FILE))), &[JWT]),
        (Arc::new(Saml::new(ROLE, saml, TokenSource::literal(SAML)).with(policy)), &[SAML, POLICY]),
        (Arc::new(Container::new().full_uri("http://localhost/").token(JWT).required(true)), &[JWT]),
        (Arc::new(Container::new().relative_uri("/x").token_file(TOKEN_FILE).required(true)), &[JWT]),
        (Arc::new(InstanceMetadata::new().required(true)), &[]),
        (Arc::new(InstanceMetadata::new().required(true).v1_fallback(false)), &[]),
        (Arc::new(Process::new(format!("/bin/tool --password {PASSWORD} --key '{KEY}'"))), &[PASSWORD, KEY]),
        (Arc::new(Process::new(format!("/bin/tool '{KEY}"))), &[KEY]),
        (Arc::new(sso()), &[SSO_ACCESS]),
        (Arc::new(sso().session("dev").profile("work")), &[SAML, PASSWORD]),
        (Arc::new(Login::new("arn:aws:iam::123456789012:user/alice", "eu-west-1", "/cache")), &[SAML]),
        (Arc::new(Profile::new(configured::config())), &[KEY, TOKEN, EXTERNAL_ID, CODE]),
    ]
}

pub(super) fn show(seen: &Seen) {
    let sso = || Sso::new("https://x.awsapps.com/start", "eu-west-1", "123456789012", "Role", "/cache");
    // By their types; as sources of a chain they are one type.
    show!(
        seen,
        Given::new(credentials()),
        environment::Environment::new(|_| Some(KEY.to_owned())),
        AssumedRole::new(Given::new(credentials()), role()),
        Scoped::new(Given::new(credentials()), POLICY),
        WebIdentity::new(ROLE, TokenSource::literal(JWT)),
        TokenSource::literal(JWT),
        TokenSource::file("/token"),
        TokenSource::callback(|| Ok(Secret::from(JWT))),
        Saml::new(ROLE, ROLE, TokenSource::literal(SAML)),
        Container::new().token(JWT),
        InstanceMetadata::new(),
        Process::new(format!("/bin/tool {PASSWORD}")),
        Splitting::Posix,
        sso(),
        Login::new("arn", "eu-west-1", "/cache"),
        Profile::new(configured::config()),
        Found::from(credentials()),
        Chain::of_config(configured::config()),
    );
    let mut found = 0;
    for (source, sent) in sources() {
        for mut world in worlds(sent) {
            if sent == [SSO_ACCESS] {
                // It is sent while it is good; later the tokens that renew it are.
                world.file = world.file.map(|file| file.replace("2026-11-20T16", "2030-11-20T16"));
            }
            let chain = Chain::new().with(Arc::clone(&source));
            show!(seen, chain);
            let outcome = load(seen, chain, &world);
            seen.outcome(&outcome);
            if let Ok(loaded) = &outcome {
                found += 1;
                show!(seen, loaded.report, loaded.credentials);
                loaded.report.looks().iter().for_each(|look| show!(seen, *look, look.outcome));
            }
        }
    }
    assert!(found > 100, "{found} runs found credentials");
}

fn load(seen: &Seen, chain: Chain, world: &World) -> Result<Loaded, Error> {
    run_in(world, seen, move |context| async move { chain.load(&context).await })
}

/// Runs a flow where everything it asks for is there.
pub(super) fn run<T: Debug + Send + 'static, Fut>(
    seen: &Seen,
    flow: impl FnOnce(Context) -> Fut,
) -> Result<T, Error>
where
    Fut: Future<Output = Result<T, Error>> + Send + 'static,
{
    run_in(&good(), seen, flow)
}

fn run_in<T: Debug + Send + 'static, Fut>(
    world: &World,
    seen: &Seen,
    flow: impl FnOnce(Context) -> Fut,
) -> Result<T, Error>
where
    Fut: Future<Output = Result<T, Error>> + Send + 'static,
{
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
    let caller = Arc::new(Caller::new(encoder, RetryPolicy::never()).observer(seen.clone()));
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };
    let now = OffsetDateTime::from_unix_timestamp(1_795_194_528).unwrap();
    let mut step = Seq::start(now, |ask: Ask| {
        show!(seen, ask);
        let context = Context::new(ask, caller, deadlines, 7);
        show!(seen, context);
        flow(context)
    });
    let mut asked = 0;
    loop {
        asked += 1;
        assert!(asked < 100, "it goes on and on");
        show!(seen, step);
        let body = |text: &str| Body::from(text.as_bytes().to_vec());
        step = match step {
            Step::Send(transmit, then) => {
                show!(seen, transmit, then);
                let is_sts = transmit.request.uri().host().is_some_and(|host| host.starts_with("sts."));
                let answer = match (is_sts, &world.reply) {
                    (true, _) => Ok(body(&world.sts)),
                    (false, Some(text)) => Ok(body(text)),
                    (false, None) => Err(Error::transport(TransportKind::Connect, "nobody is there")),
                };
                let answer = answer.map(|body| {
                    let mut response = Response::new(body);
                    *response.status_mut() = world.status.try_into().unwrap();
                    response
                });
                then.resume(now, answer)
            }
            Step::Wait(_, then) => {
                show!(seen, then);
                then.resume(now, ())
            }
            Step::Read(file, then) => {
                show!(seen, file, then);
                let is_token = file.path == Path::new(TOKEN_FILE);
                let contents =
                    if is_token { world.file.as_ref().map(|_| JWT) } else { world.file.as_deref() };
                let contents = contents.map(body).ok_or(io::ErrorKind::NotFound);
                then.resume(now, contents.map_err(Into::into))
            }
            Step::Write(file, then) => {
                show!(seen, file, then);
                then.resume(now, Err(io::ErrorKind::ReadOnlyFilesystem.into()))
            }
            Step::Run(command, then) => {
                show!(seen, command, then);
                let output = world.output.as_ref().map(|(code, stdout, stderr)| CommandOutput {
                    code: Some(*code),
                    stdout: body(stdout),
                    stderr: body(stderr),
                });
                show!(seen, output);
                then.resume(now, output.ok_or_else(|| io::ErrorKind::NotFound.into()))
            }
            Step::AskMfa(prompt, then) => {
                let prompt: MfaPrompt = prompt;
                show!(seen, prompt, then);
                then.resume(now, Ok(Secret::from(CODE)))
            }
            Step::Done(outcome) => return outcome,
        };
    }
}
