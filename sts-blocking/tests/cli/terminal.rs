//! What a terminal and a pipe get of texts that would steer a terminal.

use std::process::Command;

use crate::{IDENTITY, serve, stderr, stdout, with_credentials};

/// CSI of C1, a mark of direction, a carriage return.
const STEERING: [char; 3] = ['\u{9b}', '\u{202e}', '\r'];

/// The name of the user in the reply, and as XML has it.
const NAME: &str = "al\u{9b}ice\u{202e}\r.";
const XML_NAME: &str = "al&#x9b;ice&#x202e;&#xd;.";

/// The same command with a terminal as its standard output, by the program `script` of util-linux.
#[cfg(target_os = "linux")]
fn in_terminal(command: &Command) -> Command {
    let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap().replace('\'', r"'\''"));
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words.map(quoted).collect::<Vec<_>>().join(" ");
    let mut script = Command::new("/usr/bin/script");
    script.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    script.env("SHELL", "/bin/sh").stdin(std::process::Stdio::null());
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    script
}

fn commands(url: &str) -> Vec<(Command, &'static str)> {
    let command = |arguments: &[&str]| {
        let mut command = with_credentials(arguments);
        command.args(["--endpoint-url", url]);
        command
    };
    let mut all: Vec<_> = ["json", "text", "table", "yaml", "yaml-stream"]
        .into_iter()
        .map(|format| (command(&["get-caller-identity", "--output", format]), format))
        .collect();
    all.push((command(&["whoami", "--color", "on"]), "whoami"));
    all
}

#[test]
#[cfg(target_os = "linux")]
fn output_to_a_terminal_does_not_steer_it() {
    let reply = IDENTITY.replace("alice", XML_NAME);
    let (url, server) = serve(vec![(200, reply); commands("").len()]);
    for (command, format) in commands(&url) {
        let output = in_terminal(&command).output().unwrap();
        assert!(output.status.success(), "{format}: {} {}", stdout(&output), stderr(&output));
        // The terminal itself writes a carriage return before each line feed.
        let shown = stdout(&output).replace("\r\n", "\n");
        assert!(!shown.contains(STEERING), "{format}: {shown:?}");
        let expected = match format {
            "json" => r"al\u009bice\u202e\r.",
            // The typed reply has a line feed in place of the carriage return.
            "whoami" => r"al\u{9b}ice\u{202e}",
            _ => r"al\u{9b}ice\u{202e}\r.",
        };
        // YAML's double quotes double the backslash.
        let shown = if format.starts_with("yaml") { shown.replace(r"\\", r"\") } else { shown };
        assert!(shown.contains(expected), "{format}: {shown:?}");
    }
    server.join().unwrap();
}

#[test]
fn output_to_a_pipe_is_as_it_is() {
    let reply = IDENTITY.replace("alice", XML_NAME);
    let (url, server) = serve(vec![(200, reply); commands("").len()]);
    for (mut command, format) in commands(&url) {
        let output = command.output().unwrap();
        let shown = stdout(&output);
        let expected = match format {
            "json" => NAME.replace('\r', "\\r"),
            // As PyYAML writes what it takes for special.
            "yaml" | "yaml-stream" => r"al\x9Bice".to_owned(),
            // For people, wherever it goes.
            "whoami" => r"al\u{9b}ice\u{202e}".to_owned(),
            _ => NAME.to_owned(),
        };
        assert!(shown.contains(&expected), "{format}: {shown:?}");
    }
    server.join().unwrap();
}

#[test]
fn complaints_do_not_steer_a_terminal() {
    for arguments in [
        &["get-caller-identity", "--x\u{9b}31m"][..],
        &["get-caller-identity", "--query", "a[\u{202e}"],
        &["get-caller-identity", "--endpoint-url", "a\u{1b}[2J"],
        &["get-caller-identity", "--cli-read-timeout", "\r1\u{9b}"],
        &["get-caller-identity", "--profile", "\u{202e}"],
        &["whoami", "--role-arn", "x", "--duration-seconds", "\u{1b}c"],
        &["serve", "--port", "\u{9b}"],
        &["\u{1b}c"],
    ] {
        let output = with_credentials(arguments).output().unwrap();
        let said = stderr(&output);
        assert!(!output.status.success());
        assert!(!said.contains(|c: char| STEERING.contains(&c) || c == '\u{1b}'), "{said:?}");
    }
}
