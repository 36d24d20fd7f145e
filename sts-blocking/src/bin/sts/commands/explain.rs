//! `sts explain`.

use std::process::ExitCode;

use clap::{ArgMatches, Command};
use serde_json::{Value, json};
use sts_blocking::endpoint::EndpointRule;
use sts_blocking::source::{Outcome, Report};
use sts_blocking::{Client, ErrorKind, timestamp};
use sts_proto::escape_controls;

use super::Extra;
use crate::failure::Failure;
use crate::global::Globals;
use crate::session::{self, Wanted};
use crate::{output, stdio};

pub(super) const EXTRA: Extra = Extra {
    name: "explain",
    about: "Tells every setting with where it comes from, the endpoint and why, and where credentials were looked for",
    example: "sts explain --profile deploy",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    command
}

fn run(_: &ArgMatches, globals: &Globals) -> Result<ExitCode, Failure> {
    let client = session::client(globals, Wanted { credentials: globals.signs, ..Wanted::default() })?;
    let found = client.credentials();
    let report = match &found {
        Ok(_) => client.provider().and_then(|provider| provider.report()).map(|report| (*report).clone()),
        Err(error) => error.report().cloned(),
    };
    let report = report.unwrap_or_default();
    let credentials = found.as_ref().ok().and_then(Option::as_ref);
    let endpoint = client.endpoint();
    if globals.wants_values() {
        let settings: Vec<Value> = client
            .settings()
            .settings()
            .map(|setting| {
                json!({ "Name": setting.name, "Value": setting.value, "Origin": session::origin(&setting.origin) })
            })
            .collect();
        let value = json!({
            "Settings": settings,
            "Endpoint": {
                "Url": endpoint.url().to_string(),
                "Rule": format!("{:?}", endpoint.rule()),
                "SigningRegion": endpoint.signing_region(),
                "SigningName": endpoint.signing_name(),
            },
            "Sources": looks(&report),
            "Credentials": credentials.map(|credentials| json!({
                "Source": credentials.source(),
                "AccessKeyId": credentials.access_key_id(),
                "Expiration": credentials.expiration().map(timestamp::rfc3339),
            })),
        });
        output::print("Explain", value, globals)?;
    } else {
        let mut text = told(&client, &report);
        if let Some(credentials) = credentials {
            let source = escape_controls(credentials.source().unwrap_or("unknown"));
            let until = credentials
                .expiration()
                .map_or_else(|| "no expiry".to_owned(), |at| format!("until {}", timestamp::rfc3339(at)));
            output::put(
                &mut text,
                format_args!("  used: {} of {source}, {until}\n", credentials.access_key_id()),
            );
        }
        stdio::print(&text)?;
    }
    match found {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            let failure = Failure::of_call(&error, "AssumeRole", &endpoint.url().to_string(), globals);
            // A role that STS refuses is one more way to have no credentials.
            Err(if error.kind() == ErrorKind::Service { failure.into_configuration() } else { failure })
        }
    }
}

fn told(client: &Client, report: &Report) -> String {
    let mut text = "settings\n".to_owned();
    for setting in client.settings().settings() {
        let origin = session::origin(&setting.origin);
        output::put(&mut text, format_args!("  {} = {} ({origin})\n", setting.name, setting.value));
    }
    let endpoint = client.endpoint();
    let signed = match endpoint.signing_region() {
        Some(region) => format!("signed for {region}/{}", endpoint.signing_name()),
        None => "cannot be signed for".to_owned(),
    };
    let url = endpoint.url();
    output::put(
        &mut text,
        format_args!("endpoint\n  {url}\n  {}; {signed}\ncredentials\n", rule(endpoint.rule())),
    );
    for look in report.looks() {
        output::put(&mut text, format_args!("  {look}\n"));
    }
    if report.looks().is_empty() {
        text.push_str("  not looked for\n");
    }
    text
}

fn looks(report: &Report) -> Vec<Value> {
    let look = |look: &sts_blocking::source::Look| {
        let (outcome, words) = match &look.outcome {
            Outcome::Found(id) => ("found", id.clone()),
            Outcome::Skipped(why) => ("skipped", why.to_string()),
            Outcome::Failed(why) => ("failed", why.clone()),
            _ => ("unknown", String::new()),
        };
        json!({ "Source": look.source, "Outcome": outcome, "Detail": words })
    };
    report.looks().iter().map(look).collect()
}

fn rule(rule: EndpointRule) -> &'static str {
    match rule {
        EndpointRule::Custom => "a URL that was set, see EndpointUrl",
        EndpointRule::Regional => "the host of the region",
        EndpointRule::Fips => "the host of the region with FIPS, see UseFips",
        EndpointRule::DualStack => "the host of the region with IPv4 and IPv6, see UseDualStack",
        EndpointRule::FipsDualStack => "the host of the region with FIPS, IPv4 and IPv6",
        EndpointRule::Global => "the global host, because the region is aws-global",
        EndpointRule::LegacyGlobal => {
            "the global host, because of StsRegionalEndpoints and a region from before 2019"
        }
        _ => "another rule",
    }
}
