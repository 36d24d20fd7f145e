//! `sts`: AWS STS on the command line, with the words and the answers of `aws sts`.
//!
//! The program is a table of subcommands over one description of options:
//!
//! - `cli` describes and parses the command line, `global` has the options that every subcommand takes;
//! - `session` makes a client of them, and `obtain` the credentials to hand on;
//! - `model` tells what the operations take and give, `call` makes one: `input` reads its options, `output` prints;
//! - `commands` has what `aws sts` has not, a file each;
//! - `stdio` prints, and `escape` has what a terminal must not get;
//! - `failure` has the exit codes.

// Of clocks only, see clippy.toml. In tests a panic is a failed test.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

use std::process::ExitCode;

mod call;
mod cli;
mod commands;
mod escape;
mod failure;
mod global;
mod input;
mod model;
mod moment;
mod obtain;
mod output;
mod preview;
mod progress;
mod prompt;
mod session;
mod stdio;

fn main() -> ExitCode {
    match cli::run(std::env::args_os().skip(1)) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
