//! The command line: described to clap, and refused in the AWS CLI's words.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command};
use sts_blocking::operation::{MODEL, Model};

use crate::failure::Failure;
use crate::global::{self, Globals};
use crate::model::{ACTIONS, Action};
use crate::{call, commands, progress, stdio};

use unknown::Unknown;

mod unknown;

/// Which service model the program follows.
fn service_model() -> String {
    let Model { api_version, botocore, date, .. } = MODEL;
    format!("STS {api_version} as of botocore {botocore} ({date})")
}

/// The whole program as clap sees it.
pub(crate) fn command() -> Command {
    let model = service_model();
    Command::new("sts")
        .version(env!("CARGO_PKG_VERSION"))
        .long_version(format!("{}\nservice model: {model}", env!("CARGO_PKG_VERSION")))
        .about("AWS STS on the command line: the words and the answers of `aws sts`")
        .after_help(format!(
            "Example:\n  sts get-caller-identity --query Arn --output text\n\nService model: {model}"
        ))
        // As Python's argparse has it, and with it the AWS CLI.
        .infer_long_args(true)
        .args_override_self(true)
        .subcommand_required(true)
        .args(global::arguments())
        .subcommands(ACTIONS.iter().map(|action| {
            Command::new(action.name)
                .about(action.about)
                .after_help(format!("Example:\n  {}", action.example))
                .defer(call::arguments)
        }))
        .subcommands(commands::ALL.iter().map(commands::Extra::command))
}

/// Runs the program with these arguments.
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> Result<ExitCode, Failure> {
    let mut arguments: Vec<OsString> = arguments.collect();
    // `sts assume-role help`, as the AWS CLI has it.
    if let [name, help] = arguments.as_mut_slice()
        && help == "help"
        && name != "help"
    {
        *help = "--help".into();
    }
    let (matches, unknown) = match parse(arguments)? {
        Parsed::Matches(matches, unknown) => (matches, unknown),
        Parsed::Text(text) => {
            stdio::print(&text)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let Some((name, matches)) = matches.subcommand() else {
        return Err(refused("the following arguments are required: command"));
    };
    let globals = Globals::of(matches)?;
    if globals.debug {
        progress::debug();
    }
    let action = Action::of_name(name);
    if let Some(action) = action {
        call::require(action, matches)?;
    }
    if !unknown.is_empty() {
        return Err(unknown::refusal(&unknown));
    }
    if let Some(action) = action {
        return call::run(action, matches, &globals);
    }
    match commands::ALL.iter().find(|extra| extra.name == name) {
        Some(extra) => (extra.run)(matches, &globals),
        None => Err(refused(format!("argument command: Invalid choice: {name}"))),
    }
}

enum Parsed {
    /// What was understood, and the options that are unknown.
    Matches(ArgMatches, Vec<String>),
    /// Help, or the version.
    Text(String),
}

/// Parses. Clap stops at the first unknown option; the AWS CLI names them all.
fn parse(arguments: Vec<OsString>) -> Result<Parsed, Failure> {
    let mut unknown = Unknown::new(arguments);
    loop {
        let all = std::iter::once(OsString::from("sts")).chain(unknown.left().cloned());
        let error = match command().try_get_matches_from(all) {
            Ok(matches) => return Ok(Parsed::Matches(matches, unknown.words())),
            Err(error) => error,
        };
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                return Ok(Parsed::Text(error.render().to_string()));
            }
            ErrorKind::UnknownArgument => {
                if !unknown.take(&context(&error, ContextKind::InvalidArg)) {
                    return Err(words(&error));
                }
                if unknown.is_full() {
                    return Err(unknown::refusal(&unknown.words()));
                }
            }
            _ => return Err(words(&error)),
        }
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}

/// Clap's error in argparse's words.
fn words(error: &clap::Error) -> Failure {
    let argument = context(error, ContextKind::InvalidArg);
    let argument = argument.split([' ', '=']).next().unwrap_or_default();
    let value = context(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => {
            refused(format!("argument {argument}: expected one argument"))
        }
        ErrorKind::InvalidValue => {
            let valid = match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(valid)) => valid.as_slice(),
                _ => &[],
            };
            choices(argument, valid)
        }
        ErrorKind::InvalidSubcommand => {
            let names =
                ACTIONS.iter().map(|action| action.name).chain(commands::ALL.iter().map(|extra| extra.name));
            let names: Vec<String> = names.map(str::to_owned).collect();
            choices("operation", &names)
        }
        ErrorKind::MissingRequiredArgument => {
            let names = match error.get(ContextKind::InvalidArg) {
                Some(ContextValue::Strings(names)) => names.as_slice(),
                _ => &[],
            };
            // Without what stands for the values: `--a <A>`, and of a group `<--a <A>|--b <B>>`.
            let bare = |name: &String| {
                let group = name.strip_prefix("<--").map(|group| format!("--{group}"));
                let parts = group.as_deref().unwrap_or(name).split('|');
                parts.map(|part| part.split(" <").next().unwrap_or(part)).collect::<Vec<_>>().join(" or ")
            };
            let names: Vec<String> = names.iter().map(bare).collect();
            refused(format!("the following arguments are required: {}", names.join(", ")))
        }
        // Clap's sentence has the value, which may be a secret.
        ErrorKind::TooManyValues => refused(format!("argument {argument}: takes no value")),
        ErrorKind::UnknownArgument => refused(format!("unknown option {}", argument)),
        ErrorKind::MissingSubcommand => refused("the following arguments are required: operation"),
        _ => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            refused(first.strip_prefix("error: ").unwrap_or(first))
        }
    }
}

/// Two to a line.
fn choices(argument: &str, valid: &[String]) -> Failure {
    let failure = refused(format!("argument {argument}: Invalid choice, valid choices are:")).line("");
    valid.chunks(2).fold(failure, |failure, pair| {
        let pair: Vec<_> = pair.iter().map(|name| format!("{name:<40}")).collect();
        failure.line(&pair.join(" | "))
    })
}

/// What argparse itself refuses.
pub(crate) fn refused(sentence: impl Into<String>) -> Failure {
    Failure::usage(format!("sts: error: {}", sentence.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(arguments: &[&str]) -> String {
        match parse(arguments.iter().map(OsString::from).collect()) {
            Ok(Parsed::Matches(_, unknown)) if unknown.is_empty() => "accepted".to_owned(),
            Ok(Parsed::Matches(_, unknown)) => unknown.join(", "),
            Ok(Parsed::Text(text)) => text,
            Err(failure) => failure.text().to_owned(),
        }
    }

    #[test]
    fn the_description_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn options_are_those_of_argparse() {
        for arguments in [
            &["assume-role", "--role-arn", "a", "--role-arn=b"][..],
            &["assume-role", "--role-a", "a", "--tags", "--region", "x"],
            &["--region", "x", "assume-role", "--tags", "a", "b", "--output", "text"],
            &["get-session-token", "--duration-seconds", "-5"],
            &["get-delegated-access-token", "--trade-in-token", "-"],
            &["get-caller-identity", "--generate-cli-skeleton"],
        ] {
            assert_eq!(text(arguments), "accepted", "{arguments:?}");
        }
    }

    #[test]
    fn refusals_are_those_of_argparse() {
        for (arguments, expected) in [
            (&["get-caller-identity", "--foo", "bar", "--x=1"][..], "--foo, --x=[redacted], [redacted]"),
            (&["assume-role", "--role-arn"], "sts: error: argument --role-arn: expected one argument"),
            (&[], "sts: error: the following arguments are required: operation"),
            (&["arn"], "sts: error: the following arguments are required: <ARN>"),
            (
                &["whoami", "--external-id", "x"],
                "sts: error: the following arguments are required: --role-arn",
            ),
        ] {
            assert_eq!(text(arguments), expected);
        }
        assert!(text(&["get-caller-identity", "--output", "x"]).starts_with(
            "sts: error: argument --output: Invalid choice, valid choices are:\n\njson                                     | text"
        ));
        assert!(
            text(&["get-caller"])
                .contains("\nassume-role                              | assume-role-with-saml")
        );
    }

    #[test]
    fn unknown_words_do_not_show_the_values_of_secret_options() {
        for (arguments, expected) in [
            (&["get-session-token", "--tokencode", "s3cret"][..], "--tokencode, [redacted]"),
            (&["get-session-token", "-token-code=s3cret"], "-token-code=[redacted]"),
            (&["get-session-token", "--token-code", "123", "s3cret"], "[redacted]"),
            (&["get-session-token", "--token-c=123", "s3cret"], "[redacted]"),
            (&["get-caller-identity", "--token-code=s3cret"], "--token-code=[redacted]"),
            (&["get-caller-identity", "--cli-input-json", "{}", "s3cret"], "[redacted]"),
            (&["get-caller-identity", "--debug=s3cret"], "sts: error: argument --debug: takes no value"),
            (&["get-caller-identity", "--region", "x", "y"], "y"),
            (&["get-session-token", "-ts3cret"], "-t[redacted]"),
            (&["get-session-token", "--token-codes3cret"], "--token-code[redacted]"),
            (&["get-session-token", "--token-code", "1", "--", "s3cret"], "[redacted]"),
        ] {
            let said = text(arguments);
            assert_eq!(said, expected, "{arguments:?}");
        }
    }

    /// Each unknown option costs a parse, so their number is bounded: 20,000 of them took minutes.
    #[test]
    fn unknown_options_beyond_a_number_are_not_looked_for() {
        let options: Vec<String> = (0..20_000).map(|i| format!("--x{i}")).collect();
        let arguments: Vec<&str> =
            ["get-caller-identity"].into_iter().chain(options.iter().map(String::as_str)).collect();
        let began = std::time::Instant::now();
        let said = text(&arguments);
        assert!(began.elapsed() < std::time::Duration::from_secs(30));
        assert!(
            said.starts_with("Unknown options: --x0, --x1, ") && said.ends_with("--x15 and more"),
            "{said}"
        );
    }

    #[test]
    fn every_subcommand_has_an_example() {
        for action in ACTIONS {
            assert!(text(&[action.name, "--help"]).contains(action.example), "{}", action.name);
        }
        for extra in commands::ALL {
            assert!(text(&[extra.name, "--help"]).contains("Example:\n  sts "), "{}", extra.name);
        }
    }
}
