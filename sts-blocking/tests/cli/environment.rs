//! The environment in which a program finds the credentials of `exec`, `serve` and `export`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use sts_blocking::token::env::FOREIGN_VARIABLES;

use crate::{Home, SECRET, TOKEN, stderr, stdout};

/// A profile with a setting of each kind, another one, and a service of its own.
const PROFILES: &str = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = default-secret\n\
    region = us-west-2\nretry_mode = legacy\n\
    [profile dev]\nregion = eu-central-1\nca_bundle = /bundle of it's.pem\nendpoint_url = http://127.0.0.1:1\n\
    retry_mode = adaptive\nmax_attempts = 7\noutput = text\ncli_pager =\nservices = local\ns3 =\n  addressing_style = path\n\
    [services local]\ns3 =\n  endpoint_url = http://127.0.0.1:2\nelastic_beanstalk =\n  endpoint_url = http://127.0.0.1:3\n\
    a;b =\n  endpoint_url = http://127.0.0.1:4\n";

/// What of the profile's settings has a variable.
const HANDED_ON: [(&str, &str); 10] = [
    ("AWS_CA_BUNDLE", "/bundle of it's.pem"),
    ("AWS_DEFAULT_OUTPUT", "text"),
    ("AWS_DEFAULT_REGION", "eu-central-1"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ("AWS_ENDPOINT_URL_ELASTIC_BEANSTALK", "http://127.0.0.1:3"),
    ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2"),
    ("AWS_MAX_ATTEMPTS", "7"),
    ("AWS_PAGER", ""),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_RETRY_MODE", "adaptive"),
];

/// The files that a child of `serve` must not find credentials in, and the source that comes after the container.
const HIDDEN: [(&str, &str); 5] = [
    ("AWS_CONFIG_FILE", "/dev/null"),
    ("AWS_CREDENTIAL_PROFILES_FILE", "/dev/null"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ("BOTO_CONFIG", "/dev/null"),
];

/// `sts` where every variable that leads to credentials is set, and the profile is chosen by one of them.
fn sts(home: &Home, arguments: &[&str]) -> Command {
    // The bundle of the profile does not exist, and is only passed on.
    let mut command = home.sts(&[&["--no-verify-ssl"], arguments].concat());
    for name in FOREIGN_VARIABLES {
        command.env(name, "foreign");
    }
    command.env("AWS_BEARER_TOKEN_BEDROCK", "foreign");
    command.env("AWS_PROFILE", "dev").env_remove("AWS_DEFAULT_PROFILE");
    command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", SECRET);
    command.env("AWS_SESSION_TOKEN", TOKEN).env("AWS_CREDENTIAL_EXPIRATION", "2096-01-02T03:04:05Z");
    command.env("AWS_ACCOUNT_ID", "123456789012");
    command.env_remove("AWS_EC2_METADATA_DISABLED");
    command
}

/// The variables that are AWS's, as `env` printed them.
fn variables(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let pairs = pairs.filter(|(name, _)| name.starts_with("AWS_") || name.starts_with("BOTO"));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn expected(of: &[&[(&str, &str)]]) -> BTreeMap<String, String> {
    of.concat().iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn keys() -> [(&'static str, &'static str); 5] {
    [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_ACCOUNT_ID", "123456789012"),
        ("AWS_CREDENTIAL_EXPIRATION", "2096-01-02T03:04:05Z"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_SESSION_TOKEN", TOKEN),
    ]
}

/// Of a container: its address and its token differ from run to run.
fn without_container(mut found: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let url = found.remove("AWS_CONTAINER_CREDENTIALS_FULL_URI").unwrap();
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/credentials"), "{url}");
    assert_eq!(found.remove("AWS_CONTAINER_AUTHORIZATION_TOKEN").as_deref(), Some("foreign"));
    found
}

#[test]
fn exec_environment_has_the_keys_and_the_settings_of_the_profile() {
    let home = Home::new("exec-environment", PROFILES);
    let output = sts(&home, &["exec", "--", "env"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(variables(&stdout(&output)), expected(&[&keys(), &HANDED_ON]));
}

#[test]
fn serve_environment_has_the_container_alone() {
    let home = Home::new("serve-environment", PROFILES);
    let output = sts(&home, &["serve", "--", "env"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let found = without_container(variables(&stdout(&output)));
    assert_eq!(found, expected(&[&HIDDEN, &HANDED_ON]));
}

#[test]
fn serve_text_gives_a_shell_the_same_environment() {
    let home = Home::new("serve-text", PROFILES);
    let mut child = sts(&home, &["serve"]).stdout(Stdio::piped()).spawn().unwrap();
    // The removals are the last line, and `serve` prints nothing later.
    let mut text = String::new();
    let (sender, lines) = std::sync::mpsc::channel();
    let stdout = child.stdout.take().unwrap();
    // In a thread, for `serve` never ends: a line that is missing must not be waited for without an end.
    std::thread::spawn(move || BufReader::new(stdout).lines().try_for_each(|line| sender.send(line)));
    while let Ok(line) = lines.recv_timeout(std::time::Duration::from_secs(30)) {
        let line = line.unwrap();
        text.push_str(&line);
        text.push('\n');
        if line.starts_with("unset ") {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut lines = text.lines();
    assert!(lines.next().unwrap().starts_with("export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:"));
    assert!(lines.next().unwrap().starts_with("export AWS_CONTAINER_AUTHORIZATION_TOKEN="));
    let found = without_container(in_shell(&home, &text));
    assert_eq!(found, expected(&[&HIDDEN, &HANDED_ON]));
}

/// The variables of a shell after it has read the text.
fn in_shell(home: &Home, text: &str) -> BTreeMap<String, String> {
    let mut shell = sts(home, &[]);
    let mut command = Command::new("/bin/sh");
    command.env_clear().env("PATH", "/usr/bin:/bin");
    for (name, value) in shell.stdin(Stdio::null()).get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env_remove("AWS_EC2_METADATA_DISABLED");
    let output = command.args(["-uc", "eval \"$0\"; env", text]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    variables(&stdout(&output))
}

#[test]
fn export_text_replaces_the_identity_of_a_shell() {
    let home = Home::new("export-text", PROFILES);
    let output = sts(&home, &["export"]).output().unwrap();
    let text = stdout(&output);
    assert!(text.starts_with("export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nexport AWS_SECRET_ACCESS_KEY="));
    assert_eq!(in_shell(&home, &text), expected(&[&keys(), &HANDED_ON]));
    // No choice of a profile is removed: the shell keeps its settings.
    let mut command = sts(&home, &["export", "--region", "eu-west-1", "--profile", "default"]);
    let output = command.env_remove("AWS_PROFILE").output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let found = in_shell(&home, &stdout(&output));
    // Nothing is left of the earlier credentials, which were temporary.
    let keys = [("AWS_ACCESS_KEY_ID", "AKIADEFAULT"), ("AWS_SECRET_ACCESS_KEY", "default-secret")];
    assert_eq!(found, expected(&[&keys]));
    for (format, line) in [
        ("fish", "\nset -eg AWS_SESSION_TOKEN\n"),
        ("powershell", "\n$Env:AWS_SESSION_TOKEN=$null\n"),
        ("cmd", "\nset AWS_SESSION_TOKEN=\n"),
    ] {
        let arguments = ["export", "--region", "eu-west-1", "--profile", "default", "--format", format];
        let text = stdout(&sts(&home, &arguments).output().unwrap());
        assert!(text.contains(line) && text.contains("AWS_BEARER_TOKEN_BEDROCK"), "{text}");
    }
    for format in ["dotenv", "json"] {
        let arguments = ["export", "--region", "eu-west-1", "--profile", "default", "--format", format];
        let text = stdout(&sts(&home, &arguments).output().unwrap());
        assert_eq!(text.matches("AWS_").count(), 2, "{text}");
    }
}

#[test]
fn variables_that_are_set_outrank_the_settings_of_the_profile() {
    let home = Home::new("outrank", PROFILES);
    for command in ["exec", "serve"] {
        let mut command = sts(&home, &[command, "--", "env"]);
        command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_RETRY_MODE", "standard");
        command.env("AWS_REGION", "ap-south-1").env("AWS_PAGER", "less");
        let output = command.output().unwrap();
        let found = variables(&stdout(&output));
        for (name, value) in [
            ("AWS_ENDPOINT_URL", Some("http://127.0.0.1:9")),
            ("AWS_RETRY_MODE", Some("standard")),
            ("AWS_MAX_ATTEMPTS", Some("7")),
            ("AWS_REGION", Some("ap-south-1")),
            ("AWS_DEFAULT_REGION", Some("ap-south-1")),
            ("AWS_PAGER", Some("less")),
            // The URL of all services in the environment comes before the URL of one service in the file.
            ("AWS_ENDPOINT_URL_S3", None),
        ] {
            assert_eq!(found.get(name).map(String::as_str), value, "{name}: {}", stderr(&output));
        }
    }
}
