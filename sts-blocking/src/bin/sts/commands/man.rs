//! `sts man`.

use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};

use super::Extra;
use crate::failure::Failure;
use crate::global::Globals;
use crate::{cli, stdio};

pub(super) const EXTRA: Extra = Extra {
    name: "man",
    about: "Prints the manual page of this program or of a subcommand",
    example: "sts man assume-role | man -l -",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    command.arg(Arg::new("subcommand").value_name("SUBCOMMAND").help("The subcommand"))
}

fn run(matches: &ArgMatches, _: &Globals) -> Result<ExitCode, Failure> {
    let mut command = cli::command();
    command.build();
    if let Some(name) = matches.get_one::<String>("subcommand") {
        let found = command.find_subcommand(name).cloned();
        let found =
            found.ok_or_else(|| cli::refused(format!("argument SUBCOMMAND: there is no `{name}`")))?;
        command = found.name(format!("sts-{name}"));
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| Failure::general(format!("the manual page cannot be made: {error}")))?;
    stdio::print(&String::from_utf8_lossy(&page))?;
    Ok(ExitCode::SUCCESS)
}
