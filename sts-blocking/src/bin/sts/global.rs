//! The options that every subcommand takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches};

use crate::failure::Failure;
use crate::output::{Format, Query};

/// Whether tables have colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Color {
    On,
    Off,
    Auto,
}

/// The options that every subcommand takes, as they were given.
pub(crate) struct Globals {
    pub(crate) region: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) endpoint_url: Option<String>,
    pub(crate) output: Format,
    pub(crate) query: Option<Query>,
    pub(crate) signs: bool,
    pub(crate) verifies: bool,
    pub(crate) ca_bundle: Option<PathBuf>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) color: Color,
    pub(crate) debug: bool,
}

/// How they are described to clap.
pub(crate) fn arguments() -> Vec<Arg> {
    let mut arguments = vec![
        option("region", "REGION", "The region, instead of AWS_REGION and AWS_DEFAULT_REGION"),
        option("profile", "NAME", "The profile"),
        option("endpoint-url", "URL", "Where requests are sent, instead of AWS's endpoint"),
        option("output", "FORMAT", "How the reply is printed")
            .value_parser(PossibleValuesParser::new(Format::NAMES)),
        option("query", "JMESPATH", "What of the reply is printed"),
        flag("no-sign-request", "Send without a signature; no credentials are looked for"),
        option("ca-bundle", "PATH", "A file of the certificates to trust, in PEM form"),
        option("cli-connect-timeout", "SECONDS", "How long connecting may take; 0 is without an end"),
        option("cli-read-timeout", "SECONDS", "How long a reply may take; 0 is without an end"),
        flag("no-verify-ssl", "Believe any certificate: dangerous"),
        option("color", "WHEN", "Colours in tables")
            .value_parser(PossibleValuesParser::new(["on", "off", "auto"])),
        flag("debug", "Tell on standard error what happens"),
    ];
    // What the AWS CLI takes and what has no meaning here: there are no pages, no pager and no prompt.
    for name in ["no-paginate", "no-cli-pager", "no-cli-auto-prompt"] {
        arguments.push(flag(name, "Accepted for compatibility").hide(true));
    }
    arguments
}

fn option(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    base(name, help).value_name(value)
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    base(name, help).action(ArgAction::SetTrue)
}

fn base(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).global(true).help_heading("Global options")
}

impl Globals {
    /// Reads them.
    pub(crate) fn of(matches: &ArgMatches) -> Result<Self, Failure> {
        let text = |name: &str| matches.get_one::<String>(name).cloned();
        let output = text("output").or_else(|| variable("AWS_DEFAULT_OUTPUT"));
        let output = match output.as_deref() {
            None => Format::Json,
            Some(name) => Format::of_name(name)
                .ok_or_else(|| Failure::configuration(format!("Unknown output type: {name}")))?,
        };
        Ok(Self {
            region: text("region"),
            profile: text("profile"),
            endpoint_url: text("endpoint-url").map(checked_url).transpose()?,
            output,
            query: text("query").map(|expression| Query::new(&expression)).transpose()?,
            signs: !matches.get_flag("no-sign-request"),
            verifies: !matches.get_flag("no-verify-ssl"),
            ca_bundle: text("ca-bundle").map(PathBuf::from),
            connect_timeout: text("cli-connect-timeout").map(|text| seconds(&text)).transpose()?,
            read_timeout: text("cli-read-timeout").map(|text| seconds(&text)).transpose()?,
            color: match text("color").as_deref() {
                Some("on") => Color::On,
                Some("off") => Color::Off,
                _ => Color::Auto,
            },
            debug: matches.get_flag("debug"),
        })
    }
}

/// A variable of the process. An empty one counts as one that is not set.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

fn checked_url(url: String) -> Result<String, Failure> {
    if url.contains("://") {
        return Ok(url);
    }
    Err(Failure::parameter(format!(
        "Bad value for --endpoint-url \"{url}\": scheme is missing.  Must be of the form http://<hostname>/ or \
         https://<hostname>/"
    )))
}

/// Zero is without an end.
fn seconds(text: &str) -> Result<Duration, Failure> {
    match text.trim().parse() {
        Ok(0) => Ok(Duration::MAX),
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
        Err(_) => Err(Failure::parameter(format!("invalid literal for int() with base 10: '{text}'"))),
    }
}
