//! Credentials: where they come from, and how they are handed on.

use std::fs;
use std::process::Command;
use std::thread;

use crate::{
    Home, IDENTITY, LATER, SECRET, granted, refusal, serve, stderr, stdout, sts, with_credentials, with_input,
};

const PROFILES: &str = "[default]\nregion = eu-west-1\n\
    [profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = base-secret\n\
    [profile deploy]\nregion = eu-central-1\nsource_profile = base\nduration_seconds = 900\n\
    role_arn = arn:aws:iam::123456789012:role/Deploy\n\
    [profile mfa]\nregion = eu-central-1\nsource_profile = base\nmfa_serial = arn:aws:iam::123456789012:mfa/alice\n\
    role_arn = arn:aws:iam::123456789012:role/Deploy\n\
    [profile half]\nregion = eu-west-1\naws_access_key_id = AKIAHALF\noutput = text\n";

#[test]
fn a_profile_is_used_as_the_aws_cli_uses_it() {
    let home = Home::new("profile", PROFILES);
    let (url, server) = serve(vec![granted("AssumeRole", LATER), (200, IDENTITY.to_owned())]);
    let arguments = ["whoami", "--profile", "deploy", "--endpoint-url", &url];
    let output = home.sts(&arguments).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    server.join().unwrap();
    let said = stdout(&output);
    for words in [
        "arn       arn:aws:iam::123456789012:user/alice\n",
        "source    assumed role, key ASIAROLE\n",
        "profile   deploy (option)\n",
        "region    eu-central-1 (`region` of [profile deploy], ",
        "expires   2096-01-02T03:04:05Z (",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert!(!said.contains('\u{1b}') && !said.contains("(ecret)"), "{said}");

    // The environment's credentials come first, unless an option chooses the profile.
    for (profile, is_option, key) in [("base", false, "AKIAIOSFODNN7EXAMPLE"), ("base", true, "AKIABASE")] {
        let option = if is_option { ["--profile", profile] } else { ["--region", "eu-west-1"] };
        let mut command = home.sts(&["explain", "--output", "json", option[0], option[1]]);
        command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", SECRET);
        command.env("AWS_REGION", "eu-west-1").env("AWS_PROFILE", profile);
        let output = command.output().unwrap();
        assert!(stdout(&output).contains(&format!("\"AccessKeyId\": \"{key}\"")), "{}", stdout(&output));
    }
}

#[test]
fn two_variables_that_name_different_profiles_are_told_of() {
    let home = Home::new("two-profiles", PROFILES);
    for (default_profile, is_told) in [("deploy", true), ("base", false)] {
        let mut command = home.sts(&["explain", "--region", "eu-west-1"]);
        let output = command.env("AWS_PROFILE", "base").env("AWS_DEFAULT_PROFILE", default_profile).output();
        let output = output.unwrap();
        assert!(stdout(&output).contains("AKIABASE"), "{}", stdout(&output));
        let warning = "sts: warning: `AWS_PROFILE` names `base` and `AWS_DEFAULT_PROFILE` `deploy`";
        assert_eq!(stderr(&output).contains(warning), is_told, "{}", stderr(&output));
    }
}

#[test]
fn what_cannot_be_used_is_told_in_the_words_of_the_aws_cli() {
    let home = Home::new("wrong", PROFILES);
    let region = ["get-caller-identity", "--region", "eu-west-1"];
    for (arguments, variable, code, said) in [
        (
            &["get-caller-identity", "--profile", "x"][..],
            ("A", "b"),
            255,
            "The config profile (x) could not be found\n",
        ),
        (&region, ("AWS_PROFILE", "x"), 255, "The config profile (x) could not be found\n"),
        (
            &region,
            ("AWS_ACCESS_KEY_ID", "AKIA"),
            255,
            "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY\n",
        ),
        (&region, ("AWS_PROFILE", "half"), 255, "missing: aws_secret_access_key\n"),
        (&region, ("A", "b"), 253, "Unable to locate credentials. You can configure"),
        (&["get-caller-identity", "--profile", "base"], ("A", "b"), 253, "You must specify a region."),
        // No terminal: no prompt.
        (&["get-caller-identity", "--profile", "mfa"], ("A", "b"), 253, "there is no terminal to ask for it"),
        (&["get-caller-identity", "--profile", "half", "--output", "x"], ("A", "b"), 252, "Invalid choice"),
    ] {
        let output = home.sts(arguments).env(variable.0, variable.1).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
    let output = home.sts(&[&region[..], &["--debug"]].concat()).output().unwrap();
    assert!(stderr(&output).contains("\ninstance metadata: skipped, it is disabled"), "{}", stderr(&output));

    // That a role is refused is the service's answer.
    let (url, server) = serve(vec![(403, refusal("AccessDenied", "no"))]);
    let arguments = ["get-caller-identity", "--profile", "deploy", "--endpoint-url", &url];
    let output = home.sts(&arguments).output().unwrap();
    assert!(server.join().unwrap().contains("DurationSeconds=900"));
    assert_eq!(output.status.code(), Some(254));
    let words = "\nAn error occurred (AccessDenied) when calling the AssumeRole operation: no\n";
    assert_eq!(stderr(&output), words);
}

#[test]
fn the_output_of_the_profile_counts() {
    let home = Home::new("output", "[default]\nregion = eu-west-1\noutput = text\n");
    let (url, server) = serve(vec![(200, IDENTITY.to_owned())]);
    let arguments = ["get-caller-identity", "--no-sign-request", "--endpoint-url", &url];
    let output = home.sts(&arguments).output().unwrap();
    server.join().unwrap();
    assert_eq!(stdout(&output), "123456789012\tarn:aws:iam::123456789012:user/alice\tAIDA\n");
}

#[test]
fn explain_works_without_credentials() {
    let home = Home::new("explain", PROFILES);
    let output = home.sts(&["explain"]).env("AWS_USE_FIPS_ENDPOINT", "true").output().unwrap();
    assert_eq!(output.status.code(), Some(253), "{}", stderr(&output));
    let said = stdout(&output);
    for words in [
        "\n  Region = eu-west-1 (`region` of [profile default], ",
        "\n  UseFips = true (variable `AWS_USE_FIPS_ENDPOINT`)\n",
        "endpoint\n  https://sts-fips.eu-west-1.amazonaws.com/\n  the host of the region with FIPS, see UseFips; signed",
        "\n  profile: skipped, `default` says nothing about credentials\n",
    ] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
#[cfg(unix)]
fn exec_takes_the_commands_place() {
    let path = std::env::var("PATH").unwrap();
    let run = |url: &str, words: &[&str]| {
        let arguments = [&["exec", "--endpoint-url", url, "--"], words].concat();
        let mut command = with_credentials(&arguments);
        command.env_remove("AWS_SESSION_TOKEN").env("AWS_PROFILE", "default").env("PATH", &path);
        command
    };
    let script = "echo $AWS_ACCESS_KEY_ID \"$AWS_SECRET_ACCESS_KEY\" $AWS_SESSION_TOKEN \
                  $AWS_CREDENTIAL_EXPIRATION $AWS_REGION ${AWS_PROFILE-none}; exit 7";
    let (url, server) = serve(vec![granted("GetSessionToken", LATER)]);
    let output = run(&url, &["sh", "-c", script]).output().unwrap();
    assert!(server.join().unwrap().contains("Action=GetSessionToken"));
    assert_eq!(stdout(&output), format!("ASIAROLE it's$(ecret) role/token+= {LATER} eu-west-1 none\n"));
    assert_eq!(output.status.code(), Some(7));

    let (url, server) = serve(vec![granted("GetSessionToken", LATER)]);
    let output = run(&url, &["sh", "-c", "kill -TERM $$"]).output().unwrap();
    server.join().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&output.status), Some(15));

    for (program, code) in [("no-such-program", 127), ("/etc/passwd", 126)] {
        let mut command = with_credentials(&["exec", "--no-session", "--", program]);
        let output = command.env("PATH", &path).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(stderr(&output).contains(&format!("sts: {program}: cannot be run: ")));
    }
    let output = with_credentials(&["exec"]).output().unwrap();
    assert_eq!(output.status.code(), Some(252));
}

#[test]
#[cfg(unix)]
fn policy_scopes_what_exec_and_export_pass_on() {
    let home = Home::new("policy", PROFILES);
    fs::write(home.0.join("policy"), "{\"Statement\":[]}").unwrap();
    let file = format!("file://{}", home.0.join("policy").display());
    let role = ["--role-arn", "arn:aws:iam::123456789012:role/Deploy"];
    let print = ["--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID"];
    // A role's credentials are scoped as they are, a user's after a session took their place.
    for (command, options, before, end) in [
        ("exec", &role[..], "AssumeRole", &print[..]),
        ("exec", &[], "GetSessionToken", &print[..]),
        ("export", &role, "AssumeRole", &["--format", "json"]),
        ("export", &[], "GetSessionToken", &["--format", "json"]),
    ] {
        let scoped = granted("GetScopedCredentials", LATER);
        let scoped = (scoped.0, scoped.1.replace("ASIAROLE", "ASIASCOPED"));
        let (url, server) = serve(vec![granted(before, LATER), scoped]);
        let given = ["--policy", &file, "--profile", "base", "--region", "eu-west-1", "--endpoint-url", &url];
        let output = home.sts(&[&[command], options, &given, end].concat()).output().unwrap();
        assert!(output.status.success(), "{command}: {}", stderr(&output));
        let body = server.join().unwrap();
        assert!(
            body.starts_with("Action=GetScopedCredentials&")
                && body.contains("Policy=%7B%22Statement%22%3A%5B%5D%7D"),
            "{command}: {body}"
        );
        assert!(stdout(&output).contains("ASIASCOPED"), "{command}: {}", stdout(&output));
    }
    // A refusal has the words of the AWS CLI, and nothing is run.
    let (url, server) =
        serve(vec![granted("AssumeRole", LATER), (400, refusal("MalformedPolicyDocument", "no"))]);
    let given =
        ["--policy", "nonsense", "--profile", "base", "--region", "eu-west-1", "--endpoint-url", &url];
    let output = home.sts(&[&["exec"], &role[..], &given, &print].concat()).output().unwrap();
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(254), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("(MalformedPolicyDocument) when calling the GetScopedCredentials operation")
    );
    assert_eq!(stdout(&output), "");
    // Nothing is sent for what cannot be right.
    for arguments in [
        &["exec", "--policy", "{}", "--no-session", "--", "true"][..],
        &["exec", "--policy", "", "--", "true"],
        &["export", "--policy", "file:///no/such/file"],
    ] {
        let output = with_credentials(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(252), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
    // Standard input is one text, and no second one that is empty.
    let twice = ["export", "--policy", "-", "--role-arn", role[1], "--external-id", "-"];
    let output = with_input(&mut with_credentials(&twice), "{}");
    assert_eq!(output.status.code(), Some(252), "{}", stderr(&output));
    assert!(stderr(&output).contains("which another option has read already"), "{}", stderr(&output));
}

#[test]
#[cfg(unix)]
fn a_shell_reads_what_export_prints() {
    let (url, server) = serve(vec![granted("AssumeRole", LATER)]);
    let role = "arn:aws:iam::123456789012:role/Deploy";
    let output = with_credentials(&["export", "--role-arn", role, "--endpoint-url", &url]).output().unwrap();
    server.join().unwrap();
    let script = format!(
        "{}\nprintf '%s|' \"$AWS_ACCESS_KEY_ID\" \"$AWS_SECRET_ACCESS_KEY\" \"$AWS_SESSION_TOKEN\"; env | grep -c ^AWS_",
        stdout(&output)
    );
    let read =
        Command::new("sh").args(["-c", &script]).env_clear().env("PATH", "/usr/bin:/bin").output().unwrap();
    assert_eq!(stdout(&read), "ASIAROLE|it's$(ecret)|role/token+=|5\n");

    for (format, beginning) in [
        ("fish", "set -gx AWS_ACCESS_KEY_ID "),
        ("powershell", "$Env:AWS_ACCESS_KEY_ID=\""),
        ("cmd", "set AWS_ACCESS_KEY_ID="),
        ("dotenv", "AWS_ACCESS_KEY_ID="),
        ("json", "{\"AWS_ACCESS_KEY_ID\": "),
    ] {
        let output = with_credentials(&["export", "--format", format]).output().unwrap();
        assert!(stdout(&output).starts_with(beginning), "{}", stdout(&output));
    }
}

#[test]
fn a_role_is_kept_in_the_cache_of_the_aws_cli_only_when_asked() {
    let home = Home::new("cache", PROFILES);
    let run = |url: &str, cache: &[&str]| {
        let arguments =
            [&["credential-process", "--profile", "deploy", "--endpoint-url", url], cache].concat();
        let output = home.sts(&arguments).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let cache = home.0.join(".aws/cli/cache");
    let (url, server) = serve(vec![granted("AssumeRole", LATER)]);
    let printed = run(&url, &[]);
    server.join().unwrap();
    assert!(printed.starts_with("{\"Version\": 1, \"AccessKeyId\": \"ASIAROLE\""), "{printed}");
    assert!(!cache.exists());

    // Several at once: each of them prints the same, and one file is left, which is whole.
    let (url, server) = serve(vec![granted("AssumeRole", LATER); 4]);
    thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| run(&url, &["--cache"]))).collect();
        runs.into_iter().for_each(|run| assert_eq!(run.join().unwrap(), printed));
        // Those that found the file made no call.
        while !server.is_finished() {
            let _ = std::net::TcpStream::connect(url.trim_start_matches("http://"))
                .and_then(|mut stream| std::io::Write::write_all(&mut stream, b"POST / HTTP/1.1\r\n\r\n"));
        }
    });
    let files: Vec<_> = fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&files[0]).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Nobody answers there: what is printed was kept.
    assert_eq!(run("http://127.0.0.1:1", &["--cache"]), printed);

    // What ends soon is fetched again, and a damaged file is no obstacle.
    let kept = fs::read_to_string(&files[0]).unwrap();
    for contents in [kept.replace("2096", "2006"), kept[..40].to_owned()] {
        fs::write(&files[0], contents).unwrap();
        let (url, server) = serve(vec![granted("AssumeRole", LATER)]);
        assert_eq!(run(&url, &["--cache"]), printed);
        server.join().unwrap();
        assert_eq!(fs::read_to_string(&files[0]).unwrap(), kept);
    }
}

/// The library's checks hold for the program's cache: nothing of a planted file is printed, and it is written anew.
#[test]
fn planted_file_in_the_cache_is_not_printed() {
    let home = Home::new("cache-planted", PROFILES);
    let role = "arn:aws:iam::123456789012:role/Deploy";
    // By a profile, and by options, whose base is not needed while the file is good.
    for choice in
        [&["--profile", "deploy"][..], &["--profile", "base", "--region", "eu-west-1", "--role-arn", role]]
    {
        let run = |url: &str| {
            let arguments = [&["credential-process", "--cache", "--endpoint-url", url][..], choice].concat();
            let output = home.sts(&arguments).output().unwrap();
            assert!(output.status.success(), "{}", stderr(&output));
            stdout(&output)
        };
        let (url, server) = serve(vec![granted("AssumeRole", LATER)]);
        let printed = run(&url);
        server.join().unwrap();
        assert_eq!(run("http://127.0.0.1:1"), printed);
        let cache = home.0.join(".aws/cli/cache");
        let file = fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
        let good = fs::read_to_string(&file).unwrap();
        let planted = good.replace("ASIAROLE", "ASIAPLANTED");
        let without_account = planted.replace(", \"AccountId\": \"123456789012\"", "");
        assert_ne!(planted, without_account, "{planted}");
        for contents in [
            planted.replace("123456789012", "210987654321"),
            planted.replace("\"AccountId\": \"123456789012\"", "\"AccountId\": \"210987654321\""),
            without_account.replace("123456789012", "210987654321"),
            planted.replace("assumed-role/Deploy/", "assumed-role/Admin/"),
            planted.replace("2096", "2006"),
            planted[..planted.len() - 1].to_owned(),
            format!("{planted}{}", " ".repeat(64 << 10)),
        ] {
            for is_link in [false, cfg!(unix)] {
                fs::remove_file(&file).unwrap();
                let target = if is_link { home.0.join("elsewhere") } else { file.clone() };
                fs::write(&target, &contents).unwrap();
                #[cfg(unix)]
                if is_link {
                    std::os::unix::fs::symlink(&target, &file).unwrap();
                }
                let (url, server) = serve(vec![granted("AssumeRole", LATER)]);
                assert_eq!(run(&url), printed, "{contents}");
                server.join().unwrap();
                assert_eq!(fs::read_to_string(&file).unwrap(), good);
                assert!(!fs::symlink_metadata(&file).unwrap().is_symlink());
            }
        }
        fs::remove_dir_all(&cache).unwrap();
    }
}

#[test]
fn cache_that_cannot_be_written_is_told() {
    let home = Home::new("cache-unwritten", PROFILES);
    fs::write(home.0.join(".aws/cli"), "not a directory").unwrap();
    let (url, server) = serve(vec![granted("AssumeRole", LATER)]);
    let arguments = ["credential-process", "--cache", "--profile", "deploy", "--endpoint-url", &url];
    let output = home.sts(&arguments).output().unwrap();
    server.join().unwrap();
    assert!(output.status.success() && stdout(&output).contains("ASIAROLE"), "{}", stderr(&output));
    assert!(stderr(&output).contains(".json cannot be written: "), "{}", stderr(&output));
}

#[test]
fn a_web_identity_is_kept_in_the_cache_too() {
    let home = Home::new("cache-web", "[default]\nregion = eu-west-1\n");
    let token = home.0.join("token");
    fs::write(&token, "header.claims.signature").unwrap();
    let arn = "arn:aws:iam::123456789012:role/Deploy";
    let profile = format!(
        "[profile web]\nregion = eu-west-1\nrole_arn = {arn}\nduration_seconds = 900\nweb_identity_token_file = {}\n",
        token.display()
    );
    fs::write(home.0.join("config"), profile).unwrap();
    for (variables, arguments) in [
        (vec![("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()), ("AWS_ROLE_ARN", arn)], vec![]),
        (vec![], vec!["--profile", "web"]),
    ] {
        let run = |url: &str| {
            let arguments =
                [&["credential-process", "--cache", "--endpoint-url", url][..], &arguments].concat();
            let mut command = home.sts(&arguments);
            command.env("AWS_CONFIG_FILE", home.0.join("config")).env("AWS_REGION", "eu-west-1");
            let output = command.envs(variables.iter().copied()).output().unwrap();
            assert!(output.status.success(), "{}", stderr(&output));
            stdout(&output)
        };
        let (url, server) = serve(vec![granted("AssumeRoleWithWebIdentity", LATER)]);
        let printed = run(&url);
        server.join().unwrap();
        // Nobody answers there, and the token is not needed: what is printed was kept.
        assert_eq!(run("http://127.0.0.1:1"), printed);
    }
    assert_eq!(fs::read_dir(home.0.join(".aws/cli/cache")).unwrap().count(), 2);
}

#[test]
fn colours_are_for_those_who_want_them() {
    for (color, is_coloured) in [("on", true), ("off", false), ("auto", false)] {
        let (url, server) = serve(vec![(200, IDENTITY.to_owned())]);
        let output =
            with_credentials(&["whoami", "--color", color, "--endpoint-url", &url]).output().unwrap();
        server.join().unwrap();
        assert_eq!(stdout(&output).contains("\u{1b}[1m"), is_coloured, "{color}");
    }
}

#[test]
fn secrets_need_not_stand_on_the_command_line() {
    let home = Home::new("secret", PROFILES);
    fs::write(home.0.join("id"), "eXtErNaL").unwrap();
    let (url, server) = serve(vec![granted("AssumeRole", LATER)]);
    let file = format!("file://{}", home.0.join("id").display());
    let role = "arn:aws:iam::123456789012:role/Deploy";
    let arguments =
        ["export", "--role-arn", role, "--external-id", &file, "--profile", "base", "--region", "eu-west-1"];
    let output = home.sts(&[&arguments[..], &["--endpoint-url", &url]].concat()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(server.join().unwrap().contains("ExternalId=eXtErNaL"));
    let output = sts(&["account-id", "ASIAY34FZKBOKMUTVV7A"]).output().unwrap();
    assert_eq!(stdout(&output), "609629065308\n");
}

#[test]
fn an_expiry_that_utc_does_not_have_is_an_error() {
    let home = Home::new("expiry", PROFILES);
    let mut command = home.sts(&["explain", "--region", "eu-west-1"]);
    command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", SECRET);
    let output = command.env("AWS_CREDENTIAL_EXPIRATION", "9999-12-31T23:59:59-00:01").output().unwrap();
    assert!(output.status.code().is_some_and(|code| code != 0), "{output:?}");
    assert!(stderr(&output).contains("AWS_CREDENTIAL_EXPIRATION"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
}
