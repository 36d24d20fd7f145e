//! `sts exec -- COMMAND`.

use std::ffi::OsString;
use std::io;
use std::process::{Command as Process, ExitCode};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::Value;
use sts_blocking::token::env::{self, EnvFormat};
use sts_blocking::{Client, Credentials};

use super::Extra;
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

/// What would lead the command to other credentials, or is of those before.
const FOREIGN: [&str; 8] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

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

/// Removes what is of other credentials.
pub(super) fn clear(process: &mut Process) {
    for name in FOREIGN {
        process.env_remove(name);
    }
}

fn run(matches: &ArgMatches, globals: &Globals) -> Result<ExitCode, Failure> {
    let long_term = if matches.get_flag("no-session") { LongTerm::Keep } else { LongTerm::Trade };
    let client = obtain::scoped_client(matches, globals, long_term)?;
    let credentials = obtain::credentials(&client, globals)?;
    let mut process = process(matches).ok_or_else(|| Failure::usage("there is no command to run"))?;
    clear(&mut process);
    hand_on(&mut process, &credentials)?;
    name_region(&mut process, &client);
    start(process)
}

fn hand_on(process: &mut Process, credentials: &Credentials) -> Result<(), Failure> {
    let written = env::write(credentials, EnvFormat::Json).map_err(|error| Failure::setting(&error))?;
    let variables: Value = serde_json::from_slice(written.as_ref())
        .map_err(|error| Failure::general(format!("the credentials cannot be handed on: {error}")))?;
    for (name, value) in variables.as_object().into_iter().flatten() {
        process.env(name, value.as_str().unwrap_or_default());
    }
    if let Some(account) = credentials.account_id() {
        process.env("AWS_ACCOUNT_ID", account);
    }
    Ok(())
}

/// The profile, which may have had the region, is not handed on.
pub(super) fn name_region(process: &mut Process, client: &Client) {
    if let Some(region) = client.settings().get("Region") {
        process.env("AWS_REGION", &region.value).env("AWS_DEFAULT_REGION", &region.value);
    }
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
