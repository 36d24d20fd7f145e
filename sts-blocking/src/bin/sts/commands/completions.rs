//! `sts completions SHELL`.

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use clap_complete::Shell;

use super::Extra;
use crate::failure::Failure;
use crate::global::Globals;
use crate::{cli, stdio};

pub(super) const EXTRA: Extra = Extra {
    name: "completions",
    about: "Prints a shell's completions of this program",
    example: "sts completions bash > /etc/bash_completion.d/sts",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let shells = PossibleValuesParser::new(["bash", "elvish", "fish", "powershell", "zsh"]);
    command.arg(Arg::new("shell").value_name("SHELL").required(true).value_parser(shells))
}

fn run(matches: &ArgMatches, _: &Globals) -> Result<ExitCode, Failure> {
    let shell = match matches.get_one::<String>("shell").map(String::as_str) {
        Some("elvish") => Shell::Elvish,
        Some("fish") => Shell::Fish,
        Some("powershell") => Shell::PowerShell,
        Some("zsh") => Shell::Zsh,
        _ => Shell::Bash,
    };
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "sts", &mut out);
    stdio::print(&String::from_utf8_lossy(&out))?;
    Ok(ExitCode::SUCCESS)
}
