//! What stands in variables, arguments, files and replies neither steers the terminal nor adds a line to what is printed.

use std::process::{Command, Output};

use crate::{Home, IDENTITY, refusal, serve, stderr, stdout, with_credentials};

/// One character of each kind that must not be printed raw; an argument cannot hold NUL.
const HOSTILE: &str = "x\u{1b}[2J\r\nWARN forged\u{7f}\u{9b}\u{61c}\u{200b}\u{202e}\u{2028}\u{2029}\u{feff}y";

#[track_caller]
fn assert_clean(way: &str, text: &str) {
    let is_raw = |c: char| c != '\n' && (c.is_control() || !c.is_ascii() && HOSTILE.contains(c));
    assert!(!text.contains(is_raw), "{way}: {text:?}");
    assert!(!text.lines().any(|line| line.starts_with("WARN forged")), "{way}: {text}");
}

fn failed(way: &str, command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert_ne!(output.status.code(), Some(0), "{way}: {output:?}");
    assert_clean(way, &stderr(&output));
    output
}

#[test]
fn variable_is_printed_escaped() {
    let mut escaped = 0;
    for name in [
        "AWS_CA_BUNDLE",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_DEFAULT_OUTPUT",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_STS",
        "AWS_RETRY_MODE",
        "AWS_MAX_ATTEMPTS",
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_STS_REGIONAL_ENDPOINTS",
        "AWS_SDK_UA_APP_ID",
        "HTTPS_PROXY",
    ] {
        for arguments in
            [&["get-caller-identity", "--debug"][..], &["explain", "--no-sign-request"], &["whoami"]]
        {
            let mut command = with_credentials(arguments);
            // Nobody is there, and nothing is asked of the network.
            command.env("AWS_ENDPOINT_URL_STS", "https://127.0.0.1:1").env(name, HOSTILE);
            let output = command.output().unwrap();
            let way = format!("{name} {arguments:?}");
            assert_clean(&way, &stderr(&output));
            assert_clean(&way, &stdout(&output));
            escaped += usize::from((stderr(&output) + &stdout(&output)).contains(r"x\u{1b}[2J\r\nWARN"));
        }
    }
    assert!(escaped >= 5, "{escaped} told of the value");
}

#[test]
fn argument_is_printed_escaped() {
    let file = format!("file://{HOSTILE}");
    let option = format!("--{HOSTILE}");
    let json = format!("{{{HOSTILE}");
    let role = ["assume-role", "--role-arn", "x", "--role-session-name", "s", "--tags"];
    let role = |tags| [&role[..], &[tags]].concat();
    for arguments in [
        vec!["get-caller-identity", &option],
        vec![HOSTILE],
        vec!["get-caller-identity", "--region", HOSTILE],
        vec!["get-caller-identity", "--profile", HOSTILE],
        vec!["get-caller-identity", "--output", HOSTILE],
        vec!["get-caller-identity", "--endpoint-url", HOSTILE],
        vec!["get-caller-identity", "--query", HOSTILE],
        vec!["get-caller-identity", "--ca-bundle", HOSTILE],
        vec!["get-caller-identity", "--sign-at", HOSTILE],
        vec!["get-caller-identity", "--cli-read-timeout", HOSTILE],
        vec!["get-caller-identity", "--cli-input-json", &json],
        vec!["get-session-token", "--duration-seconds", HOSTILE],
        vec!["get-access-key-info", "--access-key-id", &file],
        role(HOSTILE),
        role(&json),
        role(&file),
        vec!["exec", "--", HOSTILE],
        vec!["arn", HOSTILE],
        vec!["account-id", HOSTILE],
        vec!["man", HOSTILE],
        vec!["eks-token", "--cluster-name", HOSTILE],
        vec!["serve", "--port", HOSTILE],
        vec!["vault-login", "--mount", HOSTILE],
    ] {
        failed(&format!("{arguments:?}"), &mut with_credentials(&arguments));
    }
}

#[test]
fn profile_is_printed_escaped() {
    let line = HOSTILE.replace(['\r', '\n'], "");
    for text in [
        format!("credential_process = '{line}' '{line}'"),
        format!("credential_process = /bin/sh -c \"printf '{line}' >&2; exit 3\""),
        format!("role_arn = arn:aws:iam::123456789012:role/r\nsource_profile = {line}"),
        format!("role_arn = arn:aws:iam::123456789012:role/r\nweb_identity_token_file = {line}"),
        format!("region = {line}"),
    ] {
        let home = Home::new("escapes", &format!("[default]\nregion = eu-west-1\n{text}\n"));
        let mut command = home.sts(&["get-caller-identity", "--endpoint-url", "http://127.0.0.1:1"]);
        failed(&text, &mut command);
    }
}

/// Its line breaks stay, for scripts compare the sentence with the AWS CLI's.
#[test]
fn message_of_a_service_keeps_nothing_but_its_lines() {
    let escapes: String = HOSTILE.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let body = format!(r#"{{"Error":{{"Code":"{escapes}","Message":"{escapes}"}},"RequestId":"{escapes}"}}"#);
    let (url, server) = serve(vec![(403, body)]);
    let output = with_credentials(&["get-caller-identity", "--endpoint-url", &url]).output().unwrap();
    server.join().unwrap();
    let said = stderr(&output);
    assert_clean("message", &said.replace("\nWARN forged", ""));
    assert!(said.contains(r"(x\u{1b}[2J\r\nWARN forged\u{7f}"), "{said}");
    assert!(said.contains("operation: x\\u{1b}[2J\\r\nWARN forged\\u{7f}"), "{said}");
}

#[test]
fn identity_is_printed_escaped() {
    let soft = HOSTILE.replace(|c: char| c.is_control(), "");
    let (url, server) = serve(vec![(200, IDENTITY.replace("alice", &soft))]);
    let output = with_credentials(&["whoami", "--endpoint-url", &url]).output().unwrap();
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_clean("whoami", &stdout(&output));
}

#[test]
fn message_of_blank_lines_is_printed_with_them() {
    for message in ["\n\n\n", "\n\na\n\n\nb\n\n"] {
        let (url, server) = serve(vec![(403, refusal("AccessDenied", message))]);
        let output = with_credentials(&["get-caller-identity", "--endpoint-url", &url]).output().unwrap();
        server.join().unwrap();
        let sentence = "\nAn error occurred (AccessDenied) when calling the GetCallerIdentity operation: ";
        assert_eq!(stderr(&output), format!("{sentence}{message}\n"));
    }
}
