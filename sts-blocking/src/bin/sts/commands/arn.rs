//! `sts arn`.

use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};
use serde_json::json;
use sts_blocking::arn::Arn;

use super::Extra;
use crate::failure::Failure;
use crate::global::Globals;
use crate::output;

pub(super) const EXTRA: Extra = Extra {
    name: "arn",
    about: "Takes an ARN apart; of an assumed role it tells the role's ARN",
    example: "sts arn arn:aws:sts::123456789012:assumed-role/Deploy/build-42 --query RoleArn --output text",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    command.arg(Arg::new("arn").value_name("ARN").required(true).help("The ARN"))
}

fn run(matches: &ArgMatches, globals: &Globals) -> Result<ExitCode, Failure> {
    let text = matches.get_one::<String>("arn").map_or("", String::as_str);
    let arn = Arn::parse(text).map_err(|error| Failure::parameter(error.to_string()))?;
    let value = json!({
        "Partition": arn.partition(),
        "Service": arn.service(),
        "Region": arn.region(),
        "Account": arn.account(),
        "Resource": arn.resource(),
        "RoleArn": arn.role_arn(),
        "RoleName": arn.role_name(),
        "SessionName": arn.session_name(),
    });
    output::print("Arn", value, globals)?;
    Ok(ExitCode::SUCCESS)
}
