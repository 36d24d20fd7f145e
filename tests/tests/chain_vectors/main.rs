//! The cases that AWS's SDKs share for chains of credentials: an environment, a root file system and recorded traffic, and
//! the credentials or the error that come of them. All through the bare core, in virtual time.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sts_proto::call::Deadlines;
use sts_proto::config::{self, Config, Environment};
use sts_proto::settings::Settings;
use sts_proto::source::{Chain, Context, Profile};
use sts_proto::step::{Ask, Seq};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Credentials, Error};
use sts_tests::report::Report;
use sts_tests::vectors::{self, Cases};

use different::{Different, different};
use record::exchanges;
use world::{Files, World};

mod addresses;
mod different;
mod profiles;
mod record;
mod world;

const SUITE: &str = "chain_vectors";

fn environment(variables: &Value) -> Environment {
    let pairs = variables.as_object().into_iter().flatten();
    pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// What `Client::from_env` does.
fn load(
    world: &mut World,
    environment: Environment,
    profile: Option<&str>,
    chain: fn(Arc<Config>) -> Chain,
) -> Result<Credentials, Error> {
    let now = world.now();
    let profile = profile.map(str::to_owned);
    let config = world.drive(Seq::start(now, |ask| config::load(ask, environment, profile)))?;
    let config = Arc::new(config);
    let mut settings = Settings::new().config(Arc::clone(&config));
    if config.region().is_none() {
        settings = settings.region("us-east-1");
    }
    let caller = Arc::new(settings.resolve("chain-vectors", "1", |_| None)?.caller);
    let chain = chain(config);
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };
    let look = |ask: Ask| async move { chain.load(&Context::new(ask, caller, deadlines, 7)).await };
    Ok(world.drive(Seq::start(world.now(), look))?.credentials)
}

#[test]
fn recorded_chains() {
    let profile: fn(Arc<Config>) -> Chain = |config| Chain::new().with(Profile::new(config));
    for (folder, chain) in
        [("default-credential-provider-chain", Chain::of_config as fn(_) -> _), ("profile-provider", profile)]
    {
        let Some(folder) = Cases::vectors().find(&format!("chain/{folder}")) else { continue };
        let mut report = Report::new(SUITE);
        let mut cases: Vec<_> =
            fs::read_dir(&folder).expect("the folder").map(|e| e.expect("a case").path()).collect();
        cases.sort();
        for case in cases {
            let name = case.file_name().expect("a name").to_string_lossy().into_owned();
            report.case(name.clone());
            recorded(&mut report, &name, &case, chain);
        }
        report.finish();
    }
}

fn recorded(report: &mut Report, name: &str, case: &Path, chain: fn(Arc<Config>) -> Chain) {
    let optional = |file: &str| {
        let path = case.join(file);
        if path.exists() { vectors::json(&path) } else { Value::Null }
    };
    let mut world = World::new(Files::Folder(case.join("fs")), exchanges(&optional("http-traffic.json")));
    world.has_shell = matches!(different(name), Some(Different::Shell));
    world.compares_forms = !matches!(different(name), Some(Different::Form));
    let outcome = load(&mut world, environment(&optional("env.json")), None, chain);
    check(report, name, &outcome, &vectors::json(&case.join("test-case.json"))["result"]);
    for fault in &world.faults {
        report.fail(fault);
    }
    if world.exchanges.next().is_some() {
        report.fail("not everything that is recorded was asked for");
    }
}

fn check(report: &mut Report, name: &str, outcome: &Result<Credentials, Error>, expected: &Value) {
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
            refused(report, name, error, words);
        }
        (outcome, ..) => report.fail(format!("{outcome:?}, expected {expected}")),
    }
}

fn refused(report: &mut Report, name: &str, error: &Error, words: &str) {
    let words = match different(name) {
        Some(Different::Words(ours)) => ours,
        _ => words,
    };
    let sentence = error.report().map_or_else(|| error.to_string(), |report| format!("{error}\n{report}"));
    if !sentence.contains(words) {
        report.fail(format!("the error is: {sentence}, expected {words}"));
    }
}

/// The cases of a file, each with its name.
fn cases(file: &str) -> Vec<(String, Value)> {
    let Some(path) = Cases::vectors().find(&format!("chain/{file}")) else { return Vec::new() };
    let json = vectors::json(&path);
    let cases = json.as_array().or_else(|| json["tests"].as_array()).expect("a list of cases");
    let name = |case: &Value| case["docs"].as_str().expect("a name").to_owned();
    cases.iter().map(|case| (name(case), case.clone())).collect()
}
