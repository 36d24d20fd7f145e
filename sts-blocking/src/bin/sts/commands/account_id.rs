//! `sts account-id`.

use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};
use sts_blocking::key_id::{self, KeyIdKind};

use super::Extra;
use crate::failure::Failure;
use crate::global::Globals;
use crate::stdio;

pub(super) const EXTRA: Extra = Extra {
    name: "account-id",
    about: "Prints the account of an access key id, without asking AWS",
    example: "sts account-id ASIAY34FZKBOKMUTVV7A",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    command.arg(Arg::new("id").value_name("ACCESS_KEY_ID").required(true).help("The id of an access key"))
}

fn run(matches: &ArgMatches, _: &Globals) -> Result<ExitCode, Failure> {
    let id = matches.get_one::<String>("id").map_or("", String::as_str);
    let account = key_id::account_id(id).ok_or_else(|| {
        let words = match KeyIdKind::of(id) {
            Some(kind) if kind.is_access_key() => "is of a form that does not tell its account",
            Some(_) => "is not that of an access key",
            None => "is none of AWS's",
        };
        Failure::parameter(format!("The id {words}; `sts get-access-key-info` asks AWS"))
    })?;
    stdio::print(&format!("{account}\n"))?;
    Ok(ExitCode::SUCCESS)
}
