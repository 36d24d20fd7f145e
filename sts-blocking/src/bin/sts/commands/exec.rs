//! `sts exec -- COMMAND`.

use std::ffi::OsString;
use std::io;
use std::process::{Command as Process, ExitCode};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::Extra;
use super::environment::Environment;
use crate::failure::Failure;
use crate::global::Globals;
use crate::obtain::{self, LongTerm};

pub(super) const EXTRA: Extra = Extra {
    name: "exec",
    about: "Runs a command with temporary credentials in its environment",
    example: "sts exec --role-arn arn:aws:iam::123456789012:role/Deploy -- terraform plan",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    obtain::arguments(command)
        .arg(
            Arg::new("no-session")
                .long("no-session")
                .action(ArgAction::SetTrue)
                .conflicts_with("policy")
                .help("Hand on long-term credentials as they are, and not those of a session"),
        )
        .arg(obtain::policy())
        .arg(words(true))
}

/// The command to run, behind `--`.
pub(super) fn words(is_required: bool) -> Arg {
    Arg::new("command")
        .value_name("COMMAND")
        .help("The command and its arguments")
        .num_args(1..)
        .last(true)
        .required(is_required)
        .value_parser(value_parser!(OsString))
}

/// The command that was given, if one was.
pub(super) fn process(matches: &ArgMatches) -> Option<Process> {
    let mut words = matches.get_many::<OsString>("command")?;
    let mut process = Process::new(words.next()?);
    process.args(words);
    Some(process)
}

fn run(matches: &ArgMatches, globals: &Globals) -> Result<ExitCode, Failure> {
    let long_term = if matches.get_flag("no-session") { LongTerm::Keep } else { LongTerm::Trade };
    let client = obtain::scoped_client(matches, globals, long_term)?;
    let credentials = obtain::credentials(&client, globals)?;
    let mut process = process(matches).ok_or_else(|| Failure::usage("there is no command to run"))?;
    Environment::of_keys(&credentials)?.with_settings(&client, globals)?.apply(&mut process);
    start(process)
}

/// The command takes this process's place: signals reach it, and its exit code is this one's.
#[cfg(unix)]
fn start(mut process: Process) -> Result<ExitCode, Failure> {
    use std::os::unix::process::CommandExt;

    let error = process.exec();
    Err(not_run(&process, &error))
}

/// There is no taking a place here; a console's signals reach both.
#[cfg(not(unix))]
fn start(process: Process) -> Result<ExitCode, Failure> {
    wait(process)
}

/// Runs the command and gives its exit code.
pub(super) fn wait(mut process: Process) -> Result<ExitCode, Failure> {
    let status = process.status().map_err(|error| not_run(&process, &error))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    #[cfg(unix)]
    let code = code.or_else(|| {
        // As shells have it.
        let signal = std::os::unix::process::ExitStatusExt::signal(&status)?;
        u8::try_from(128 + signal).ok()
    });
    Ok(ExitCode::from(code.unwrap_or(1)))
}

/// With the exit codes of shells.
fn not_run(process: &Process, error: &io::Error) -> Failure {
    let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
    let program = process.get_program().to_string_lossy();
    Failure::with_code(code, format!("sts: {program}: cannot be run: {error}"))
}
