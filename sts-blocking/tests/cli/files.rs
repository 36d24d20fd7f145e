//! Files that the user names: pipes are read, and pipes that never end are errors.

#![cfg(unix)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{stderr, stdout, with_credentials, with_input};

/// How long the program waits for a pipe.
const TIME: Duration = Duration::from_secs(10);

#[test]
fn parameter_that_is_a_pipe_is_read() {
    let arguments = [
        "assume-role",
        "--role-arn=arn:aws:iam::123456789012:role/Deploy",
        "--role-session-name=file:///dev/stdin",
        "--dry-run",
    ];
    let output = with_input(&mut with_credentials(&arguments), "from-a-pipe");
    assert!(stdout(&output).contains("RoleSessionName=from-a-pipe"), "{}", stderr(&output));
}

#[test]
fn files_that_are_silent_pipes_are_errors_in_time() {
    let pipe = std::env::temp_dir().join(format!("sts-cli-pipe-{}", std::process::id()));
    let _ = std::fs::remove_file(&pipe);
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let path = pipe.to_str().unwrap();
    let start = Instant::now();
    let parameter = format!("--policy=file://{path}");
    let role = ["--role-arn=arn:aws:iam::123456789012:role/Deploy", "--role-session-name=s"];
    let mut configured = with_credentials(&["get-caller-identity"]);
    configured.env("AWS_CONFIG_FILE", path);
    let commands = [
        with_credentials(&["assume-role", role[0], role[1], &parameter]),
        with_credentials(&["get-caller-identity", "--ca-bundle", path]),
        configured,
    ];
    let children: Vec<_> = commands
        .into_iter()
        .map(|mut command| command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
        .collect();
    for mut child in children {
        while child.try_wait().unwrap().is_none() {
            if start.elapsed() > TIME * 10 {
                child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let output = child.wait_with_output().unwrap();
        let said = stderr(&output);
        assert!(said.contains(path) && said.contains("not written and closed within 10 s"), "{said}");
        assert!(matches!(output.status.code(), Some(252 | 253)), "{:?}: {said}", output.status);
    }
    std::fs::remove_file(pipe).unwrap();
}
