//! `sts web-identity-token`.

use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, RangedU64ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::json;
use sts_blocking::operation::{GetWebIdentityToken, Operation};
use sts_blocking::token::web_identity::UnverifiedClaims;
use sts_blocking::{Validation, timestamp};

use super::Extra;
use crate::failure::Failure;
use crate::global::Globals;
use crate::obtain::{self, LongTerm};
use crate::session::Wanted;
use crate::{output, stdio};

pub(super) const EXTRA: Extra = Extra {
    name: "web-identity-token",
    about: "Prints a signed token that tells others who you are, and nothing else",
    example: "sts web-identity-token --audience https://api.example > token",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    obtain::arguments(command).args([
        Arg::new("audience")
            .long("audience")
            .value_name("AUDIENCE")
            .num_args(1..)
            .required(true)
            .help("Whom the token is for"),
        Arg::new("signing-algorithm")
            .long("signing-algorithm")
            .value_name("ALGORITHM")
            .default_value("ES384")
            .value_parser(PossibleValuesParser::new(["ES384", "RS256"]))
            .help("How it is signed"),
        Arg::new("token-seconds")
            .long("token-seconds")
            .value_name("SECONDS")
            .value_parser(RangedU64ValueParser::<u32>::new())
            .help("How long it is good for, from 60 to 3600"),
        Arg::new("scope")
            .long("scope")
            .value_name("SCOPE")
            .help("The OAuth scopes for the token's `scope` claim, with one space between: \"read write\""),
        Arg::new("subject-mode").long("subject-mode").value_name("MODE").help(
            "Whose identity becomes the token's `sub` claim: AWSIdentity (the default), or OriginIdentity",
        ),
        Arg::new("claims")
            .long("claims")
            .action(ArgAction::SetTrue)
            .help("Print what it says instead, which nobody has verified"),
    ])
}

fn run(matches: &ArgMatches, globals: &Globals) -> Result<ExitCode, Failure> {
    let audience = matches.get_many::<String>("audience").into_iter().flatten().cloned();
    let algorithm = matches.get_one::<String>("signing-algorithm").map_or("ES384", String::as_str);
    let mut operation = GetWebIdentityToken::new(audience, algorithm);
    if let Some(seconds) = matches.get_one::<u32>("token-seconds") {
        operation = operation.duration_seconds(*seconds);
    }
    if let Some(scope) = matches.get_one::<String>("scope") {
        operation = operation.scope(scope);
    }
    if let Some(mode) = matches.get_one::<String>("subject-mode") {
        operation = operation.subject_mode(mode.as_str());
    }
    // Before credentials are looked for, and with the exit code of a parameter that breaks a rule.
    operation.validate(Validation::default()).map_err(|error| Failure::parameter(error.to_string()))?;
    let client = obtain::client(matches, globals, Wanted::SIGNED, LongTerm::Keep)?;
    let url = client.endpoint().url().to_string();
    let reply = client
        .send(operation)
        .map_err(|error| Failure::of_call(&error, "GetWebIdentityToken", &url, globals))?
        .into_output();
    let token = reply.web_identity_token.expose();
    if matches.get_flag("claims") {
        let claims = UnverifiedClaims::read(token).map_err(|error| Failure::general(error.to_string()))?;
        let value = json!({
            "Algorithm": claims.algorithm,
            "KeyId": claims.key_id,
            "Issuer": claims.issuer,
            "Subject": claims.subject,
            "Audience": claims.audience,
            "ExpiresAt": claims.expires_at.map(timestamp::rfc3339),
            "NotBefore": claims.not_before.map(timestamp::rfc3339),
            "IssuedAt": claims.issued_at.map(timestamp::rfc3339),
            "Id": claims.id,
        });
        output::print("WebIdentityToken", value, globals)?;
    } else {
        stdio::print(&format!("{token}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}
