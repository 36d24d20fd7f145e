//! Where containers and instances are asked.

use std::collections::BTreeMap;

use serde_json::Value;
use sts_proto::Error;
use sts_proto::source::Chain;
use sts_tests::report::Report;

use super::different::{Different, different};
use super::profiles::listing;
use super::{cases, environment, load, refused};

/// The first request of a source, or the error that comes before it.
fn first_request(case: &Value, profile_files: BTreeMap<String, String>) -> Result<String, Error> {
    let mut world = listing(profile_files);
    let outcome = load(&mut world, environment(&case["env"]), None, Chain::of_config);
    match world.sent.unwrap_or_default().into_iter().next() {
        Some(sent) => Ok(sent.line),
        None => Err(outcome.expect_err("no credentials without a request")),
    }
}

fn addresses(file: &'static str, method: &str) {
    let cases = cases(file);
    if cases.is_empty() {
        return;
    }
    let mut report = Report::new("chain_vectors, addresses");
    for (name, case) in cases {
        report.case(name.clone());
        // Set by a program's own call: the source's setters do it, and their unit tests show it.
        if !case["endpoint_override"].is_null() || !case["mode_override"].is_null() {
            continue;
        }
        let texts = case["fs"].as_object().into_iter().flatten();
        let texts =
            texts.map(|(path, text)| (path.clone(), text.as_str().unwrap_or_default().to_owned())).collect();
        let expected = &case["result"];
        let words = expected["Err"].as_str().or_else(|| expected["ErrorContains"].as_str());
        match (first_request(&case, texts), expected["Ok"].as_str(), words) {
            (Ok(line), Some(url), _) => report.same("request", &line, &format!("{method} {url}")),
            (Err(error), _, Some(words)) => refused(&mut report, &name, &error, words),
            (outcome, ..) => match different(&name) {
                // Nothing is asked of a container, so the instance is asked next.
                Some(Different::Words(_)) if expected["ErrorContains"].is_string() && outcome.is_ok() => {}
                _ => report.fail(format!("{outcome:?}, expected {expected}")),
            },
        }
    }
    report.finish();
}

#[test]
fn addresses_of_containers() {
    addresses("ecs-tests.json", "GET");
}

#[test]
fn addresses_of_instances() {
    addresses("imds-endpoint-tests.json", "PUT");
}
