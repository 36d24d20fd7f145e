//! `sts credential-process`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Arg, ArgAction, ArgMatches, Command};
use sts_blocking::config::Config;
use sts_blocking::operation::AssumeRole;
use sts_blocking::step::{ReadFile, Seq, WriteFile};
use sts_blocking::time::{Duration, OffsetDateTime};
use sts_blocking::token::{cli_cache, process};
use sts_blocking::{Client, Credentials};

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

/// What expires sooner is not taken from the cache, as botocore does it.
const LEAST_LEFT: Duration = Duration::minutes(15);

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
struct Cache(PathBuf);

impl Cache {
    /// `None` where the credentials are none of a role, or there is no home.
    fn of(matches: &ArgMatches, globals: &Globals) -> Result<Option<Self>, Failure> {
        let (operation, has_name) = match obtain::role(matches)? {
            Some(operation) => (Some(operation), matches.contains_id("role-session-name")),
            None => {
                let config = globals.config()?;
                (of_profile(config), config.property("role_session_name").is_some())
            }
        };
        let home = variable("HOME").or_else(|| variable("USERPROFILE"));
        let (Some(operation), Some(home)) = (operation, home) else { return Ok(None) };
        let name = cli_cache::file_name(&operation, !has_name).map_err(|error| Failure::setting(&error))?;
        Ok(Some(Self([home.as_str(), ".aws", "cli", "cache", &name].iter().collect())))
    }

    fn read(&self, client: &Client) -> Option<Credentials> {
        let wanted = ReadFile::new(&self.0, cli_cache::MAX_FILE_BYTES);
        let now = OffsetDateTime::now_utc();
        let step = Seq::start(now, |ask| async move { Ok(ask.read(wanted).await.ok()) });
        let contents = client.drive(step).ok()??;
        let kept = cli_cache::read(contents.as_ref())?;
        kept.expiration().filter(|at| *at - now >= LEAST_LEFT)?;
        Some(kept)
    }

    /// Whole or not at all, and by several at once without harm: each writes a file of its own, and renames it. A failure
    /// costs a call the next time, and is told.
    fn write(&self, client: &Client, credentials: &Credentials) {
        let Ok(contents) = cli_cache::write(credentials, None) else { return };
        let wanted = WriteFile::new(&self.0, contents);
        let step = Seq::start(OffsetDateTime::now_utc(), |ask| async move { Ok(ask.write(wanted).await) });
        if let Ok(Err(error)) = client.drive(step) {
            stdio::complain(&format!("sts: {} cannot be written: {error}\n", self.0.display()));
        }
    }
}

/// The role of the chosen profile, as the AWS CLI asks for it. Credentials in the environment come before it, unless the
/// profile was chosen by an option.
fn of_profile(config: &Config) -> Option<AssumeRole> {
    let is_chosen = *config.profile_origin() == sts_blocking::config::Origin::Option;
    if !is_chosen && variable("AWS_ACCESS_KEY_ID").is_some() {
        return None;
    }
    let text = |key: &str| config.property(key).map(|found| found.value.expose().to_owned());
    if text("web_identity_token_file").is_some() {
        return None;
    }
    let mut operation = AssumeRole::new(text("role_arn")?, text("role_session_name").unwrap_or_default());
    if let Some(id) = text("external_id") {
        operation = operation.external_id(id);
    }
    if let Some(serial_number) = text("mfa_serial") {
        operation = operation.serial_number(serial_number);
    }
    if let Some(seconds) = text("duration_seconds").and_then(|seconds| seconds.parse().ok()) {
        operation = operation.duration_seconds(seconds);
    }
    // What the AWS CLI does not send makes other credentials: they are not for its cache.
    let is_ours = ["session_tags", "transitive_session_tags", "source_identity"];
    if is_ours.iter().any(|key| text(key).is_some()) { None } else { Some(operation) }
}
