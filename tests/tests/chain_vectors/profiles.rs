//! Roles of profiles: who assumes which, with what.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use sts_proto::source::Chain;
use sts_proto::{Credentials, Error};
use sts_tests::report::Report;

use super::world::{Files, World};
use super::{cases, environment, load, refused};

/// Only what is in these files and variables, with an STS that gives every role.
pub(super) fn listing(files: BTreeMap<String, String>) -> World {
    World { sent: Some(Vec::new()), ..World::new(Files::Texts(files), Vec::new()) }
}

#[test]
fn roles_of_profiles() {
    let cases = cases("assume-role-tests.json");
    if cases.is_empty() {
        return;
    }
    let mut report = Report::new("chain_vectors, assume-role-tests");
    for (name, case) in cases {
        report.case(name.clone());
        let mut config = String::new();
        for (kind, sections) in
            [("profile", &case["input"]["profiles"]), ("sso-session", &case["input"]["sso_sessions"])]
        {
            for (section, properties) in sections.as_object().into_iter().flatten() {
                let _ = writeln!(config, "[{kind} {section}]");
                for (key, value) in properties.as_object().into_iter().flatten() {
                    let _ = writeln!(config, "{key} = {}", value.as_str().expect("a value"));
                }
            }
        }
        let files = [("/c", config.as_str()), ("/var/token.jwt", "sometoken")];
        let mut world = listing(files.map(|(path, text)| (path.to_owned(), text.to_owned())).into());
        let variables = serde_json::json!({ "AWS_CONFIG_FILE": "/c", "AWS_SHARED_CREDENTIALS_FILE": "/k",
            "AWS_ACCESS_KEY_ID": "not-this", "AWS_SECRET_ACCESS_KEY": "not-this", "AWS_EC2_METADATA_SERVICE_NUM_ATTEMPTS": "1" });
        let profile = case["input"]["selected_profile"].as_str();
        let outcome = load(&mut world, environment(&variables), profile, Chain::of_config);
        match (&outcome, case["output"]["Error"].as_str()) {
            (Err(error), Some(words)) => refused(&mut report, &name, error, words),
            (Ok(credentials), Some(words)) => report.fail(format!("{credentials:?}, expected {words}")),
            (_, None) => links(&mut report, &case["output"]["ProfileChain"], &outcome, &world),
        }
    }
    report.finish();
}

/// What was sent, or the keys alone, must be the links of the chain.
fn links(report: &mut Report, expected: &Value, outcome: &Result<Credentials, Error>, world: &World) {
    let mut sent = world.sent.iter().flatten().peekable();
    let (mut signer, mut number) = (None, 0);
    for link in expected.as_array().into_iter().flatten() {
        if let Value::Object(key) = &link["AccessKey"] {
            signer = key["access_key_id"].as_str().map(str::to_owned);
        } else if let Some(named) = link["NamedSource"].as_str() {
            report.same("source", &named, &"Ec2InstanceMetadata");
            let line = sent.next().map(|sent| sent.line.as_str());
            report.same("request", &line, &Some("PUT http://169.254.169.254/latest/api/token"));
            // There is no such service here, so no role is assumed.
            return report.check(outcome.is_err(), "there is no service");
        } else {
            let (action, link) = match &link["AssumeRole"] {
                Value::Null => ("AssumeRoleWithWebIdentity", &link["WebIdentityToken"]),
                link => ("AssumeRole", link),
            };
            let Some(request) = sent.next() else {
                return report.fail(format!("{link} is missing: {outcome:?}"));
            };
            let text = |name: &str| request.form.get(name).map(String::as_str);
            report.same("action", &text("Action"), &Some(action));
            report.same("role", &text("RoleArn"), &link["role_arn"].as_str());
            report.same("external id", &text("ExternalId"), &link["external_id"].as_str());
            if let Some(name) = link["role_session_name"].as_str() {
                report.same("session name", &text("RoleSessionName"), &Some(name));
            }
            let expected = if action == "AssumeRole" { signer.take() } else { None };
            report.same("signed with", &request.access_key_id, &expected);
            number += 1;
            signer = Some(format!("ASIA{number}"));
        }
    }
    report.check(sent.next().is_none(), "more was sent");
    match outcome {
        Ok(credentials) => report.same("key", &Some(credentials.access_key_id().to_owned()), &signer),
        Err(error) => report.fail(error.to_string()),
    }
}
