//! A config file and a credentials file of any bytes: what is read stands there, and errors quote nothing.

#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use sts_proto::config::profile::{MAX_IGNORED, ProfileSet, Section};
use sts_proto::config::{Config, Environment, Files};
use sts_proto::settings::Settings;
use sts_proto::{Error, ErrorKind};

/// How many profiles of an input are used, not just read.
const PROFILES_USED: usize = 4;

/// Every sentence that can be said of a file, without its numbers.
const SENTENCES: [&str; 12] = [
    "must have at most  bytes, and has ",
    "line  is one too many:  lines are the most",
    "line  must have at most  bytes, and has ",
    "line  must be UTF-",
    "line  must be in a section: no `[…]` stands before it",
    "line  begins with white space, and so continues a property, but there is none before it",
    "line  is the beginning of a section and must end with `]`",
    "line  must have a `=`, as it can only be a property",
    "line  must have a `=`, as it can only be a sub-property",
    "line  is a property and must have a name before its `=`",
    "line  is a sub-property and must have a name before its `=`",
    "line  has the name of a",
];

type Values = BTreeMap<(String, String), String>;

fuzz_target!(|bytes: &[u8]| {
    let mut files = bytes.splitn(2, |&b| b == 0);
    let (config, credentials) = (files.next().unwrap_or_default(), files.next());
    let set = match parse(Some(config), credentials) {
        Ok(set) => set,
        Err(error) => {
            check_error(&error);
            assert_eq!(parse(Some(config), credentials).unwrap_err().to_string(), error.to_string());
            return;
        }
    };
    let again = parse(Some(config), credentials).expect("what was read once is read again");
    assert_eq!((format!("{again:?}"), values(&again)), (format!("{set:?}"), values(&set)));
    assert!(set.ignored().len() <= MAX_IGNORED);

    let lines = |file: &str| -> Vec<&[u8]> {
        let bytes = if file == "/c" { config } else { credentials.unwrap_or_default() };
        bytes.split(|&b| b == b'\n').collect()
    };
    let (config_lines, credentials_lines) = (lines("/c"), lines("/k"));
    let line = |file: &str, line: u32| -> String {
        let lines = if file == "/c" { &config_lines } else { &credentials_lines };
        String::from_utf8(lines[line as usize - 1].to_vec()).expect("UTF-8")
    };
    let mut count = 0;
    for section in set.profiles().chain(set.sso_sessions()).chain(set.all_services()) {
        assert!(line(section.file(), section.line()).contains(section.name()));
        for (key, property) in section.properties() {
            count += 1;
            let text = line(property.file(), property.line());
            let first = property.value().expose().split('\n').next().unwrap_or_default();
            assert!(text.to_ascii_lowercase().contains(key) && text.contains(first), "{key} in {text:?}");
            for (name, value, number) in property.sub_properties() {
                assert!(number > property.line());
                let text = line(property.file(), number);
                assert!(text.contains(name) && text.contains(value), "{name} in {text:?}");
            }
        }
    }
    assert!(count <= config_lines.len() + credentials_lines.len());

    check_merging(&set, config, credentials);
    check_writing(&set);
    for profile in set.profiles().take(PROFILES_USED) {
        use_profile(&set, profile);
    }
});

fn parse(config: Option<&[u8]>, credentials: Option<&[u8]>) -> Result<ProfileSet, Error> {
    ProfileSet::parse(&Files::at("/c", "/k"), config, credentials)
}

fn values(set: &ProfileSet) -> Values {
    let all = set.profiles().flat_map(|profile| {
        profile.properties().map(|(key, property)| {
            ((profile.name().to_owned(), key.to_owned()), property.value().expose().to_owned())
        })
    });
    all.collect()
}

/// An error names file, line and rule, and no piece of the file.
fn check_error(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let [violation] = error.violations() else { panic!("{error}") };
    assert!(matches!(violation.parameter(), "/c" | "/k"));
    let rule = violation.rule().to_string().replace(|c: char| c.is_ascii_digit(), "");
    assert!(SENTENCES.iter().any(|sentence| rule.starts_with(sentence)) && rule.len() < 150, "{rule}");
}

/// The credentials file's values count, then those of the config file.
fn check_merging(set: &ProfileSet, config: &[u8], credentials: Option<&[u8]>) {
    let alone = |config, credentials| values(&parse(config, credentials).expect("a part of what was read"));
    let mut expected = alone(Some(config), None);
    expected.extend(alone(None, credentials));
    assert_eq!(values(set), expected);
}

/// What was read, written down, is read as the same.
fn check_writing(set: &ProfileSet) {
    let mut text = String::new();
    for profile in set.profiles() {
        text += &format!("[{}]\n", profile.name());
        for (key, property) in profile.properties() {
            text += &format!("{key}={}\n", property.value().expose().replace('\n', "\n "));
        }
    }
    let written = parse(None, Some(text.as_bytes())).expect("what was written is read");
    assert_eq!(values(&written), values(set));
}

/// No value makes more than an error that names its place.
fn use_profile(set: &ProfileSet, profile: &Section) {
    let environment = Environment::from_iter([("AWS_PROFILE", profile.name())]);
    let config = Config::new(environment, set.clone(), None).expect("a profile that exists");
    let results = [
        config.endpoint_url().map(drop),
        config.use_fips().map(drop),
        config.use_dual_stack().map(drop),
        config.sts_regional_endpoints().map(drop),
        config.retry_mode().map(drop),
        config.max_attempts().map(drop),
        config.disable_clock_skew_correction().map(drop),
        config.imds().map(drop),
    ];
    for error in results.into_iter().filter_map(Result::err) {
        assert!(error.to_string().contains("line "), "{error}");
    }
    let settings = Settings::new().config(Arc::new(config));
    let no_process = |_: &str| None;
    assert_eq!(settings.way(no_process).is_ok(), settings.way(no_process).is_ok());
    match settings.resolve("fuzz", "1", no_process) {
        Ok(resolved) => {
            let lines = resolved.report.to_string().lines().count();
            assert_eq!(lines, resolved.report.settings().len());
        }
        Err(error) => assert!(!error.to_string().contains(char::is_control)),
    }
}
