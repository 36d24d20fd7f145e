//! `decode-authorization-message --pretty`: from the text of a refusal to the document in it.

use std::io::{self, IsTerminal};

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Map, Value};
use sts_blocking::authorization;

use crate::cli;
use crate::failure::Failure;
use crate::model::Action;
use crate::stdio;

/// The subcommand.
pub(super) const NAME: &str = "decode-authorization-message";

/// The operation's one parameter.
const PARAMETER: &str = "EncodedMessage";

pub(super) fn arguments(command: Command) -> Command {
    command.arg(Arg::new("pretty").long("pretty").action(ArgAction::SetTrue).help(
        "Print the decoded document itself. The message may be a whole refusal, and is read from standard input where \
         no option has it",
    ))
}

/// Whether that is asked for.
pub(super) fn is_wanted(action: &Action, matches: &ArgMatches) -> bool {
    action.name == NAME && matches.get_flag("pretty")
}

/// Finds the encoded message in what was given, or else in standard input.
pub(super) fn find(parameters: &mut Map<String, Value>, has_document: bool) -> Result<(), Failure> {
    let text = match parameters.get(PARAMETER).and_then(Value::as_str) {
        Some(text) => text.to_owned(),
        None if has_document => return Ok(()),
        None => read()?,
    };
    let text = text.trim();
    // What is announced by no words is taken as it is: the service decides.
    let is_word = !text.is_empty() && !text.contains(char::is_whitespace);
    let encoded = authorization::find(text).or_else(|| is_word.then_some(text));
    let encoded = encoded.ok_or_else(|| {
        Failure::parameter("There is no encoded authorization failure message in the text that was given")
    })?;
    parameters.insert(PARAMETER.to_owned(), encoded.into());
    Ok(())
}

fn read() -> Result<String, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(cli::refused("the following arguments are required: --encoded-message"));
    }
    let bytes = stdio::read_all(stdin.lock())
        .map_err(|error| Failure::parameter(format!("standard input cannot be read: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The document in a reply.
pub(super) fn pretty(mut reply: Value) -> Result<Value, Failure> {
    let document = reply.get_mut("DecodedMessage").map(Value::take);
    let document = document.as_ref().and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
    document.ok_or_else(|| Failure::general("The decoded message is no JSON; leave --pretty out to see it"))
}
