//! Runs a command, such as a `credential_process`, with a deadline. `sts-blocking` has the same in its `host/command.rs`.
//!
//! # Design
//! A command that is ended by force ends with all the processes that it started, unless it has a controlling terminal: a
//! process group of its own could neither ask on the terminal nor be interrupted from there. So a process that the command
//! started can outlive it and hold its pipes open. That costs nothing here: `Output` ends its reader itself.

use std::io;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sts_proto::Secret;
use sts_proto::settings::Timeouts;
use sts_proto::step::{CommandOutput, RunCommand};

use super::LOOK;
use crate::transport::Transport;
use output::Output;

mod output;

pub(crate) async fn run(transport: &impl Transport, wanted: &RunCommand) -> io::Result<CommandOutput> {
    let mut running = Running::start(wanted)?;
    loop {
        if let Some(output) = running.poll()? {
            return Ok(output);
        }
        transport.sleep(LOOK).await;
    }
}

/// A command that has been started. It is ended when it is dropped, which blocks for a few milliseconds.
struct Running {
    child: Child,
    /// Whether its exit status has been collected, after which its process id can be another process's.
    is_ended: bool,
    has_group: bool,
    stdout: Output,
    stderr: Output,
    started: Instant,
    timeout: Duration,
}

impl Running {
    fn start(wanted: &RunCommand) -> io::Result<Self> {
        let started = Instant::now();
        let (stdout, stdout_writer) = Output::new(wanted.limit)?;
        let (stderr, stderr_writer) = Output::new(wanted.limit)?;
        let mut command = Command::new(&wanted.program);
        command
            .args(wanted.arguments.iter().map(Secret::expose))
            .envs(wanted.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(stdout_writer)
            .stderr(stderr_writer);
        let has_group = separate(&mut command);
        let child = command.spawn()?;
        let timeout = wanted.timeout.min(Timeouts::LONGEST);
        let mut running = Self { child, is_ended: false, has_group, stdout, stderr, started, timeout };
        // Two pipes can only be emptied at once by two threads. If one cannot be started, the command is ended.
        running.stdout.start()?;
        running.stderr.start()?;
        Ok(running)
    }

    /// Returns the output once the command has ended.
    fn poll(&mut self) -> io::Result<Option<CommandOutput>> {
        let status = self.child.try_wait()?;
        if let Some(status) = status {
            self.is_ended = true;
            let (stdout, stderr) = (self.stdout.finish(), self.stderr.finish());
            if !self.stdout.is_too_large() {
                return Ok(Some(CommandOutput { code: status.code(), stdout, stderr }));
            }
        }
        // The rest of an output that is too large is not waited for.
        if self.stdout.is_too_large() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if self.started.elapsed() >= self.timeout {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(None)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_ended {
            return;
        }
        if self.has_group {
            end_group(self.child.id());
        }
        // It may just have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Gives the command a process group of its own if there is no controlling terminal to keep. Returns whether it has one.
#[cfg(unix)]
fn separate(command: &mut Command) -> bool {
    // The command's input is empty and its output goes to pipes, so that this is the only way to its user.
    let has_terminal = std::fs::File::open("/dev/tty").is_ok();
    if !has_terminal {
        std::os::unix::process::CommandExt::process_group(command, 0);
    }
    !has_terminal
}

/// Windows has no process groups: only the command itself is ended.
#[cfg(not(unix))]
fn separate(_: &mut Command) -> bool {
    false
}

/// Ends all processes of the group. Its leader has not been waited for, so that no other group can have this number.
///
/// The standard library cannot signal a group yet, and a system call takes unsafe code or another dependency; every shell
/// has `kill` built in. A machine without a shell, such as a minimal container, ends the command alone.
#[cfg(unix)]
fn end_group(id: u32) {
    let _ = Command::new("/bin/sh")
        .args(["-c", "kill -s KILL -- \"-$0\"", &id.to_string()])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

#[cfg(not(unix))]
fn end_group(_: u32) {}
