//! `sts console`.

use std::process::ExitCode;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command};
use sts_blocking::Client;
use sts_blocking::endpoint::Partition;
use sts_blocking::step::Seq;
use sts_blocking::time::OffsetDateTime;
use sts_blocking::token::console::{Console, CredentialOrigin, SigninRequest, logout_url};

use super::Extra;
use crate::failure::Failure;
use crate::global::Globals;
use crate::obtain::{self, LongTerm};
use crate::session::{self, Wanted};
use crate::stdio;

mod browser;

pub(super) const EXTRA: Extra = Extra {
    name: "console",
    about: "Prints a URL that signs a browser in to the AWS console, good for 15 minutes",
    example: "sts console --role-arn arn:aws:iam::123456789012:role/Admin --open",
    arguments,
    run,
};

/// How long the sign-in service may take.
const PATIENCE: Duration = Duration::from_secs(15);

fn arguments(command: Command) -> Command {
    let arg = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    obtain::arguments(command).args([
        arg("destination", "URL", "The page of the console; by default its start page"),
        arg("issuer", "URL", "Where the console sends people whose session is over"),
        arg("duration", "SECONDS", "How long the console's session lasts, from 900 to 43200; for roles only")
            .value_parser(RangedU64ValueParser::<u32>::new()),
        flag("open", "Open it in a browser instead of printing it"),
        flag("logout", "A URL that signs the browser out first"),
    ])
}

fn run(matches: &ArgMatches, globals: &Globals) -> Result<ExitCode, Failure> {
    let text = |name: &str| matches.get_one::<String>(name);
    if matches.get_flag("logout") {
        let client = session::client(globals, Wanted::default())?;
        let console = console(&client)?;
        let home = console.home();
        let url = logout_url(&console, text("destination").map_or(&home, |url| url));
        return show(&url, matches);
    }
    let client = obtain::client(matches, globals, Wanted::SIGNED, LongTerm::Keep)?;
    let credentials = obtain::credentials(&client, globals)?;
    if credentials.session_token().is_none() {
        return Err(Failure::configuration(
            "the console takes temporary credentials, and these are long-term: add --role-arn",
        ));
    }
    let mut request = SigninRequest::new(CredentialOrigin::AssumeRole).console(console(&client)?);
    if let Some(seconds) = matches.get_one::<u32>("duration") {
        request = request.duration_seconds(*seconds);
    }
    if let Some(url) = text("destination") {
        request = request.destination(url);
    }
    if let Some(url) = text("issuer") {
        request = request.issuer(url);
    }
    let encoded = request.encode(&credentials).map_err(|error| Failure::setting(&error))?;
    let url = encoded.uri().to_string();
    let step = Seq::start(OffsetDateTime::now_utc(), |ask| async move { ask.send(encoded, PATIENCE).await });
    let failed = |error| Failure::of_call(&error, "getSigninToken", &url, globals);
    let response = client.drive(step).map_err(failed)?;
    show(request.decode(&response).map_err(failed)?.expose(), matches)
}

/// The console of the region's partition.
fn console(client: &Client) -> Result<Console, Failure> {
    let region = client.settings().get("Region").map_or("", |region| region.value.as_str());
    Console::of(Partition::of_region(region)).map_err(|error| Failure::setting(&error))
}

fn show(url: &str, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    if !matches.get_flag("open") {
        stdio::print(&format!("{url}\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    browser::open(url)?;
    Ok(ExitCode::SUCCESS)
}
