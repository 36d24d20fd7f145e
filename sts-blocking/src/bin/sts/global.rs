//! The options that every subcommand takes.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches};
use sts_blocking::config::Config;

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
    output: Option<Format>,
    pub(crate) query: Option<Query>,
    pub(crate) signs: bool,
    pub(crate) verifies: bool,
    allows_http: bool,
    pub(crate) ca_bundle: Option<PathBuf>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) color: Color,
    pub(crate) debug: bool,
    config: OnceCell<Arc<Config>>,
}

/// How they are described to clap.
pub(crate) fn arguments() -> Vec<Arg> {
    let mut arguments = vec![
        option("region", "REGION", "The region, instead of that of the environment and the profile"),
        option("profile", "NAME", "The profile, instead of AWS_PROFILE"),
        option("endpoint-url", "URL", "Where requests are sent, instead of AWS's endpoint"),
        option("output", "FORMAT", "How the reply is printed")
            .value_parser(PossibleValuesParser::new(Format::NAMES)),
        option("query", "JMESPATH", "What of the reply is printed"),
        flag("no-sign-request", "Send without a signature; no credentials are looked for"),
        option("ca-bundle", "PATH", "A file of the certificates to trust, in PEM form"),
        option("cli-connect-timeout", "SECONDS", "How long connecting may take; 0 is without an end"),
        option("cli-read-timeout", "SECONDS", "How long a reply may take; 0 is without an end"),
        flag("no-verify-ssl", "Believe any certificate: dangerous"),
        flag(
            "dangerously-allow-http",
            "Send the tokens of SSO and of aws login to http:// URLs that are set for them: dangerous",
        ),
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
        Ok(Self {
            region: text("region"),
            profile: text("profile"),
            endpoint_url: text("endpoint-url").map(checked_url).transpose()?,
            output: text("output").map(|name| format(&name)).transpose()?,
            query: text("query").map(|expression| Query::new(&expression)).transpose()?,
            signs: !matches.get_flag("no-sign-request"),
            verifies: !matches.get_flag("no-verify-ssl"),
            allows_http: matches.get_flag("dangerously-allow-http"),
            ca_bundle: text("ca-bundle").map(PathBuf::from),
            connect_timeout: text("cli-connect-timeout").map(|text| seconds(&text)).transpose()?,
            read_timeout: text("cli-read-timeout").map(|text| seconds(&text)).transpose()?,
            color: match text("color").as_deref() {
                Some("on") => Color::On,
                Some("off") => Color::Off,
                _ => Color::Auto,
            },
            debug: matches.get_flag("debug"),
            config: OnceCell::new(),
        })
    }

    /// What the environment and the profile say. The files are read once.
    pub(crate) fn config(&self) -> Result<&Arc<Config>, Failure> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let profile = self.profile.as_deref().filter(|name| !name.is_empty());
        let config =
            sts_blocking::config_from_env(profile).map_err(|error| Failure::of_config(&error, profile))?;
        Ok(self.config.get_or_init(|| Arc::new(config.dangerously_allow_http(self.allows_http))))
    }

    /// How a reply is printed: the option, else the environment, else the profile, else JSON.
    pub(crate) fn format(&self) -> Result<Format, Failure> {
        if let Some(format) = self.output {
            return Ok(format);
        }
        match self.config()?.setting(&["AWS_DEFAULT_OUTPUT"], "output") {
            Some(name) => format(name.value.expose()),
            None => Ok(Format::Json),
        }
    }

    /// Whether the command line asks for a form of output, so that what is for people only is not printed.
    pub(crate) fn wants_values(&self) -> bool {
        self.output.is_some() || self.query.is_some()
    }
}

fn format(name: &str) -> Result<Format, Failure> {
    Format::of_name(name).ok_or_else(|| Failure::configuration(format!("Unknown output type: {name}")))
}

/// A variable of the process. An empty one counts as one that is not set.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

fn checked_url(url: String) -> Result<String, Failure> {
    if url.contains("://") {
        return Ok(url);
    }
    // A host without a scheme is shown, as the AWS CLI does it. What may be more than that, and hold a password, is not.
    let (host, port) = url.split_once(':').unwrap_or((&url, ""));
    let is_name = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._/".contains(&b))
        && port.bytes().all(|b| b.is_ascii_digit() || b == b'/');
    let shown = if is_name { format!("\"{url}\"") } else { format!("({} bytes, not shown)", url.len()) };
    Err(Failure::parameter(format!(
        "Bad value for --endpoint-url {shown}: scheme is missing.  Must be of the form http://<hostname>/ or \
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
