//! The prompt of both drivers for an MFA code, on a terminal: what is typed is not shown, and the terminal is as before.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use sts_proto::step::{Ask, MfaPrompt, Seq};
use sts_proto::{Error, Secret};
use time::OffsetDateTime;

const CODE: &str = "774411";

/// Names the driver whose prompt this process is started for.
const DRIVER: &str = "STS_TEST_PROMPT";

/// Longer than any test takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the other tests start, on a terminal.
#[test]
fn child() {
    let Ok(driver) = std::env::var(DRIVER) else { return };
    async fn ask_code(ask: Ask) -> Result<Secret, Error> {
        ask.mfa_code(MfaPrompt::new("arn:aws:iam::123456789012:mfa/a\u{1b}[2J")).await
    }
    let step = Seq::start(OffsetDateTime::UNIX_EPOCH, ask_code);
    let code = if driver == "blocking" {
        sts_blocking::Client::builder().region("eu-west-1").build().unwrap().drive(step)
    } else {
        let client = sts_async::smol::Client::builder().region("eu-west-1").build().unwrap();
        futures_lite::future::block_on(client.drive(step))
    };
    assert_eq!(code.unwrap().expose(), CODE);
}

/// Types the code at the prompt, and gives what the terminal shows, and whether it shows what is typed afterwards.
fn typed(driver: &str, path: Option<&str>) -> (String, bool) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let open = || File::options().read(true).write(true).open(&name).unwrap();
    let kept = open();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["child", "--exact", "--nocapture"]).env(DRIVER, driver).stdin(open()).stderr(open());
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut keyboard = File::from(terminal.try_clone().unwrap());
    let shown = watch(terminal);
    let mut text = String::new();
    while !text.contains("]: ") && !text.contains("2J: ") && !text.contains("shown): ") {
        text.push_str(&shown.recv_timeout(PATIENCE).unwrap());
    }
    keyboard.write_all(format!("{CODE}\n").as_bytes()).unwrap();
    let end = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() < end => thread::sleep(Duration::from_millis(5)),
            None => {
                child.kill().unwrap();
                panic!("{driver}: the process goes on: {text}");
            }
        }
    };
    assert!(status.success(), "{driver}: {text}");
    // What the end of the line shows comes last, and before the process ends.
    while !text.contains("\r\n") {
        text.push_str(&shown.recv_timeout(PATIENCE).unwrap());
    }
    let shows = tcgetattr(&kept).unwrap().local_modes.contains(LocalModes::ECHO);
    (text, shows)
}

/// What a terminal shows, piece by piece. The thread ends with the terminal.
fn watch(terminal: OwnedFd) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    let mut screen = File::from(terminal);
    thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = screen.read(&mut piece) {
            if sender.send(String::from_utf8_lossy(&piece[..count]).into_owned()).is_err() {
                break;
            }
        }
    });
    receiver
}

#[test]
fn code_that_is_typed_is_not_shown() {
    for driver in ["blocking", "async"] {
        let (text, shows) = typed(driver, None);
        assert_eq!(text, "MFA code for arn:aws:iam::123456789012:mfa/a\\u{1b}[2J: \r\n", "{driver}");
        assert!(shows, "{driver} leaves the terminal as it was");
    }
}

/// As Python's `getpass` does it.
#[test]
fn code_is_shown_with_a_warning_where_the_terminal_cannot_be_changed() {
    for driver in ["blocking", "async"] {
        let (text, shows) = typed(driver, Some("/nowhere"));
        assert!(
            text.contains("2J (what is typed is shown): ") && text.contains(CODE) && shows,
            "{driver}: {text}"
        );
    }
}
