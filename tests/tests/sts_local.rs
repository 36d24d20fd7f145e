//! The program `sts-local`, from outside.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
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
[oidc_provider.identity_context]
subject = "email"
transaction = ["team"]
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

/// The reply to an unsigned POST, with its head.
fn post(url: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").expect("no TLS")).expect("a server");
    let head = format!("POST {path} HTTP/1.1\r\nHost: sts.test\r\nConnection: close\r\n");
    let form = format!("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}", body.len());
    stream.write_all(format!("{head}{form}\r\n\r\n{body}").as_bytes()).expect("a request");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    reply
}

/// A form of `AssumeRoleWithWebIdentity`.
fn web_identity(session: &str, token: &str) -> String {
    let role = "arn:aws:iam::123456789012:role/Web";
    format!(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={role}&RoleSessionName={session}\
         &WebIdentityToken={token}"
    )
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
fn identity_context_of_the_configuration_is_in_the_reply() {
    let config = File::new("sts-local-context.toml", CONFIG);
    let running = Running::start(&["--config", &config.0.display().to_string()]);
    let url = &running.environment["AWS_ENDPOINT_URL_STS"];
    let order = r#"{"claims": {"email": "me@example.com", "team": "blue"}}"#;
    let reply = post(url, "/_control/token", order);
    let (_, token) = reply.split_once(r#"{"token":""#).expect("a token");
    let token = token.trim_end_matches("\"}");
    let reply = post(url, "/", &web_identity("session", token));
    assert!(reply.contains("<Subject>me@example.com</Subject>"), "{reply}");
    assert!(reply.contains("<key>team</key>"), "{reply}");
}

#[test]
fn accept_beyond_model_accepts_a_long_session_name() {
    let name = "n".repeat(65);
    let form = web_identity(&name, "e30.eyJzdWIiOiJzIiwiaXNzIjoiaSJ9.e30");
    let reply = |arguments: &[&str]| {
        let running = Running::start(arguments);
        post(&running.environment["AWS_ENDPOINT_URL_STS"], "/", &form)
    };
    let refused = reply(&[]);
    assert!(refused.contains("400") && refused.contains("<Code>ValidationError</Code>"), "{refused}");
    let accepted = reply(&["--accept-beyond-model"]);
    assert!(accepted.contains(&format!("assumed-role/Web/{name}</Arn>")), "{accepted}");
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
