//! `sts credential-process`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Arg, ArgAction, ArgMatches, Command};
use sts_blocking::config::Config;
use sts_blocking::operation::{AssumeRole, AssumeRoleWithWebIdentity};
use sts_blocking::step::{ReadFile, Seq, WriteFile};
use sts_blocking::time::{Duration, OffsetDateTime};
use sts_blocking::token::{cli_cache, process};
use sts_blocking::{Client, Credentials, Error};

use super::Extra;
use crate::failure::Failure;
use crate::global::{Globals, variable};
use crate::obtain::{self, LongTerm};
use crate::session::{self, Wanted};
use crate::stdio;

pub(super) const EXTRA: Extra = Extra {
    name: "credential-process",
    about: "Prints credentials as a `credential_process` does, for every AWS SDK",
    example: "sts credential-process --profile deploy --cache\n\n  In ~/.aws/config:\n  [profile ci]\n  credential_process = sts credential-process --profile deploy --cache",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    obtain::arguments(command).arg(
        Arg::new("cache")
            .long("cache")
            .action(ArgAction::SetTrue)
            .help("Keep a role's credentials in ~/.aws/cli/cache, where the AWS CLI finds them too"),
    )
}

fn run(matches: &ArgMatches, globals: &Globals) -> Result<ExitCode, Failure> {
    let cache = match matches.get_flag("cache") {
        true => Cache::of(matches, globals)?,
        false => None,
    };
    let credentials = match cache {
        None => fetch(matches, globals)?,
        Some(cache) => {
            let client = session::client(globals, Wanted::default())?;
            match cache.read(&client) {
                Some(kept) => Arc::new(kept),
                None => {
                    let fresh = fetch(matches, globals)?;
                    cache.write(&client, &fresh);
                    fresh
                }
            }
        }
    };
    let text = process::write(&credentials).map_err(|error| Failure::setting(&error))?;
    stdio::print_secret(&text)?;
    stdio::print("\n")?;
    Ok(ExitCode::SUCCESS)
}

fn fetch(matches: &ArgMatches, globals: &Globals) -> Result<Arc<Credentials>, Failure> {
    let client = obtain::client(matches, globals, Wanted::SIGNED, LongTerm::Keep)?;
    obtain::credentials(&client, globals)
}

/// The file in which the AWS CLI would keep the same credentials.
struct Cache {
    file: PathBuf,
    /// What they must have left to be used.
    least_left: Duration,
}

impl Cache {
    /// `None` where the credentials are none of a role, or there is no home.
    fn of(matches: &ArgMatches, globals: &Globals) -> Result<Option<Self>, Failure> {
        let found = match obtain::role(matches)? {
            Some(operation) => {
                let seconds = matches.get_one("duration-seconds").copied();
                Some((cli_cache::file_name(&operation, !matches.contains_id("role-session-name")), seconds))
            }
            None => of_config(globals.config()?),
        };
        let home = variable("HOME").or_else(|| variable("USERPROFILE"));
        let (Some((name, seconds)), Some(home)) = (found, home) else { return Ok(None) };
        let name = name.map_err(|error| Failure::setting(&error))?;
        let file = [home.as_str(), ".aws", "cli", "cache", &name].iter().collect();
        Ok(Some(Self { file, least_left: cli_cache::least_left(seconds) }))
    }

    fn read(&self, client: &Client) -> Option<Credentials> {
        let wanted = ReadFile::new(&self.file, cli_cache::MAX_FILE_BYTES);
        let now = OffsetDateTime::now_utc();
        let step = Seq::start(now, |ask| async move { Ok(ask.read(wanted).await.ok()) });
        let contents = client.drive(step).ok()??;
        let kept = cli_cache::read(contents.as_ref())?;
        kept.expiration().filter(|at| *at - now >= self.least_left)?;
        Some(kept)
    }

    /// Whole or not at all, and by several at once without harm: each writes a file of its own, and renames it. A failure
    /// costs a call the next time, and is told.
    fn write(&self, client: &Client, credentials: &Credentials) {
        let Ok(contents) = cli_cache::write(credentials, None) else { return };
        let wanted = WriteFile::new(&self.file, contents);
        let step = Seq::start(OffsetDateTime::now_utc(), |ask| async move { Ok(ask.write(wanted).await) });
        if let Ok(Err(error)) = client.drive(step) {
            stdio::complain(&format!("sts: {} cannot be written: {error}\n", self.file.display()));
        }
    }
}

/// The name of the file for the role of the chosen profile or of the environment, as the AWS CLI asks for it, and how long the
/// session is to last. Credentials in the environment come before it, unless the profile was chosen by an option.
fn of_config(config: &Config) -> Option<(Result<String, Error>, Option<u32>)> {
    let is_chosen = *config.profile_origin() == sts_blocking::config::Origin::Option;
    if !is_chosen && variable("AWS_ACCESS_KEY_ID").is_some() {
        return None;
    }
    let text = |key: &str| config.property(key).map(|found| found.value.expose().to_owned());
    let seconds = text("duration_seconds").and_then(|seconds| seconds.parse().ok());
    let session_name = text("role_session_name").unwrap_or_default();
    // A web identity in the environment comes before that of a profile, and behind a role upon other credentials.
    let in_profile = text("web_identity_token_file").is_some();
    if in_profile || text("role_arn").is_none() {
        let in_environment = !is_chosen && variable("AWS_WEB_IDENTITY_TOKEN_FILE").is_some();
        let (arn, session_name, seconds) = match in_environment {
            true => (variable("AWS_ROLE_ARN"), variable("AWS_ROLE_SESSION_NAME").unwrap_or_default(), None),
            false => (text("role_arn").filter(|_| in_profile), session_name, seconds),
        };
        let mut operation = AssumeRoleWithWebIdentity::new(arn?, session_name.as_str(), "");
        if let Some(seconds) = seconds {
            operation = operation.duration_seconds(seconds);
        }
        return Some((cli_cache::file_name(&operation, session_name.is_empty()), seconds));
    }
    let mut operation = AssumeRole::new(text("role_arn")?, session_name.as_str());
    if let Some(id) = text("external_id") {
        operation = operation.external_id(id);
    }
    if let Some(serial_number) = text("mfa_serial") {
        operation = operation.serial_number(serial_number);
    }
    if let Some(seconds) = seconds {
        operation = operation.duration_seconds(seconds);
    }
    // What the AWS CLI does not send makes other credentials: they are not for its cache.
    let is_ours = ["session_tags", "transitive_session_tags", "source_identity"];
    if is_ours.iter().any(|key| text(key).is_some()) {
        return None;
    }
    Some((cli_cache::file_name(&operation, session_name.is_empty()), seconds))
}
