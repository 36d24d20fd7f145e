//! An operation as a subcommand: options to a request, the reply to what is printed.

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Map, Value};
use sts_blocking::operation::{Element, Operation};
use sts_blocking::time::OffsetDateTime;
use sts_blocking::time::format_description::well_known::Rfc3339;
use sts_blocking::{Call, Client};

use crate::failure::Failure;
use crate::global::Globals;
use crate::input::{self, Given};
use crate::model::{Action, Input, Member, Shape};
use crate::preview::{self, Preview};
use crate::session::{self, Wanted};
use crate::{cli, output, stdio};

mod authorization;
mod reply;
mod request;

/// Adds the options of the operation that has the subcommand's name.
pub(crate) fn arguments(command: Command) -> Command {
    let members =
        Action::of_name(command.get_name()).map(Action::input).map_or_else(Vec::new, |input| input.members);
    let is_decoding = command.get_name() == authorization::NAME;
    let command = command.args(members.into_iter().map(argument)).args(common());
    if is_decoding { authorization::arguments(command) } else { command }
}

fn argument(member: Member) -> Arg {
    let Member { option, rule, shape, .. } = member;
    let value = option.replace('-', "_").to_uppercase();
    let arg = Arg::new(option.clone()).long(option).help(rule).value_name(value).allow_negative_numbers(true);
    match shape {
        Shape::List { .. } => arg.num_args(0..),
        _ => arg,
    }
}

fn common() -> [Arg; 6] {
    let arg = |name: &'static str, help: &'static str| Arg::new(name).long(name).help(help);
    [
        arg("cli-input-json", "The parameters as a JSON text, `file://PATH` or `-`; options go before it")
            .value_name("JSON"),
        arg(
            "generate-cli-skeleton",
            "Print what --cli-input-json takes, or what a reply is like, and send nothing",
        )
        .value_name("input|output")
        .num_args(0..=1)
        .default_missing_value("input")
        .value_parser(PossibleValuesParser::new(["input", "output"])),
        arg("dry-run", "Print the request, and send nothing").action(ArgAction::SetTrue),
        arg("curl", "Print the request as a command line of curl, and send nothing")
            .action(ArgAction::SetTrue),
        arg("sign-at", "Sign for that time (RFC 3339) instead of now").value_name("TIME"),
        arg("show-secrets", "Do not redact what --dry-run and --curl print").action(ArgAction::SetTrue),
    ]
}

/// That what must be given is given, unless a document may have it.
pub(crate) fn require(action: &Action, matches: &ArgMatches) -> Result<(), Failure> {
    let skeleton = matches.get_one::<String>("generate-cli-skeleton").map(String::as_str);
    if matches.contains_id("cli-input-json") || skeleton == Some("input") {
        return Ok(());
    }
    if authorization::is_wanted(action, matches) {
        return Ok(());
    }
    let is_missing = |member: &Member| member.required && !matches.contains_id(&member.option);
    let missing = action.input().members.into_iter().filter(is_missing);
    let missing: Vec<String> = missing.map(|member| format!("--{}", member.option)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(cli::refused(format!("the following arguments are required: {}", missing.join(", "))))
}

/// Runs the subcommand, of which [`require`] was asked before.
pub(crate) fn run(action: &Action, matches: &ArgMatches, globals: &Globals) -> Result<ExitCode, Failure> {
    let input = action.input();
    let skeleton = matches.get_one::<String>("generate-cli-skeleton").map(String::as_str);
    let document = matches.get_one::<String>("cli-input-json");
    let mut parameters = parameters(&input.members, matches)?;
    if authorization::is_wanted(action, matches) && skeleton.is_none() {
        authorization::find(&mut parameters, document.is_some())?;
    }
    if let Some(document) = document {
        input::add_json(&mut parameters, document)?;
    }
    if skeleton == Some("input") {
        stdio::print(&(output::to_json(&input::skeleton(&input.members)) + "\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    input::check(&input.members, &parameters)?;
    if skeleton == Some("output") {
        output::print(action.action, reply::skeleton(action.output, globals.format()?), globals)?;
        return Ok(ExitCode::SUCCESS);
    }

    let preview = Preview::of(matches);
    let is_signed = input.is_signed && globals.signs;
    let sign_at = matches.get_one::<String>("sign-at").map(|text| moment(text)).transpose()?;
    // A preview is given the time itself.
    let sign_at_call = sign_at.filter(|_| preview.is_none());
    let client = session::client(
        globals,
        Wanted { credentials: is_signed, sign_at: sign_at_call, ..Wanted::default() },
    )?;
    let (raw, secrets) = request::of(action, &input, &parameters);
    let shown = if authorization::is_wanted(action, matches) { authorization::pretty } else { Ok };
    let way = Way { action, globals, preview, secrets: &secrets, sign_at, shown };
    if is_signed {
        finish(client.call(raw), &client, &way)
    } else {
        finish(client.call(raw.unsigned()), &client, &way)
    }
}

/// What is done with a call.
struct Way<'a> {
    action: &'a Action,
    globals: &'a Globals,
    preview: Option<Preview>,
    secrets: &'a [String],
    sign_at: Option<OffsetDateTime>,
    /// What of a reply is printed.
    shown: fn(Value) -> Result<Value, Failure>,
}

fn finish<O: Operation<Output = Element>>(
    call: Call<'_, O>,
    client: &Client,
    way: &Way<'_>,
) -> Result<ExitCode, Failure> {
    let Way { action, globals, .. } = *way;
    let url = client.endpoint().url().to_string();
    let failure = |error| Failure::of_call(&error, action.action, &url, globals);
    if let Some(preview) = way.preview {
        let request =
            call.first_request(way.sign_at.unwrap_or_else(OffsetDateTime::now_utc)).map_err(failure)?;
        stdio::print(&preview::render(&request, preview, way.secrets))?;
        return Ok(ExitCode::SUCCESS);
    }
    let element = call.send().map_err(failure)?.into_output();
    let value = reply::of(action, &element).map_err(|fault| {
        let action = action.action;
        Failure::general(format!("{action} was answered by something that is not an STS reply: {fault}"))
    })?;
    output::print(action.action, (way.shown)(value)?, globals)?;
    Ok(ExitCode::SUCCESS)
}

fn parameters(members: &[Member], matches: &ArgMatches) -> Result<Map<String, Value>, Failure> {
    let mut parameters = Map::new();
    for member in members.iter().filter(|member| matches.contains_id(&member.option)) {
        let mut values = matches.get_many::<String>(&member.option).into_iter().flatten().cloned();
        let given = match member.shape {
            Shape::List { .. } => Given::Many(values.collect()),
            _ => Given::One(values.next().unwrap_or_default()),
        };
        parameters.insert(member.name.clone(), input::read(member, given)?);
    }
    Ok(parameters)
}

fn moment(text: &str) -> Result<OffsetDateTime, Failure> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
        Failure::parameter(format!(
            "Bad value for --sign-at \"{text}\": a time as in RFC 3339 is needed, such as 2026-01-02T03:04:05Z"
        ))
    })
}

impl Input {
    /// The parameter of that name.
    fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}
