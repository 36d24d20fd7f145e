//! What goes wrong, with the words and the exit codes of version 2 of the AWS CLI.
//!
//! AWS: [return codes](https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html).

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use sts_blocking::{Error, ErrorKind, TransportKind};

use crate::global::Globals;
use crate::stdio;

/// The command line, or what it hands over, is wrong.
const USAGE: u8 = 252;
/// Region or credentials are missing or cannot be used.
const CONFIGURATION: u8 = 253;
/// STS refused.
const SERVICE: u8 = 254;
/// Anything else.
const GENERAL: u8 = 255;

const BANNER: &str = "usage: sts [options] <command> [parameters]\nTo see help text, you can run:\n\n  sts help\n  sts <command> help\n\n";

/// Why the program ends without having done what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    text: String,
    has_banner: bool,
}

impl Failure {
    /// The options cannot be understood.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { code: USAGE, text: text.into(), has_banner: true }
    }

    /// A parameter breaks a rule.
    pub(crate) fn parameter(text: impl Into<String>) -> Self {
        Self { code: USAGE, text: text.into(), has_banner: false }
    }

    /// Region or credentials are missing.
    pub(crate) fn configuration(text: impl Into<String>) -> Self {
        Self { code: CONFIGURATION, text: text.into(), has_banner: false }
    }

    /// Anything else.
    pub(crate) fn general(text: impl Into<String>) -> Self {
        Self { code: GENERAL, text: text.into(), has_banner: false }
    }

    /// A setting that the library refuses.
    pub(crate) fn setting(error: &Error) -> Self {
        Self::configuration(error.to_string())
    }

    /// The library's error from a call to that URL.
    pub(crate) fn of_call(error: &Error, action: &str, url: &str, globals: &Globals) -> Self {
        let failure = match error.kind() {
            ErrorKind::Service => Self { code: SERVICE, text: refusal(error, action), has_banner: false },
            ErrorKind::InvalidInput => Self::setting(error),
            ErrorKind::Transport => Self::general(transport(error, url)),
            _ => Self::general(error.to_string()),
        };
        let Some(hint) = error.hint().filter(|_| error.kind() == ErrorKind::Service) else { return failure };
        // For people only: a script compares what the AWS CLI prints.
        if globals.debug || io::stderr().is_terminal() {
            return Self { text: format!("{}\nHint: {hint}", failure.text), ..failure };
        }
        failure
    }

    /// Says it, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let before = if self.has_banner { BANNER } else { "\n" };
        stdio::complain(&format!("{before}{}\n", self.text));
        ExitCode::from(self.code)
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// The AWS CLI's sentence about a refusal. Secrets of ours are taken out of it by the library already.
fn refusal(error: &Error, action: &str) -> String {
    let (code, message) =
        error.service().map_or(("Unknown", None), |service| (service.code_text(), service.message()));
    let retries = error.attempts().saturating_sub(1);
    let reached = match retries {
        1.. if error.is_retryable() => format!(" (reached max retries: {retries})"),
        _ => String::new(),
    };
    visible(&format!(
        "An error occurred ({code}) when calling the {action} operation{reached}: {}",
        message.unwrap_or("Unknown")
    ))
}

/// What a service says may hold anything: what would move the cursor or colour the terminal is escaped.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && c != '\n' && c != '\t' { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// The AWS CLI's sentence first, then what is known besides.
fn transport(error: &Error, url: &str) -> String {
    let sentence = match error.transport_kind() {
        Some(TransportKind::Dns | TransportKind::Connect) => {
            format!("Could not connect to the endpoint URL: \"{url}\"")
        }
        Some(TransportKind::Timeout) => format!("Read timeout on endpoint URL: \"{url}\""),
        Some(TransportKind::Tls) => format!("SSL validation failed for {url}"),
        Some(TransportKind::Closed) => {
            format!("Connection was closed before we received a valid response from endpoint URL: \"{url}\".")
        }
        Some(TransportKind::Proxy | TransportKind::ProxyRefused) => {
            format!("Failed to connect to proxy URL on the way to \"{url}\"")
        }
        _ => return error.to_string(),
    };
    format!("{sentence}\n{error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_steered_by_a_service() {
        assert_eq!(visible("a\u{1b}[31m\nb\té"), "a\\u{1b}[31m\nb\té");
    }
}
