//! URLs of services, as options, variables and profiles have them.

use std::fs;

use crate::{Home, stderr, stdout, with_credentials};

#[test]
fn endpoint_url_with_a_password_is_not_echoed() {
    for url in [
        "u:hunter2@own.example",
        "u:hunter2",
        "http://u:hunter2@own.example",
        "https://hunter2@own.example:84036",
        "ftp://u:hunter2@own.example",
        "http://own.example/?hunter2",
        "own.example?hunter2",
        "https://own.example/#hunter2\n",
    ] {
        for arguments in [
            &["get-caller-identity", "--endpoint-url", url][..],
            &["get-caller-identity", "--debug", "--endpoint-url", url],
            &["get-caller-identity", "--dry-run", "--endpoint-url", url],
            &["explain", "--endpoint-url", url],
        ] {
            let output = with_credentials(arguments).output().unwrap();
            let said = stdout(&output) + &stderr(&output);
            assert!(matches!(output.status.code(), Some(252 | 253)), "{arguments:?}: {said}");
            assert!(!said.contains("hunter2") && said.contains(&url.len().to_string()), "{said}");
        }
        for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"] {
            for arguments in [&["get-caller-identity"][..], &["explain"]] {
                let output = with_credentials(arguments).env(variable, url).output().unwrap();
                let said = stdout(&output) + &stderr(&output);
                assert_eq!(output.status.code(), Some(253), "{said}");
                assert!(!said.contains("hunter2") && said.contains(variable), "{said}");
            }
        }
    }
    let output = with_credentials(&["get-caller-identity", "--endpoint-url", "nohost:80/"]).output().unwrap();
    assert!(stderr(&output).contains("--endpoint-url \"nohost:80/\": scheme is missing."));
}

#[test]
fn dangerously_allow_http_sends_sso_tokens_to_plain_hosts() {
    let home = Home::new(
        "plain-sso",
        "[default]\nregion = eu-west-1\nsso_session = dev\nsso_account_id = 1\nsso_role_name = r\n\
         [sso-session dev]\nsso_start_url = https://d-1.awsapps.com/start\nsso_region = us-east-1\n",
    );
    let cache = home.0.join(".aws/sso/cache");
    fs::create_dir_all(&cache).unwrap();
    // The digest of `dev`.
    let token = r#"{"accessToken":"hunter2","expiresAt":"2096-01-01T00:00:00Z"}"#;
    fs::write(cache.join("34c6fceca75e456f25e7e99531e2425c6c1de443.json"), token).unwrap();
    let run = |url: &str, option: &[&str]| {
        let arguments = [&["get-caller-identity", "--cli-connect-timeout", "5"], option].concat();
        let output = home.sts(&arguments).env("AWS_ENDPOINT_URL_SSO", url).output().unwrap();
        assert_eq!(output.status.code(), Some(253));
        stderr(&output)
    };
    // A name that is loopback to the C library only, where nobody listens.
    let said = run("http://127.1:1", &[]);
    assert!(said.contains("`AWS_ENDPOINT_URL_SSO` must be a URL with `https`, or"), "{said}");
    let said = run("http://127.1:1", &["--dangerously-allow-http"]);
    assert!(said.contains("the portal gave no reply"), "{said}");
    let said = run("http://portal.sso.us-east-1.amazonaws.com", &["--dangerously-allow-http"]);
    assert!(said.contains("`AWS_ENDPOINT_URL_SSO` is AWS's own without TLS"), "{said}");
}
