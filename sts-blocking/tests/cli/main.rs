//! The program `sts` as others start it: exit codes, streams, secrets, previews.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

mod asking;
mod circles;
mod credentials;
#[cfg(unix)]
mod environment;
mod escapes;
mod files;
mod operations;
mod places;
mod serve;
mod terminal;
mod tokens;
mod urls;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "tOkEnOfThEsEsSiOn";
const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult>\
    <Arn>arn:aws:iam::123456789012:user/alice</Arn><UserId>AIDA</UserId><Account>123456789012</Account>\
    </GetCallerIdentityResult></GetCallerIdentityResponse>";

/// The program, with nothing of this machine's environment.
fn sts(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sts"));
    command.env_clear().env("AWS_EC2_METADATA_DISABLED", "true").stdin(Stdio::null()).args(arguments);
    command
}

fn with_credentials(arguments: &[&str]) -> Command {
    let mut command = sts(arguments);
    command
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_SESSION_TOKEN", TOKEN)
        .env("AWS_REGION", "eu-west-1");
    command
}

/// Runs the command with that text on its standard input.
fn with_input(command: &mut Command, text: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// How long a server waits for a request that is expected, and for its bytes.
const SERVER_LIMIT: Duration = Duration::from_secs(60);

/// Answers one request after the other, and tells the last body. The thread panics if a request does not come.
fn serve(replies: Vec<(u16, String)>) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let mut last = String::new();
        for (status, body) in replies {
            let mut stream = accept(&listener, SERVER_LIMIT).expect("a request");
            last = read_request(&mut stream);
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
        last
    });
    (url, server)
}

/// The next connection, unless none comes in time.
fn accept(listener: &TcpListener, limit: Duration) -> Option<TcpStream> {
    let end = Instant::now() + limit;
    listener.set_nonblocking(true).unwrap();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).unwrap();
                stream.set_read_timeout(Some(limit)).unwrap();
                return Some(stream);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(2)),
            Err(error) => panic!("{error}"),
        }
        if Instant::now() > end {
            return None;
        }
    }
}

#[test]
fn server_without_a_request_ends_with_its_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(accept(&listener, Duration::from_millis(50)).is_none());
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let n = stream.read(&mut buffer).unwrap();
        assert_ne!(n, 0, "the request ends in the middle");
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
            if body.len() >= length.parse().unwrap() {
                return body.to_owned();
            }
        }
    }
}

fn refusal(code: &str, message: &str) -> String {
    format!("<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>")
}

/// A reply to AssumeRole, GetSessionToken or GetScopedCredentials.
fn granted(action: &str, expiration: &str) -> (u16, String) {
    let user = "<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/Deploy/s</Arn>\
                <AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser>";
    let scoped = "<SessionInfo><Arn>arn:aws:sts::123456789012:assumed-role/Deploy/s</Arn>\
                  <ScopedSessionId>AROA:s</ScopedSessionId></SessionInfo>";
    let user = match action {
        "GetScopedCredentials" => scoped,
        _ if action.starts_with("AssumeRole") => user,
        _ => "",
    };
    let body = format!(
        "<{action}Response><{action}Result><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>\
         <SecretAccessKey>it's$(ecret)</SecretAccessKey><SessionToken>role/token+=</SessionToken>\
         <Expiration>{expiration}</Expiration></Credentials>{user}</{action}Result></{action}Response>"
    );
    (200, body)
}

/// A moment that is far enough.
const LATER: &str = "2096-01-02T03:04:05Z";

/// A home of its own, which is removed in the end.
struct Home(std::path::PathBuf);

impl Home {
    fn new(name: &str, config: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sts-cli-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join(".aws")).unwrap();
        std::fs::write(path.join(".aws/config"), config).unwrap();
        Self(path)
    }

    fn sts(&self, arguments: &[&str]) -> Command {
        let mut command = sts(arguments);
        command.env("HOME", &self.0).env("PATH", std::env::var_os("PATH").unwrap());
        command
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
