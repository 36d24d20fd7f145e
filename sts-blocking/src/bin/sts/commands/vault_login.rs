//! `sts vault-login`.

use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};
use sts_blocking::time::OffsetDateTime;
use sts_blocking::token::vault::VaultLogin;

use super::Extra;
use crate::failure::Failure;
use crate::global::Globals;
use crate::obtain::{self, LongTerm};
use crate::session::Wanted;
use crate::stdio;

pub(super) const EXTRA: Extra = Extra {
    name: "vault-login",
    about: "Prints the payload of a login to Vault with IAM credentials",
    example: "sts vault-login --role dev | vault write auth/aws/login -",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let arg = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    obtain::arguments(command)
        .arg(arg("role", "NAME", "The role of Vault's auth method; without it Vault takes the caller's name"))
        .arg(arg("server-id", "ID", "The server's iam_server_id_header_value"))
}

fn run(matches: &ArgMatches, globals: &Globals) -> Result<ExitCode, Failure> {
    // Vault asks the global STS unless its `sts_endpoint` says otherwise, and a login for another one is refused there.
    let url = globals.config()?.endpoint_url().map_err(|error| Failure::setting(&error))?;
    let is_aws = globals.endpoint_url.is_none() && url.is_none();
    let wanted = Wanted { region: is_aws.then_some("aws-global"), ..Wanted::SIGNED };
    let client = obtain::client(matches, globals, wanted, LongTerm::Keep)?;
    let credentials = obtain::credentials(&client, globals)?;
    let mut login = VaultLogin::new(matches.get_one::<String>("role").cloned().unwrap_or_default());
    if let Some(id) = matches.get_one::<String>("server-id") {
        login = login.server_id(id);
    }
    let now = OffsetDateTime::now_utc().saturating_add(client.skew());
    let payload =
        login.build(client.encoder(), &credentials, now).map_err(|error| Failure::setting(&error))?;
    stdio::print_secret(&payload.body)?;
    stdio::print("\n")?;
    Ok(ExitCode::SUCCESS)
}
