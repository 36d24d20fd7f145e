//! A `credential_process` that asks its user on the terminal.

#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use crate::{Home, stdout, with_input};

#[test]
fn credential_process_can_ask_on_the_terminal() {
    // Makes a terminal for a command. Not on every machine.
    if Command::new("script").arg("--version").stdout(Stdio::null()).status().is_err() {
        return;
    }
    let config = "[profile asks]\nregion = eu-west-1\ncredential_process = sh -c '. $HOME/ask.sh'\n";
    let home = Home::new("asking", config);
    let ask = "read -r code < /dev/tty\n\
        echo '{\"Version\": 1, \"AccessKeyId\": \"AKIAIOSFODNN7EXAMPLE\", \"SecretAccessKey\": \"s\", \"AccountId\": \"'$code'\"}'\n";
    std::fs::write(home.0.join("ask.sh"), ask).unwrap();
    let line = format!("{} credential-process --profile asks", env!("CARGO_BIN_EXE_sts"));
    // In a process group in the background it would be stopped at the question. The program ends it after a minute.
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &line, "/dev/null"]).env("HOME", &home.0).env("AWS_EC2_METADATA_DISABLED", "true");
    let output = with_input(&mut terminal, "123456789012\n");
    assert!(stdout(&output).contains("\"AccountId\": \"123456789012\""), "{}", stdout(&output));
}
