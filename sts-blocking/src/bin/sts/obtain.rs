//! Credentials for other programs: from the chain, from a role assumed with the chain's, or from a session, each perhaps
//! narrowed by a policy.

use std::sync::Arc;

use clap::builder::RangedU64ValueParser;
use clap::{Arg, ArgMatches, Command};
use sts_blocking::operation::{AssumeRole, GetScopedCredentials, GetSessionToken, Operation};
use sts_blocking::source::{AssumedRole, Chain, Context, Found, Looking, Scoped, Source};
use sts_blocking::{Client, Credentials, Provider, Validation};

use crate::failure::Failure;
use crate::global::Globals;
use crate::input;
use crate::session::{self, Wanted};

/// Adds the options of a role.
pub(crate) fn arguments(command: Command) -> Command {
    let arg = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help).help_heading("Role")
    };
    let options = [
        arg("role-session-name", "NAME", "The session's name; by default a random one"),
        arg("external-id", "ID", "The external id, `file://PATH` or `-`"),
        arg("duration-seconds", "SECONDS", "How long the session lasts")
            .value_parser(RangedU64ValueParser::<u32>::new()),
        arg("serial-number", "ARN", "The MFA device, whose code is asked for on a terminal"),
        arg("token-code", "CODE", "The MFA device's code, `file://PATH` or `-`"),
    ];
    command
        .arg(arg("role-arn", "ARN", "Assume this role, and hand on its credentials"))
        .args(options.map(|option| option.requires("role-arn")))
}

/// The option of a policy, for commands that pass credentials to other programs.
pub(crate) fn policy() -> Arg {
    Arg::new("policy")
        .long("policy")
        .value_name("POLICY")
        .help("Narrow the permissions of the credentials to this policy: JSON, `file://PATH` or `-`")
}

/// The role that the options name.
pub(crate) fn role(matches: &ArgMatches) -> Result<Option<AssumeRole>, Failure> {
    let text = |name: &str| matches.get_one::<String>(name);
    let Some(arn) = text("role-arn") else { return Ok(None) };
    let session_name = text("role-session-name").cloned().unwrap_or_default();
    let mut operation = AssumeRole::new(arn, session_name);
    if let Some(id) = secret(matches, "external-id")? {
        operation = operation.external_id(id);
    }
    if let Some(seconds) = matches.get_one::<u32>("duration-seconds") {
        operation = operation.duration_seconds(*seconds);
    }
    if let Some(serial_number) = text("serial-number") {
        operation = operation.serial_number(serial_number);
    }
    if let Some(code) = secret(matches, "token-code")? {
        operation = operation.token_code(code);
    }
    Ok(Some(operation))
}

/// The value of an option that is a secret, which may stand elsewhere than on the command line.
pub(crate) fn secret(matches: &ArgMatches, name: &str) -> Result<Option<String>, Failure> {
    let Some(value) = matches.get_one::<String>(name) else { return Ok(None) };
    Ok(Some(input::load(value, name, true)?.unwrap_or_else(|| value.clone())))
}

/// Whether long-term credentials are handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LongTerm {
    /// As they are.
    Keep,
    /// Never: those of a session take their place.
    Trade,
}

/// A client with the credentials to hand on. Where there are none, it is an error now.
pub(crate) fn client(
    matches: &ArgMatches,
    globals: &Globals,
    wanted: Wanted,
    long_term: LongTerm,
) -> Result<Client, Failure> {
    let client = session::client(globals, wanted)?;
    let role = role(matches)?;
    // A role whose session is in the cache needs no base.
    let base = match role {
        Some(_) if wanted.caches_roles => None,
        _ => Some(credentials(&client, globals)?),
    };
    let Some(provider) = client.provider().cloned() else { return Ok(client) };
    let is_long_term = base.is_some_and(|base| base.session_token().is_none());
    let chain = match role {
        Some(operation) => {
            let config = session::config(globals, wanted)?;
            Chain::new().with(AssumedRole::new(Base(provider), operation).cached_as(&config))
        }
        None if long_term == LongTerm::Trade && is_long_term => Chain::new().with(Session(provider)),
        None => return Ok(client),
    };
    let client = client.with_provider(Provider::new(&client, chain));
    credentials(&client, globals)?;
    Ok(client)
}

/// The client of a command with the option [`policy`]: its credentials are narrowed to the policy, if one is given.
///
/// STS scopes temporary credentials only, so with a policy long-term credentials are traded for a session's.
pub(crate) fn scoped_client(
    matches: &ArgMatches,
    globals: &Globals,
    long_term: LongTerm,
) -> Result<Client, Failure> {
    let Some(policy) = secret(matches, "policy")? else {
        return client(matches, globals, Wanted::SIGNED, long_term);
    };
    GetScopedCredentials::new()
        .policy(policy.as_str())
        .validate(Validation::default())
        .map_err(|error| Failure::parameter(error.to_string()))?;
    let client = client(matches, globals, Wanted::SIGNED, LongTerm::Trade)?;
    // Without a provider there would be credentials that the policy does not narrow.
    let provider = client.provider().cloned().ok_or_else(|| {
        Failure::configuration("--policy narrows credentials, which --no-sign-request leaves out")
    })?;
    let chain = Chain::new().with(Scoped::new(Base(provider), policy));
    Ok(client.with_provider(Provider::new(&client, chain)))
}

/// The credentials of a client that has some.
pub(crate) fn credentials(client: &Client, globals: &Globals) -> Result<Arc<Credentials>, Failure> {
    let url = client.endpoint().url().to_string();
    let found =
        client.credentials().map_err(|error| Failure::of_call(&error, "AssumeRole", &url, globals))?;
    found.ok_or_else(|| Failure::configuration("this takes credentials, which --no-sign-request leaves out"))
}

/// What another provider has: refreshed there.
#[derive(Debug)]
struct Base(Provider);

impl Source for Base {
    fn name(&self) -> &'static str {
        "base"
    }

    fn look<'a>(&'a self, _: &'a Context) -> Looking<'a> {
        Box::pin(async move { Ok(Found::Credentials((*self.0.credentials()?).clone())) })
    }
}

/// A session of the user whose long-term credentials another provider has.
#[derive(Debug)]
struct Session(Provider);

impl Source for Session {
    fn name(&self) -> &'static str {
        "session"
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(async move {
            let base = self.0.credentials()?;
            let account = base.account_id().map(str::to_owned);
            let credentials =
                context.call(GetSessionToken::new(), Some(base)).await?.into_output().credentials;
            let credentials = credentials.with_source(self.name());
            Ok(Found::Credentials(match account {
                Some(account) => credentials.with_account_id(account),
                None => credentials,
            }))
        })
    }
}
