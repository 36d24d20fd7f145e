//! `sts whoami`.

use std::process::ExitCode;

use clap::{ArgMatches, Command};
use serde_json::json;
use sts_blocking::operation::GetCallerIdentity;
use sts_blocking::time::OffsetDateTime;
use sts_blocking::timestamp;
use sts_proto::escape_controls;

use super::Extra;
use crate::failure::Failure;
use crate::global::Globals;
use crate::session::{self, Wanted};
use crate::{moment, obtain, output, stdio};

pub(super) const EXTRA: Extra = Extra {
    name: "whoami",
    about: "Tells who you are to AWS, by which credentials, where, and for how long still",
    example: "sts whoami --profile deploy",
    arguments,
    run,
};

/// Less is shown in another colour.
const SOON_SECONDS: i64 = 15 * 60;

const BOLD: &str = "\u{1b}[1m";
const YELLOW: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";

fn arguments(command: Command) -> Command {
    obtain::arguments(command)
}

fn run(matches: &ArgMatches, globals: &Globals) -> Result<ExitCode, Failure> {
    let client = obtain::client(matches, globals, Wanted::SIGNED, obtain::LongTerm::Keep)?;
    let url = client.endpoint().url().to_string();
    let identity = client
        .send(GetCallerIdentity::new())
        .map_err(|error| Failure::of_call(&error, "GetCallerIdentity", &url, globals))?
        .into_output();
    // Those that the call was signed with in the end.
    let credentials = obtain::credentials(&client, globals)?;
    let now = OffsetDateTime::now_utc().saturating_add(client.skew());
    let left = credentials.expiration().map(|at| at - now);
    let region = client.settings().get("Region");
    let profile = client.settings().get("Profile");
    let source = credentials.source().unwrap_or("unknown");
    if globals.wants_values() {
        let value = json!({
            "Account": identity.account,
            "Arn": identity.arn,
            "UserId": identity.user_id,
            "Source": source,
            "Profile": profile.map(|profile| &profile.value),
            "AccessKeyId": credentials.access_key_id(),
            "Region": region.map(|region| &region.value),
            "RegionOrigin": region.map(|region| session::origin(&region.origin)),
            "Endpoint": url,
            "Expiration": credentials.expiration().map(timestamp::rfc3339),
            "SecondsLeft": left.map(|left| left.whole_seconds()),
        });
        output::print("WhoAmI", value, globals)?;
        return Ok(ExitCode::SUCCESS);
    }
    let expires = match (credentials.expiration(), left) {
        (Some(at), Some(left)) => format!("{} ({})", timestamp::rfc3339(at), moment::left(left)),
        _ if credentials.session_token().is_some() => "not known".to_owned(),
        _ => "never: long-term".to_owned(),
    };
    let mut lines = vec![
        ("account", identity.account),
        ("arn", identity.arn),
        ("user id", identity.user_id),
        ("source", format!("{source}, key {}", credentials.access_key_id())),
    ];
    for (name, setting) in [("profile", profile), ("region", region)] {
        lines.extend(
            setting
                .map(|setting| (name, format!("{} ({})", setting.value, session::origin(&setting.origin)))),
        );
    }
    lines.push(("endpoint", url));
    lines.push(("expires", expires));
    let is_coloured = output::is_coloured(globals.color);
    let is_soon = left.is_some_and(|left| left.whole_seconds() < SOON_SECONDS);
    let mut text = String::new();
    for (name, value) in lines {
        // For people, on a terminal or not.
        let value = escape_controls(value);
        let colour = match name {
            _ if !is_coloured => None,
            "arn" => Some(BOLD),
            "expires" if is_soon => Some(YELLOW),
            _ => None,
        };
        let value = colour.map_or_else(|| value.to_string(), |colour| format!("{colour}{value}{PLAIN}"));
        output::put(&mut text, format_args!("{name:<10}{value}\n"));
    }
    stdio::print_coloured(&text)?;
    Ok(ExitCode::SUCCESS)
}
