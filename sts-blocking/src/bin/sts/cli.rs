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
        return Err(Failure::usage(format!("Unknown options: {}", unknown.join(", "))));
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
fn parse(mut arguments: Vec<OsString>) -> Result<Parsed, Failure> {
    let mut unknown: Vec<String> = Vec::new();
    loop {
        let all = std::iter::once(OsString::from("sts")).chain(arguments.iter().cloned());
        let error = match command().try_get_matches_from(all) {
            Ok(matches) => {
                // argparse keeps the first stray word for what might be `help`.
                if let Some(stray) = unknown.iter().position(|argument| !argument.starts_with('-')) {
                    let stray = unknown.remove(stray);
                    unknown.push(stray);
                }
                return Ok(Parsed::Matches(matches, unknown));
            }
            Err(error) => error,
        };
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                return Ok(Parsed::Text(error.render().to_string()));
            }
            ErrorKind::UnknownArgument => {
                match position(&arguments, &context(&error, ContextKind::InvalidArg)) {
                    Some(at) => unknown.push(arguments.remove(at).to_string_lossy().into_owned()),
                    None => return Err(words(&error)),
                }
            }
            _ => return Err(words(&error)),
        }
    }
}

fn position(arguments: &[OsString], name: &str) -> Option<usize> {
    let is_it = |argument: &OsString| {
        let argument = argument.to_string_lossy();
        argument == name || argument.strip_prefix(name).is_some_and(|rest| rest.starts_with('='))
    };
    // A short option may stand in a group of them.
    let is_group = |argument: &OsString| name.len() == 2 && argument.to_string_lossy().starts_with(name);
    arguments.iter().position(is_it).or_else(|| arguments.iter().position(is_group))
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
            (&["get-caller-identity", "--foo", "bar", "--x=1"][..], "--foo, --x=1, bar"),
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
    fn every_subcommand_has_an_example() {
        for action in ACTIONS {
            assert!(text(&[action.name, "--help"]).contains(action.example), "{}", action.name);
        }
        for extra in commands::ALL {
            assert!(text(&[extra.name, "--help"]).contains("Example:\n  sts "), "{}", extra.name);
        }
    }
}
