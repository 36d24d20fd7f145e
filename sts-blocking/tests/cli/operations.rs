//! The operations: as `aws sts`.

use std::process::Stdio;

use crate::{IDENTITY, SECRET, TOKEN, refusal, serve, stderr, stdout, sts, with_credentials, with_input};

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
fn what_a_service_says_is_shown_in_bounds() {
    let message = format!("a&#9;\u{202e}b {TOKEN} {}", "x".repeat(500_000));
    let (url, server) = serve(vec![(403, refusal("AccessDenied", &message))]);
    let output = with_credentials(&["get-caller-identity", "--endpoint-url", &url]).output().unwrap();
    server.join().unwrap();
    let said = stderr(&output);
    assert!(said.contains("operation: a\t\\u{202e}b [redacted] xxx"), "{}", &said[..200]);
    assert!(said.ends_with("xxx…\n") && said.len() < 20_000, "{} bytes", said.len());
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
    }
    let page = stdout(&sts(&["man"]).output().unwrap());
    assert!(page.contains(".TH sts") && page.contains("get\\-caller\\-identity"), "{page}");
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
    let version = format!("sts {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(stdout(&sts(&["--version"]).output().unwrap()), version);
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
