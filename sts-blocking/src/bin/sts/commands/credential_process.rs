//! `sts credential-process`.

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};
use sts_blocking::token::process;

use super::Extra;
use crate::failure::Failure;
use crate::global::Globals;
use crate::obtain::{self, LongTerm};
use crate::session::Wanted;
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
    let wanted = Wanted { caches_roles: matches.get_flag("cache"), ..Wanted::SIGNED };
    let client = obtain::client(matches, globals, wanted, LongTerm::Keep)?;
    let credentials = obtain::credentials(&client, globals)?;
    let text = process::write(&credentials).map_err(|error| Failure::setting(&error))?;
    stdio::print_secret(&text)?;
    stdio::print("\n")?;
    Ok(ExitCode::SUCCESS)
}
