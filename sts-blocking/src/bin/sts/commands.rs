//! What `aws sts` has not: a file and a line per subcommand.

use std::process::ExitCode;

use clap::{ArgMatches, Command};

use crate::failure::Failure;
use crate::global::Globals;

mod completions;
mod man;

/// Every one of them.
pub(crate) const ALL: &[Extra] = &[completions::EXTRA, man::EXTRA];

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
