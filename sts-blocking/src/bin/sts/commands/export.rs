//! `sts export`.

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use sts_blocking::token::env::EnvFormat;

use super::Extra;
use super::environment::Environment;
use crate::failure::Failure;
use crate::global::{Globals, variable};
use crate::obtain::{self, LongTerm};
use crate::stdio;

pub(super) const EXTRA: Extra = Extra {
    name: "export",
    about: "Prints credentials as environment variables for a shell",
    example: "sts export --role-arn arn:aws:iam::123456789012:role/Deploy > vars; . ./vars",
    arguments,
    run,
};

/// The second of a pair is the name that `aws configure export-credentials` has for it.
const FORMATS: [(&str, EnvFormat); 10] = [
    ("sh", EnvFormat::Sh),
    ("env", EnvFormat::Sh),
    ("fish", EnvFormat::Fish),
    ("powershell", EnvFormat::PowerShell),
    ("pwsh", EnvFormat::PowerShell),
    ("cmd", EnvFormat::Cmd),
    ("windows-cmd", EnvFormat::Cmd),
    ("dotenv", EnvFormat::Dotenv),
    ("env-no-export", EnvFormat::Dotenv),
    ("json", EnvFormat::Json),
];

/// The variables that choose a profile.
const PROFILE: [&str; 2] = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"];

fn arguments(command: Command) -> Command {
    obtain::arguments(command).arg(obtain::policy()).arg(
        Arg::new("format")
            .long("format")
            .value_name("FORMAT")
            .default_value("sh")
            .value_parser(PossibleValuesParser::new(FORMATS.map(|(name, _)| name)))
            .help("Who is to read it"),
    )
}

fn run(matches: &ArgMatches, globals: &Globals) -> Result<ExitCode, Failure> {
    let name = matches.get_one::<String>("format").map_or("sh", String::as_str);
    let format =
        FORMATS.iter().find(|(known, _)| *known == name).map_or(EnvFormat::Sh, |(_, format)| *format);
    let client = obtain::scoped_client(matches, globals, LongTerm::Keep)?;
    let credentials = obtain::credentials(&client, globals)?;
    let mut environment = Environment::of_keys(&credentials)?;
    // The text removes the choice of a profile, and with it the region and other settings of the shell's next commands.
    let is_script = !matches!(format, EnvFormat::Dotenv | EnvFormat::Json);
    if is_script && PROFILE.iter().any(|name| variable(name).is_some()) {
        environment = environment.with_settings(&client, globals)?;
    }
    stdio::print_secret(&environment.text(format)?)?;
    if format == EnvFormat::Json {
        stdio::print("\n")?;
    }
    Ok(ExitCode::SUCCESS)
}
