//! The operations: as `aws sts`.

use std::process::Stdio;

use sts_blocking::operation::{MODEL, Model};

use crate::{
    IDENTITY, LATER, SECRET, TOKEN, granted, refusal, serve, stderr, stdout, sts, with_credentials,
    with_input,
};

#[test]
fn exit_codes_are_those_of_version_2() {
    let identity = ["get-caller-identity", "--region", "eu-west-1"];
    for (arguments, code, said) in [
        (&["get-caller-identity", "--strange"][..], 252, "Unknown options: --strange\n"),
        (&["assume-role", "--role-arn", "x"], 252, "required: --role-session-name\n"),
        (
            &["get-access-key-info", "--access-key-id", "x"],
            252,
            "\nParameter validation failed:\nInvalid length",
        ),
        (&["get-caller-identity"], 253, "\nYou must specify a region."),
        (&identity, 253, "\nUnable to locate credentials."),
    ] {
        let output = sts(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
    let output = with_credentials(&["get-caller-identity", "--region", "EU"]).output().unwrap();
    assert_eq!(output.status.code(), Some(253));
    assert!(stderr(&output).contains("`Region` must be in lower case"), "{}", stderr(&output));

    let arguments = ["get-caller-identity", "--endpoint-url", "http://127.0.0.1:1", "--debug"];
    let output = with_credentials(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(255));
    let said = stderr(&output);
    assert!(said.contains("\nCould not connect to the endpoint URL: \"http://127.0.0.1:1/\"\n"), "{said}");
    assert!(said.contains("WARN sts"), "{said}");
}

#[test]
fn replies_are_printed_and_refusals_told() {
    let (url, server) = serve(vec![(200, IDENTITY.to_owned())]);
    let output = with_credentials(&["get-caller-identity", "--endpoint-url", &url]).output().unwrap();
    assert_eq!(server.join().unwrap(), "Action=GetCallerIdentity&Version=2011-06-15");
    assert_eq!(
        stdout(&output),
        "{\n    \"UserId\": \"AIDA\",\n    \"Account\": \"123456789012\",\n    \"Arn\": \
         \"arn:aws:iam::123456789012:user/alice\"\n}\n"
    );
    assert_eq!(stderr(&output), "");

    let message = format!("123456 is wrong, and so is {SECRET}");
    let (url, server) = serve(vec![(403, refusal("AccessDenied", &message))]);
    let arguments = ["get-session-token", "--serial-number", "arn:aws:iam::1:mfa/a", "--token-code", "-"];
    let mut command = with_credentials(&arguments);
    let output = with_input(command.args(["--endpoint-url", &url]), "123456\n");
    assert!(server.join().unwrap().ends_with("&TokenCode=123456"));
    assert_eq!(output.status.code(), Some(254));
    assert_eq!(
        stderr(&output),
        "\nAn error occurred (AccessDenied) when calling the GetSessionToken operation: [redacted] is wrong, \
         and so is [redacted]\n"
    );
}

#[test]
fn half_credentials_are_an_error_and_not_printed() {
    let whole = granted("AssumeRole", LATER).1;
    let secret = "<SecretAccessKey>it's$(ecret)</SecretAccessKey>";
    for (reply, fault) in [
        (whole.replace(secret, ""), "<SecretAccessKey> is missing"),
        (whole.replace(LATER, "soon"), "the value of <Expiration> is not valid"),
    ] {
        let (url, server) = serve(vec![(200, reply)]);
        let role = "arn:aws:iam::123456789012:role/Deploy";
        let arguments =
            ["assume-role", "--role-arn", role, "--role-session-name", "ci", "--endpoint-url", &url];
        let output = with_credentials(&arguments).output().unwrap();
        server.join().unwrap();
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(255), ""));
        let said = stderr(&output);
        assert!(said.contains("AssumeRole was answered by something that is not an STS reply"), "{said}");
        assert!(said.contains(fault), "{said}");
    }
}

#[test]
fn get_scoped_credentials_sends_and_prints_as_the_aws_cli() {
    let reply = "<GetScopedCredentialsResponse><GetScopedCredentialsResult><SourceIdentity>Alice</SourceIdentity>\
        <ScopedPoliciesCount>2</ScopedPoliciesCount><SessionInfo><Arn>arn:aws:sts::123456789012:assumed-role/Deploy/s</Arn>\
        <ScopedSessionId>AROA:s</ScopedSessionId></SessionInfo><SessionTokenSize>600</SessionTokenSize><Credentials>\
        <Expiration>2096-01-02T03:04:05Z</Expiration><SessionToken>token</SessionToken>\
        <SecretAccessKey>secret</SecretAccessKey><AccessKeyId>ASIASCOPED</AccessKeyId></Credentials>\
        </GetScopedCredentialsResult></GetScopedCredentialsResponse>";
    let (url, server) = serve(vec![(200, reply.to_owned())]);
    let arguments = ["get-scoped-credentials", "--duration-seconds", "900", "--policy", "-"];
    let mut command = with_credentials(&arguments);
    command.args(["--scoped-session-description", "nightly report", "--endpoint-url", &url]);
    let output = with_input(&mut command, "{\"Statement\": []}\n");
    assert_eq!(
        server.join().unwrap(),
        "Action=GetScopedCredentials&Version=2011-06-15&Policy=%7B%22Statement%22%3A%20%5B%5D%7D&DurationSeconds=900\
         &ScopedSessionDescription=nightly%20report"
    );
    assert_eq!(
        stdout(&output),
        r#"{
    "Credentials": {
        "AccessKeyId": "ASIASCOPED",
        "SecretAccessKey": "secret",
        "SessionToken": "token",
        "Expiration": "2096-01-02T03:04:05+00:00"
    },
    "SessionInfo": {
        "ScopedSessionId": "AROA:s",
        "Arn": "arn:aws:sts::123456789012:assumed-role/Deploy/s"
    },
    "SessionTokenSize": 600,
    "ScopedPoliciesCount": 2,
    "SourceIdentity": "Alice"
}
"#
    );

    let (url, server) = serve(vec![(400, refusal("InvalidSubjectCredentials", "no session"))]);
    let output = with_credentials(&["get-scoped-credentials", "--endpoint-url", &url]).output().unwrap();
    assert_eq!(server.join().unwrap(), "Action=GetScopedCredentials&Version=2011-06-15");
    assert_eq!(output.status.code(), Some(254));
    let said = "\nAn error occurred (InvalidSubjectCredentials) when calling the GetScopedCredentials operation: no session\n";
    assert_eq!(stderr(&output), said);
}

#[test]
fn get_scoped_credentials_policy_is_redacted_in_previews() {
    let arguments = ["get-scoped-credentials", "--policy", "{\"Id\":\"sEcReT\"}", "--dry-run"];
    let shown = stdout(&with_credentials(&arguments).output().unwrap());
    assert!(shown.contains("Policy=[redacted]") && !shown.contains("sEcReT"), "{shown}");
}

const CONTEXT_ARGUMENTS: [&str; 8] = [
    "assume-role-with-web-identity",
    "--role-arn",
    "arn:aws:iam::123456789012:role/Deploy",
    "--role-session-name",
    "session",
    "--web-identity-token",
    "eyJh",
    "--output",
];

const ONLY_CONTEXT: &str = "{TrustedIdentityPropagationContext: TrustedIdentityPropagationContext}";

/// A reply to AssumeRoleWithWebIdentity with that content of `IdentityProvider`.
fn with_context(content: &str) -> (u16, String) {
    let context = format!(
        "<TrustedIdentityPropagationContext><TransactionContext><IdentityProvider>{content}</IdentityProvider>\
         </TransactionContext><OriginIdentity><Issuer>idp.example</Issuer><Subject>alice</Subject></OriginIdentity>\
         </TrustedIdentityPropagationContext></AssumeRoleWithWebIdentityResult>"
    );
    let (status, body) = granted("AssumeRoleWithWebIdentity", LATER);
    (status, body.replace("</AssumeRoleWithWebIdentityResult>", &context))
}

/// JSON, text and table are the AWS CLI's, byte for byte.
#[test]
fn map_of_a_reply_is_printed_in_every_output() {
    let content =
        "<entry><key>zone</key><value>eu 1</value></entry><entry><key>Cost</key><value>42</value></entry>";
    let json = r#"{
    "TrustedIdentityPropagationContext": {
        "OriginIdentity": {
            "Subject": "alice",
            "Issuer": "idp.example"
        },
        "TransactionContext": {
            "IdentityProvider": {
                "zone": "eu 1",
                "Cost": "42"
            }
        }
    }
}
"#;
    let table = "\
-------------------------------------
|     AssumeRoleWithWebIdentity     |
+-----------------------------------+
||TrustedIdentityPropagationContext||
|+---------------------------------+|
|||        OriginIdentity         |||
||+-----------------+-------------+||
|||     Issuer      |   Subject   |||
||+-----------------+-------------+||
|||  idp.example    |  alice      |||
||+-----------------+-------------+||
|||      TransactionContext       |||
||+-------------------------------+||
||||      IdentityProvider       ||||
|||+-------------+---------------+|||
||||    Cost     |     zone      ||||
|||+-------------+---------------+|||
||||  42         |  eu 1         ||||
|||+-------------+---------------+|||
";
    let yaml = "TrustedIdentityPropagationContext:\n  OriginIdentity:\n    Issuer: idp.example\n    Subject: alice\n  \
        TransactionContext:\n    IdentityProvider:\n      Cost: '42'\n      zone: eu 1\n";
    for (format, expected) in [
        ("json", json),
        ("text", "ORIGINIDENTITY\tidp.example\talice\nIDENTITYPROVIDER\t42\teu 1\n"),
        ("table", table),
        ("yaml", yaml),
    ] {
        let (url, server) = serve(vec![with_context(content)]);
        let mut command = with_credentials(&CONTEXT_ARGUMENTS);
        let output =
            command.args([format, "--query", ONLY_CONTEXT, "--endpoint-url", &url]).output().unwrap();
        server.join().unwrap();
        assert_eq!(stdout(&output), expected, "{format}: {}", stderr(&output));
    }
}

#[test]
fn map_without_a_value_is_no_reply_of_sts() {
    let (url, server) = serve(vec![with_context("<entry><key>sEcReT</key></entry>")]);
    let mut command = with_credentials(&CONTEXT_ARGUMENTS);
    let output = command.args(["json", "--endpoint-url", &url]).output().unwrap();
    server.join().unwrap();
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(255), ""));
    assert_eq!(
        stderr(&output),
        "\nAssumeRoleWithWebIdentity was answered by something that is not an STS reply: \
         an entry of <IdentityProvider> has no <value>\n"
    );
}

#[test]
fn enumeration_sends_values_that_the_model_does_not_list() {
    let arguments = "get-web-identity-token --audience a --signing-algorithm ES384 --scope read \
                     --subject-mode NewIdentity --dry-run";
    let arguments: Vec<&str> = arguments.split_ascii_whitespace().collect();
    let shown = stdout(&with_credentials(&arguments).output().unwrap());
    assert!(shown.contains("&Scope=read&SubjectMode=NewIdentity"), "{shown}");
    let help = stdout(&sts(&["get-web-identity-token", "--help"]).output().unwrap());
    assert!(help.contains("one of AWSIdentity, OriginIdentity"), "{help}");
}

#[test]
fn what_a_service_says_is_shown_in_bounds() {
    let message = format!("a&#9;\u{202e}b {TOKEN} {}", "x".repeat(500_000));
    let (url, server) = serve(vec![(403, refusal("AccessDenied", &message))]);
    let output = with_credentials(&["get-caller-identity", "--endpoint-url", &url]).output().unwrap();
    server.join().unwrap();
    let said = stderr(&output);
    assert!(said.contains("operation: a\t\\u{202e}b [redacted] xxx"), "{}", &said[..200]);
    assert!(said.ends_with("xxx…\n") && said.len() < 70_000, "{} bytes", said.len());
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(254), ""));
}

#[test]
fn retries_are_counted_as_the_aws_cli_does() {
    let refusal = || (400, refusal("Throttling", "Rate exceeded"));
    let (url, server) = serve(vec![refusal(), refusal(), refusal()]);
    let output = with_credentials(&["get-caller-identity", "--endpoint-url", &url]).output().unwrap();
    server.join().unwrap();
    assert_eq!(
        stderr(&output),
        "\nAn error occurred (Throttling) when calling the GetCallerIdentity operation \
         (reached max retries: 2): Rate exceeded\n"
    );
}

#[test]
fn a_preview_can_be_made_again_and_shows_no_secret() {
    let arguments = "assume-role --role-arn arn:aws:iam::123456789012:role/Deploy --role-session-name session \
                     --external-id eXtErNaL --tags Key=a,Value=it\u{a0}s --sign-at 2026-01-02T03:04:05Z";
    let arguments: Vec<&str> = arguments.split(' ').filter(|word| !word.is_empty()).collect();
    for preview in ["--dry-run", "--curl"] {
        let run = |more: &[&str]| {
            let output = with_credentials(&arguments).arg(preview).args(more).output().unwrap();
            assert!(output.status.success(), "{}", stderr(&output));
            stdout(&output)
        };
        let shown = run(&[]);
        assert_eq!(shown, run(&[]));
        assert!(
            shown.contains("sts.eu-west-1.amazonaws.com") && shown.contains("20260102T030405Z"),
            "{shown}"
        );
        assert!(shown.contains("Tags.member.1.Value=it%C2%A0s"), "{shown}");
        assert!(shown.contains("ExternalId=[redacted]") && shown.contains("Signature=[redacted]"), "{shown}");
        for secret in [SECRET, TOKEN, "eXtErNaL"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        let shown = run(&["--show-secrets"]);
        assert!(shown.contains("ExternalId=eXtErNaL") && shown.contains(TOKEN), "{shown}");
        assert!(!shown.contains(SECRET) && !shown.contains("[redacted]"), "{shown}");
    }
    let output =
        with_credentials(&["get-caller-identity", "--dry-run", "--sign-at", "noon"]).output().unwrap();
    assert_eq!(output.status.code(), Some(252));
}

#[test]
fn a_preview_of_what_is_not_signed_needs_no_credentials() {
    let arguments = "assume-role-with-web-identity --role-arn arn:aws:iam::123456789012:role/Deploy \
                     --role-session-name session --web-identity-token eyJh --region eu-west-1 --dry-run";
    let arguments: Vec<&str> = arguments.split_ascii_whitespace().collect();
    let shown = stdout(&sts(&arguments).output().unwrap());
    assert!(shown.contains("WebIdentityToken=[redacted]") && !shown.contains("authorization"), "{shown}");
    let arguments = ["get-caller-identity", "--no-sign-request", "--region", "eu-west-1", "--curl"];
    let shown = stdout(&sts(&arguments).output().unwrap());
    assert!(shown.starts_with("curl --request POST 'https://sts.eu-west-1.amazonaws.com/'"), "{shown}");
}

#[test]
fn completions_and_manual_pages_know_every_subcommand() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let shown = stdout(&sts(&["completions", shell]).output().unwrap());
        let knows = |word: &str| shown.contains(word);
        assert!(knows("assume-role-with-web-identity") && knows("role-session-name"), "{shell}");
        assert!(knows("get-scoped-credentials") && knows("scoped-session-description"), "{shell}");
    }
    let page = stdout(&sts(&["man"]).output().unwrap());
    assert!(page.contains(".TH sts") && page.contains("get\\-caller\\-identity"), "{page}");
    assert!(page.contains("get\\-scoped\\-credentials"), "{page}");
    let page = stdout(&sts(&["man", "assume-role"]).output().unwrap());
    assert!(page.contains("role\\-session\\-name"), "{page}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut command = sts(&["completions", "zsh"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn help_is_help() {
    for arguments in [&["help"][..], &["--help"], &["assume-role", "help"], &["help", "assume-role"]] {
        let output = sts(arguments).output().unwrap();
        assert!(output.status.success() && stdout(&output).contains("Example:\n  sts "), "{arguments:?}");
    }
}

#[test]
fn version_and_help_name_the_service_model() {
    let run = |argument: &str| stdout(&sts(&[argument]).output().unwrap());
    let Model { api_version, botocore, date, .. } = MODEL;
    let model = format!("STS {api_version} as of botocore {botocore} ({date})");
    let version = format!("sts {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(run("--version"), format!("{version}service model: {model}\n"));
    assert_eq!(run("-V"), version);
    assert!(run("--help").ends_with(&format!("\n\nService model: {model}\n")));
}

#[test]
fn tables_have_colours_only_where_they_are_wanted() {
    for (color, is_coloured) in [("on", true), ("off", false), ("auto", false)] {
        let (url, server) = serve(vec![(200, IDENTITY.to_owned())]);
        let arguments =
            ["get-caller-identity", "--output", "table", "--color", color, "--endpoint-url", &url];
        let output = with_credentials(&arguments).output().unwrap();
        server.join().unwrap();
        assert_eq!(stdout(&output).contains('\u{1b}'), is_coloured, "{color}");
    }
}

#[test]
fn certificates_are_believed_only_with_a_warning() {
    let (url, server) = serve(vec![(200, IDENTITY.to_owned())]);
    let arguments = ["get-caller-identity", "--no-verify-ssl", "--endpoint-url", &url, "--query", "Account"];
    let output = with_credentials(&arguments).output().unwrap();
    server.join().unwrap();
    assert_eq!(stdout(&output), "\"123456789012\"\n");
    assert!(stderr(&output).contains("warning: certificates are not verified"));
}
