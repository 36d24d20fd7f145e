//! The program `sts-local`, from outside.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use sts_blocking::operation::{AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity};
use sts_blocking::{Client, Credentials, ErrorCode, RetryPolicy};

const CONFIG: &str = r#"
[[user]]
name = "bob"
access_key_id = "AKIABOBBOBBOBBOBBOBB"
secret_access_key = "bobs-secret"

[[role]]
name = "Partner"
[role.trust_policy.Statement]
Effect = "Allow"
Principal.AWS = "123456789012"
Action = "sts:AssumeRole"
Condition.StringEquals."sts:ExternalId" = "handshake"

[[role]]
name = "Web"
trust_policy = '''{"Statement": {"Effect": "Allow", "Principal": {"Federated": "*"},
    "Action": "sts:AssumeRoleWithWebIdentity"}}'''

[[oidc_provider]]
issuer = "self"
audiences = ["sts.amazonaws.com"]
"#;

/// A file that is gone after the test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, text).expect("a file");
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The program, ended with the test.
struct Running {
    child: Child,
    environment: HashMap<String, String>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sts-local"));
        let mut child = command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let mut environment = HashMap::new();
        for line in lines {
            let Some((name, value)) = line.strip_prefix("export ").and_then(|line| line.split_once('='))
            else {
                continue;
            };
            environment.insert(name.to_owned(), value.to_owned());
            // The last one that every start prints.
            if name == "AWS_DEFAULT_REGION" {
                break;
            }
        }
        Self { child, environment }
    }

    fn client(&self) -> Client {
        let value = |name: &str| self.environment[name].as_str();
        let credentials = Credentials::new(value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY"));
        let builder =
            Client::builder().region(value("AWS_REGION")).endpoint_url(value("AWS_ENDPOINT_URL_STS"));
        builder
            .credentials(credentials.expect("well-formed credentials"))
            // What is refused once is to be seen.
            .retry(RetryPolicy::never())
            .build()
            .expect("complete settings")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn serves_what_its_configuration_declares() {
    let config = File::new("sts-local.toml", CONFIG);
    let path = config.0.display().to_string();
    let mut running = Running::start(&["--config", &path, "--log", "--fault", "throttle"]);
    let client = running.client();
    let throttled = client.send(GetCallerIdentity::new()).unwrap_err();
    assert_eq!(throttled.code(), Some(&ErrorCode::Throttling), "{throttled}");
    let identity = client.send(GetCallerIdentity::new()).unwrap();
    assert_eq!(identity.arn, "arn:aws:iam::123456789012:user/bob");

    let partner = AssumeRole::new("arn:aws:iam::123456789012:role/Partner", "session");
    let refused = client.send(partner.clone()).unwrap_err();
    assert_eq!(refused.code(), Some(&ErrorCode::AccessDenied), "{refused}");
    assert!(
        refused.to_string().contains("is not authorized to perform: sts:AssumeRole on resource"),
        "{refused}"
    );
    client.send(partner.external_id("handshake")).unwrap();

    let forged = "e30.eyJzdWIiOiJzIiwiaXNzIjoiaSJ9.e30";
    let web = AssumeRoleWithWebIdentity::new("arn:aws:iam::123456789012:role/Web", "session", forged);
    assert_eq!(client.send(web).unwrap_err().code(), Some(&ErrorCode::InvalidIdentityToken));

    running.child.kill().unwrap();
    let mut log = String::new();
    running.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines[0], "#1 POST fault throttle", "{log}");
    assert_eq!(lines[1], "#1 POST GetCallerIdentity 200", "{log}");
    assert_eq!(lines.len(), 5, "{log}");
}

#[test]
fn says_what_is_wrong_and_ends() {
    let config = File::new("sts-local-bad.toml", "[[role]]\nname = \"r\"\nmax_session = 1\n");
    let path = config.0.display().to_string();
    let run = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_sts-local")).args(arguments).output().expect("the program");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    };
    let (code, text) = run(&["--config", &path]);
    assert_eq!(code, Some(1));
    assert!(text.starts_with(&format!("sts-local: {path}:3: role.max_session: unknown key")), "{text}");
    let (code, text) = run(&["--fault", "nonsense"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("\"nonsense\" is no fault") && text.contains("usage: sts-local"), "{text}");
    let running = Running::start(&[]);
    let port = running.environment["AWS_ENDPOINT_URL_STS"].rsplit(':').next().unwrap().to_owned();
    let (code, text) = run(&["--port", &port]);
    assert_eq!(code, Some(1), "{text}");
}
