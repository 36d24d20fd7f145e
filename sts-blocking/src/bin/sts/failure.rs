//! What goes wrong, with the words and the exit codes of version 2 of the AWS CLI.
//!
//! AWS: [return codes](https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html).

use std::borrow::Cow;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use sts_blocking::config::Files;
use sts_blocking::source::Outcome;
use sts_blocking::{Error, ErrorKind, TransportKind};
use sts_proto::{Rule, Violation, escape_controls};

use crate::escape::visible;
use crate::global::{Globals, variable};
use crate::stdio;

/// The command line, or what it hands over, is wrong.
const USAGE: u8 = 252;
/// Region or credentials are missing or cannot be used.
const CONFIGURATION: u8 = 253;
/// STS refused.
const SERVICE: u8 = 254;
/// Anything else.
const GENERAL: u8 = 255;

const NO_CREDENTIALS: &str =
    "Unable to locate credentials. You can configure credentials by running \"aws configure\".";

const BANNER: &str = "usage: sts [options] <command> [parameters]\nTo see help text, you can run:\n\n  sts help\n  sts <command> help\n\n";

/// Why the program ends without having done what was asked.
///
/// Each text that it is made of is one line, whose control characters are escaped here and nowhere else; a message of several
/// lines is made by [`line`](Self::line). So no path, name or value can add a line.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    text: String,
    has_banner: bool,
}

impl Failure {
    /// The options cannot be understood.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { has_banner: true, ..Self::with_code(USAGE, text) }
    }

    /// A parameter breaks a rule.
    pub(crate) fn parameter(text: impl Into<String>) -> Self {
        Self::with_code(USAGE, text)
    }

    /// Region or credentials are missing.
    pub(crate) fn configuration(text: impl Into<String>) -> Self {
        Self::with_code(CONFIGURATION, text)
    }

    /// Anything else.
    pub(crate) fn general(text: impl Into<String>) -> Self {
        Self::with_code(GENERAL, text)
    }

    /// With the exit code that others have for it.
    pub(crate) fn with_code(code: u8, text: impl Into<String>) -> Self {
        Self { code, text: escape_controls(text.into()).into_owned(), has_banner: false }
    }

    /// The same with one line more.
    pub(crate) fn line(mut self, text: &str) -> Self {
        self.text.push('\n');
        self.text.push_str(&escape_controls(text));
        self
    }

    /// The same with these lines more.
    pub(crate) fn lines<'a>(self, lines: impl IntoIterator<Item = &'a str>) -> Self {
        lines.into_iter().fold(self, Self::line)
    }

    /// The same, as one of the configuration.
    pub(crate) fn into_configuration(self) -> Self {
        Self { code: CONFIGURATION, ..self }
    }

    /// A setting that the library refuses.
    pub(crate) fn setting(error: &Error) -> Self {
        Self::configuration(error.to_string())
    }

    /// The configuration cannot be read. Version 2 of the AWS CLI has 255 for a profile that does not exist.
    pub(crate) fn of_config(error: &Error, profile: Option<&str>) -> Self {
        let names_none = error.violations().iter().any(|violation| {
            let rule = violation.rule().to_string();
            matches!(violation.parameter(), "Profile" | "AWS_PROFILE" | "AWS_DEFAULT_PROFILE")
                && rule.starts_with("names a profile that does not exist")
        });
        if !names_none {
            return Self::setting(error);
        }
        let name = profile.map(str::to_owned).or_else(|| variable("AWS_PROFILE"));
        let name = name.or_else(|| variable("AWS_DEFAULT_PROFILE")).unwrap_or_default();
        Self::general(format!("The config profile ({name}) could not be found"))
    }

    /// The library's error from a call to that URL.
    pub(crate) fn of_call(error: &Error, action: &str, url: &str, globals: &Globals) -> Self {
        let action = error.action().unwrap_or(action);
        let failure = match error.kind() {
            ErrorKind::Service => Self::refusal(error, action),
            ErrorKind::InvalidInput | ErrorKind::Credentials => Self::of_credentials(error, globals),
            ErrorKind::Transport => Self::transport(error, url),
            _ => Self::general(error.to_string()),
        };
        let failure = match error.report().filter(|_| globals.debug) {
            // A line for each source.
            Some(report) => failure.lines(report.to_string().lines()),
            None => failure,
        };
        let Some(hint) = error.hint().filter(|_| error.kind() == ErrorKind::Service) else { return failure };
        // For people only: a script compares what the AWS CLI prints.
        if globals.debug || io::stderr().is_terminal() {
            return failure.line(&format!("Hint: {hint}"));
        }
        failure
    }

    /// None were found, or what there is cannot be used.
    fn of_credentials(error: &Error, globals: &Globals) -> Self {
        let Some(report) = error.report() else { return Self::setting(error) };
        let is_nothing = report.looks().iter().all(|look| matches!(look.outcome, Outcome::Skipped(_)));
        if is_nothing {
            let places: Vec<&str> = report.looks().iter().map(|look| &*look.source).collect();
            return Self::configuration(NO_CREDENTIALS).line(&format!(
                "Looked at {}: none is set up. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose a profile with \
                 --profile; `sts explain` tells more.",
                places.join(", ")
            ));
        }
        let is_missing = |violation: &&Violation| {
            violation.parameter() == "AWS_SECRET_ACCESS_KEY" && *violation.rule() == Rule::Required
        };
        if let Some(missing) = error.violations().iter().find(is_missing) {
            let name = missing.parameter();
            return Self::general(format!("Partial credentials found in env, missing: {name}"));
        }
        let text = error.to_string();
        // The AWS CLI's sentence, and then which profile it is, with file and line.
        for (found, missing) in
            [("aws_access_key_id", "aws_secret_access_key"), ("aws_secret_access_key", "aws_access_key_id")]
        {
            if text.contains(&format!("has `{found}` and no `{missing}`")) {
                let file = config_file(globals).filter(|file| text.contains(file.as_str()));
                let place = if file.is_some() { "config-file" } else { "shared-credentials-file" };
                return Self::general(format!("Partial credentials found in {place}, missing: {missing}"))
                    .line(&text);
            }
        }
        Self::configuration(text)
    }

    /// The AWS CLI's sentence about a refusal. Secrets of ours are taken out of it by the library already.
    fn refusal(error: &Error, action: &str) -> Self {
        let (code, message) =
            error.service().map_or(("Unknown", None), |service| (service.code_text(), service.message()));
        let retries = error.attempts().saturating_sub(1);
        let reached = match retries {
            1.. if error.is_retryable() => format!(" (reached max retries: {retries})"),
            _ => String::new(),
        };
        let code = cut(code, SHOWN_CODE);
        let mut failure = Self::with_code(
            SERVICE,
            format!("An error occurred ({code}) when calling the {action} operation{reached}: "),
        );
        failure.text.push_str(&visible(&cut(message.unwrap_or("Unknown"), SHOWN)));
        failure
    }

    /// The AWS CLI's sentence first, then what is known besides.
    fn transport(error: &Error, url: &str) -> Self {
        let sentence = match error.transport_kind() {
            Some(TransportKind::Dns | TransportKind::Connect) => {
                format!("Could not connect to the endpoint URL: \"{url}\"")
            }
            Some(TransportKind::Timeout) => format!("Read timeout on endpoint URL: \"{url}\""),
            Some(TransportKind::Tls) => format!("SSL validation failed for {url}"),
            Some(TransportKind::Closed) => {
                format!(
                    "Connection was closed before we received a valid response from endpoint URL: \"{url}\"."
                )
            }
            Some(TransportKind::Proxy | TransportKind::ProxyRefused) => {
                format!("Failed to connect to proxy URL on the way to \"{url}\"")
            }
            _ => return Self::general(error.to_string()),
        };
        Self::general(sentence).line(&error.to_string())
    }

    /// Says it, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let before = if self.has_banner { BANNER } else { "\n" };
        stdio::complain_as_is(&format!("{before}{}\n", self.text));
        ExitCode::from(self.code)
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// The path of the shared config file.
fn config_file(globals: &Globals) -> Option<String> {
    Files::locate(globals.config().ok()?.environment()).ok()?.config
}

/// The most characters of a message that are shown. An encoded authorization message must not be cut, and had up to 10,240
/// as of 2026.
const SHOWN: usize = 64 << 10;

/// The same of a code. The longest of STS's has 39.
const SHOWN_CODE: usize = 256;

fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some(_) => Cow::Owned(text.chars().take(most).chain(['…']).collect()),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_failures_are_lines() {
        let failure = Failure::general("a\u{1b}\n").line("b\r\u{9b}\u{2028}").lines(["c\n", ""]);
        assert_eq!(failure.text(), "a\\u{1b}\\n\nb\\r\\u{9b}\\u{2028}\nc\\n\n");
    }

    #[test]
    fn long_messages_are_cut() {
        assert_eq!(cut(&"é".repeat(SHOWN), SHOWN).chars().count(), SHOWN);
        assert!(cut(&"é".repeat(SHOWN + 1), SHOWN).ends_with("é…"));
    }
}
