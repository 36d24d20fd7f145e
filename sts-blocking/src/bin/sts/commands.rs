//! What `aws sts` has not: a file and a line per subcommand.

use std::process::ExitCode;

use clap::{ArgMatches, Command};

use crate::failure::Failure;
use crate::global::Globals;

mod account_id;
mod arn;
mod completions;
mod console;
mod credential_process;
mod eks_token;
mod eks_verify;
mod environment;
mod exec;
mod explain;
mod export;
mod man;
mod serve;
mod vault_login;
mod web_identity_token;
mod whoami;

/// Every one of them.
pub(crate) const ALL: &[Extra] = &[
    whoami::EXTRA,
    explain::EXTRA,
    exec::EXTRA,
    export::EXTRA,
    credential_process::EXTRA,
    serve::EXTRA,
    eks_token::EXTRA,
    eks_verify::EXTRA,
    vault_login::EXTRA,
    console::EXTRA,
    web_identity_token::EXTRA,
    account_id::EXTRA,
    arn::EXTRA,
    completions::EXTRA,
    man::EXTRA,
];

/// A subcommand that is no operation of STS. A client of the global options gives `session::client`.
pub(crate) struct Extra {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) about: &'static str,
    /// How it is used, for `--help`.
    pub(crate) example: &'static str,
    /// Adds its own options.
    pub(crate) arguments: fn(Command) -> Command,
    /// Does it.
    pub(crate) run: fn(&ArgMatches, &Globals) -> Result<ExitCode, Failure>,
}

impl Extra {
    /// Its description.
    pub(crate) fn command(&self) -> Command {
        (self.arguments)(
            Command::new(self.name).about(self.about).after_help(format!("Example:\n  {}", self.example)),
        )
    }
}
