//! Profile files by the cases that AWS's SDKs share: what is in them, and where they are. No case has another outcome here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value};
use sts_proto::config::profile::{ProfileSet, Section};
use sts_proto::config::{Config, Environment, Files, Platform};
use sts_proto::{Error, ErrorKind};
use sts_tests::report::Report;
use sts_tests::vectors::{self, Cases};

/// What the cases' errors contain, and what ours do.
const SENTENCES: [(&str, &str); 8] = [
    ("Profile definition must end with ']'", "must end with `]`"),
    ("Property did not have a name", "is a property and must have a name"),
    ("Expected an '=' sign defining a property", "must have a `=`, as it can only be a property"),
    ("Expected a profile definition", "must be in a section"),
    ("Expected a property definition, found continuation", "continues a property, but there is none"),
    ("Expected a property definition", "continues a property, but there is none"),
    ("Expected an '=' sign defining a sub-property", "must have a `=`, as it can only be a sub-property"),
    ("Sub-property did not have a name", "is a sub-property and must have a name"),
];

fn find(name: &str) -> Option<PathBuf> {
    let folder = Cases::vectors().find("profile")?;
    let known = ["profile-parser-tests.json", "file-location-tests.json"];
    let any = vectors::entries(&folder).iter().any(|path| known.contains(&vectors::name(path).as_str()));
    assert!(any, "{} exists but holds no case", folder.display());
    Cases::vectors().find(&format!("profile/{name}"))
}

type Sections = BTreeMap<String, BTreeMap<String, String>>;

fn ours<'a>(sections: impl Iterator<Item = &'a Section>) -> Sections {
    let values = |section: &Section| {
        section.properties().map(|(key, p)| (key.to_owned(), p.value().expose().to_owned())).collect()
    };
    sections.map(|section| (section.name().to_owned(), values(section))).collect()
}

fn theirs(sections: &Map<String, Value>) -> Sections {
    let values = |section: &Value| {
        let properties = section.as_object().into_iter().flatten();
        properties.map(|(key, value)| (key.clone(), value.as_str().unwrap_or("?").to_owned())).collect()
    };
    sections.iter().map(|(name, section)| (name.clone(), values(section))).collect()
}

fn parse(input: &Value) -> Result<ProfileSet, Error> {
    let file = |name: &str| input[name].as_str().map(str::as_bytes);
    ProfileSet::parse(&Files::at("/config", "/credentials"), file("configFile"), file("credentialsFile"))
}

/// Compares one case with what it should be, and says whether it was understood.
fn compare(report: &mut Report, case: &Value) -> bool {
    let output = &case["output"];
    let result = parse(&case["input"]);
    if let Some(theirs) = output["errorContaining"].as_str() {
        let Some((_, sentence)) = SENTENCES.iter().find(|(theirs_, _)| *theirs_ == theirs) else {
            report.fail(format!("an error of which no sentence of ours is known: {theirs}"));
            return false;
        };
        match result {
            Ok(set) => report.fail(format!("{set:?}, expected an error: {theirs}")),
            Err(error) => {
                report.same("kind", &error.kind(), &ErrorKind::InvalidInput);
                let text = error.to_string();
                report.check(text.contains(sentence), &format!("{text}, expected: {sentence}"));
                report.check(text.contains("line "), "no line is named");
            }
        }
        return true;
    }
    let Some(set) = report.ok("parsing", result) else { return false };
    let config = &output["config"];
    let mut is_known = false;
    if let Some(profiles) = config["profiles"].as_object() {
        report.same("profiles", &ours(set.profiles()), &theirs(profiles));
        is_known = true;
    }
    if let Some(sessions) = config["sso_sessions"].as_object() {
        report.same("sso_sessions", &ours(set.sso_sessions()), &theirs(sessions));
    }
    is_known
}

#[test]
fn parser() {
    let Some(file) = find("profile-parser-tests.json") else { return };
    let mut report = Report::new("profile_vectors, parser");
    let cases = vectors::json(&file);
    let cases = cases.as_array().expect("a list of cases");
    for case in cases {
        report.case(case["name"].as_str().unwrap_or("?"));
        let understood = compare(&mut report, case);
        report.check(understood, "the case expects nothing that is known");
    }
    assert!(cases.len() >= 49, "only {} cases were found", cases.len());
    report.finish();
}

#[test]
fn locations() {
    let Some(file) = find("file-location-tests.json") else { return };
    let mut report = Report::new("profile_vectors, locations");
    let cases = vectors::json(&file);
    let cases = cases["tests"].as_array().expect("a list of cases");
    for case in cases {
        report.case(case["name"].as_str().unwrap_or("?"));
        let platform = match case["platform"].as_str() {
            Some("linux") => Platform::Unix,
            Some("windows") => Platform::Windows,
            other => panic!("a platform that is not known: {other:?}"),
        };
        let variables = case["environment"].as_object().into_iter().flatten();
        let variables: Vec<_> =
            variables.map(|(name, value)| (name.clone(), value.as_str().unwrap_or("?").to_owned())).collect();
        let environment = Environment::new(platform, variables);
        let Some(files) = report.ok("files", Files::locate(&environment)) else { continue };
        report.same("config", &files.config.as_deref(), &case["configLocation"].as_str());
        report.same("credentials", &files.credentials.as_deref(), &case["credentialsLocation"].as_str());
        // Files that have the profile, so that it can be chosen.
        if let Some(profile) = case["profile"].as_str() {
            let text = format!("[{profile}]");
            let set = ProfileSet::parse(&files, None, Some(text.as_bytes())).expect("a file");
            if let Some(config) = report.ok("config", Config::new(environment, set, None)) {
                report.same("profile", &config.profile_name(), &profile);
            }
        }
    }
    assert!(cases.len() >= 9, "only {} cases were found", cases.len());
    report.finish();
}
