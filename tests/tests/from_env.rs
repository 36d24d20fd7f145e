//! A client as the machine has it, in a process of its own with an environment of its own.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::{env, fs};

use futures_lite::future::block_on;
use sts_blocking::Reply;
use sts_blocking::endpoint::Endpoint;
use sts_blocking::operation::{GetCallerIdentity, GetCallerIdentityOutput};
use sts_tests::server::Server;

use scripted::Scripted;

#[path = "support/scripted.rs"]
mod scripted;

/// What the test that runs in the other process is told by.
const CHILD: &str = "STS_TESTS_FROM_ENV";

/// Whether the endpoint is all that is wanted.
const ENDPOINT: &str = "STS_TESTS_FROM_ENV_ENDPOINT";

/// What both drivers say of who they are, or why they cannot, in the process that this is.
#[test]
fn child() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let (blocking, smol) = (sts_blocking::Client::from_env(), block_on(sts_async::smol::Client::from_env()));
    let (blocking, smol) = if env::var_os(ENDPOINT).is_some() {
        let url = |endpoint: &Endpoint| endpoint.url().to_string();
        (blocking.map(|client| url(client.endpoint())), smol.map(|client| url(client.endpoint())))
    } else {
        let arn = |identity: Reply<GetCallerIdentityOutput>| identity.into_output().arn;
        let blocking = blocking.and_then(|client| client.send(GetCallerIdentity::new()));
        let smol = smol.and_then(|client| block_on(client.send(GetCallerIdentity::new())));
        (blocking.map(arn), smol.map(arn))
    };
    let said = |outcome: Result<String, sts_blocking::Error>| {
        let words = outcome.unwrap_or_else(|error| match error.report() {
            Some(report) => format!("{error}\n{report}"),
            None => error.to_string(),
        });
        // Each session has a random name.
        match words.split_once("/sts-") {
            Some((role, _)) if role.contains(":assumed-role/") => role.to_owned(),
            _ => words,
        }
    };
    let (blocking, smol) = (said(blocking), said(smol));
    assert_eq!(blocking, smol);
    fs::write(env::var_os(CHILD).unwrap(), blocking).unwrap();
}

/// What it says with those variables and files in the home.
fn says(name: &str, server: &Server, variables: &[(&str, &str)], files: &[(&str, &str)]) -> String {
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, OsStr::new(value))).collect();
    says_with(name, server, &variables, files)
}

fn says_with(name: &str, server: &Server, variables: &[(&str, &OsStr)], files: &[(&str, &str)]) -> String {
    let home = env::temp_dir().join(format!("sts-from-env-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&home);
    fs::create_dir_all(home.join(".aws")).unwrap();
    for (path, text) in files {
        fs::write(home.join(path), text.replace("URL", server.url())).unwrap();
    }
    let said = home.join("said");
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "child"])
        .env_clear()
        .envs(env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", &home)
        .env(CHILD, &said)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let said = read(&said);
    fs::remove_dir_all(home).unwrap();
    said
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn an_environment_is_enough() {
    let server = Server::start().unwrap();
    let user = server.user();
    let variables = [
        ("AWS_ACCESS_KEY_ID", user.access_key_id()),
        ("AWS_SECRET_ACCESS_KEY", user.secret_access_key()),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL_STS", server.url()),
    ];
    assert!(says("environment", &server, &variables, &[]).contains(":user/"));
}

#[test]
fn a_profile_assumes_a_role_with_the_keys_of_another_file() {
    let server = Server::start().unwrap();
    let user = server.user();
    let config = "[default]\nregion = eu-west-1\n[profile deploy]\nregion = eu-west-1\nservices = local\n\
        role_arn = arn:aws:iam::123456789012:role/Deploy\nsource_profile = base\n\
        [services local]\nsts =\n  endpoint_url = URL\n";
    let keys = format!(
        "[base]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        user.access_key_id(),
        user.secret_access_key()
    );
    let files = [(".aws/config", config), (".aws/credentials", keys.as_str())];
    let said = says("profile", &server, &[("AWS_PROFILE", "deploy")], &files);
    assert_eq!(said, "arn:aws:sts::123456789012:assumed-role/Deploy");
}

#[test]
fn the_region_is_the_instances_where_nothing_names_one() {
    let server = Server::start().unwrap();
    let metadata = Scripted::start();
    let url = metadata.url();
    let variables = [
        (ENDPOINT, "1"),
        ("AWS_EC2_METADATA_DISABLED", "false"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", url.as_str()),
    ];
    // To whatever it is asked, for a token as well.
    let answer = |text: &str| {
        let head = "HTTP/1.1 200 OK\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\ncontent-length:";
        metadata.usually(Arc::new(format!("{head} {}\r\n\r\n{text}", text.len()).into_bytes()));
    };
    answer("eu-west-3");
    let said = says("instance", &server, &variables, &[]);
    assert_eq!(said, "https://sts.eu-west-3.amazonaws.com/");
    // It is asked only then.
    answer("no region");
    let files = [(".aws/config", "[default]\nregion = eu-west-1\n")];
    let said = says("instance-profile", &server, &variables, &files);
    assert_eq!(said, "https://sts.eu-west-1.amazonaws.com/");
    let said = says("instance-url", &server, &[&variables[..], &[("AWS_ENDPOINT_URL", &url)]].concat(), &[]);
    assert!(said.starts_with(&url), "{said}");
    let said = says("instance-none", &server, &variables, &[]);
    assert!(said.contains("`AWS_DEFAULT_REGION`") && said.contains("instance metadata"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_file_whose_name_is_not_utf8_is_not_taken_for_none() {
    use std::os::unix::ffi::OsStrExt;

    let server = Server::start().unwrap();
    let odd = OsStr::from_bytes(b"/tmp/\xff/config");
    let region = ("AWS_REGION", OsStr::new("eu-west-1"));
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        let said = says_with("odd", &server, &[region, (name, odd)], &[]);
        assert!(said.contains(&format!("`{name}` must be UTF-8, and is 13 bytes")), "{said}");
    }
}

#[test]
fn what_is_missing_is_told() {
    let server = Server::start().unwrap();
    let said = says("region", &server, &[], &[]);
    for words in ["`Region` is required", "`AWS_REGION`", "`AWS_EC2_METADATA_DISABLED`"] {
        assert!(said.contains(words), "{said}");
    }
    let said = says("credentials", &server, &[("AWS_REGION", "eu-west-1")], &[]);
    for words in ["none of the 5 sources", "profile: skipped", "instance metadata: skipped"] {
        assert!(said.contains(words), "{said}");
    }
    let broken = [(".aws/config", "[default]\nregion = eu-west-1\nnonsense\n")];
    let said = says("broken", &server, &[], &broken);
    assert!(said.contains(".aws/config") && said.contains("line 3"), "{said}");
    // A directory where a file should be: that is no absence.
    let place: PathBuf = env::temp_dir();
    let said = says("unreadable", &server, &[("AWS_CONFIG_FILE", place.to_str().unwrap())], &[]);
    assert!(said.contains("`AWS_CONFIG_FILE` is") && said.contains("cannot be read"), "{said}");
}

/// The command hears which profiles led to it, and one that leads to itself is not started.
#[cfg(unix)]
#[test]
fn credential_process_that_leads_to_its_own_profile_is_refused() {
    let server = Server::start().unwrap();
    let config = "[profile a]\ncredential_process = sh -c 'echo \"$_AWS_CLI_PROFILE_CHAIN\" >&2; exit 3'\n";
    let says = |name: &str, chain: &str| {
        let variables =
            [("AWS_PROFILE", "a"), ("AWS_REGION", "eu-west-1"), ("_AWS_CLI_PROFILE_CHAIN", chain)];
        says(name, &server, &variables, &[(".aws/config", config)])
    };
    assert!(says("first", "").contains("ended with the code 3: a"));
    let said = says("second", "b");
    assert!(said.contains("ended with the code 3: b,a"), "{said}");
    let said = says("itself", "a,b");
    assert!(
        said.contains("profile `a`: its `credential_process` leads in a circle: `a` -> `b` -> `a`"),
        "{said}"
    );
    let said = says("fifth", "b,c,d,e");
    assert!(
        said.contains("`b` -> `c` -> `d` -> `e` -> `a`") && said.contains("4 commands can run"),
        "{said}"
    );
}

/// Both drivers say the same of it: what is wrong, and where.
#[cfg(unix)]
#[test]
fn what_is_broken_is_told_by_its_name_and_place() {
    let server = Server::start().unwrap();
    let says = |name: &str, variables: &[(&str, &str)], files: &[(&str, &str)]| {
        says(name, &server, &[&[("AWS_REGION", "eu-west-1")], variables].concat(), files)
    };
    let round = "[profile a]\nrole_arn = arn:aws:iam::123456789012:role/A\nsource_profile = b\n\
        [profile b]\nrole_arn = arn:aws:iam::123456789012:role/B\nsource_profile = a\n";
    let said = says("circle", &[("AWS_PROFILE", "a")], &[(".aws/config", round)]);
    for words in ["its `source_profile` leads in a circle: `a` -> `b` -> `a`", ".aws/config line 6"] {
        assert!(said.contains(words), "{said}");
    }
    let said = says("no-profile", &[("AWS_PROFILE", "missing")], &[(".aws/config", round)]);
    assert!(said.contains("`AWS_PROFILE`") && said.contains("`missing`"), "{said}");
    let unknown = "[profile a]\nrole_arn = arn:aws:iam::123456789012:role/A\nsource_profile = missing\n";
    let said = says("no-source", &[("AWS_PROFILE", "a")], &[(".aws/config", unknown)]);
    assert!(
        said.contains("its `source_profile` names `missing`") && said.contains(".aws/config line 3"),
        "{said}"
    );

    for (name, script, words) in [
        ("garbage", "echo x0123456789", "is not JSON at line 1"),
        ("code", "echo oops >&2; exit 3", "ended with the code 3: oops"),
        ("silence", "true", "printed nothing"),
    ] {
        let config = format!("[default]\ncredential_process = sh -c '{script}'\n");
        let said = says(name, &[], &[(".aws/config", &config)]);
        assert!(said.contains(words) && !said.contains("012345"), "{said}");
    }

    // Read again, and then told.
    let half = env::temp_dir().join(format!("sts-from-env-token-{}", std::process::id()));
    let web = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", half.to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/Deploy"),
        ("AWS_ENDPOINT_URL_STS", server.url()),
    ];
    fs::write(&half, "").unwrap();
    let said = says("half", &web, &[]);
    assert!(said.contains(half.to_str().unwrap()) && said.contains("is empty"), "{said}");
    fs::remove_file(&half).unwrap();
    let said = says("no-token", &web, &[]);
    assert!(said.contains(half.to_str().unwrap()) && said.contains("No such file"), "{said}");
    assert!(server.requests().is_empty());

    let said = says("outside", &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://203.0.113.9/x")], &[]);
    assert!(said.contains("`AWS_CONTAINER_CREDENTIALS_FULL_URI` must be a URL with `https`, or"), "{said}");

    let metadata = Scripted::start();
    let url = metadata.url();
    let text = r#"{"Code": "AssumeRoleUnauthorizedAccess", "Message": "it cannot assume the role"}"#;
    let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len());
    metadata.usually(Arc::new(reply.into_bytes()));
    let said = says("inside-200", &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)], &[]);
    for words in ["container: failed", "AssumeRoleUnauthorizedAccess", "it cannot assume the role"] {
        assert!(said.contains(words), "{said}");
    }
    // Asked for by name: elsewhere silence means that this is no instance.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = [
        ("AWS_EC2_METADATA_DISABLED", "false"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*format!("http://{closed}")),
    ];
    let said = says("no-instance", &nobody, &[]);
    assert!(said.contains("instance metadata: failed") && said.contains("out of reach"), "{said}");
}
