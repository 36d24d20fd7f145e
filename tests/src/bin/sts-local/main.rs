//! A local STS for any AWS tool: it prints the lines that point a shell at it, and serves until it is interrupted.

#![allow(clippy::print_stderr, reason = "a program says on stderr why it fails")]

mod arguments;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::{env, thread};

use arguments::{Arguments, Command, Strike};
use sts_tests::server::{Config, Metadata, Options, Server};

fn main() -> ExitCode {
    let arguments = match arguments::parse(env::args().skip(1)) {
        Ok(Command::Serve(arguments)) => arguments,
        Ok(Command::Help) => {
            // Nobody reads it: then it is not missed.
            let _ = writeln!(io::stdout(), "{}", arguments::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(complaint) => {
            eprintln!("sts-local: {complaint}\n\n{}", arguments::USAGE);
            return ExitCode::from(2);
        }
    };
    match serve(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sts-local: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let mut options = Options::new().port(arguments.port);
    if let Some(file) = &arguments.config {
        options = options.config(Config::read(file)?);
    }
    if let Some(seconds) = arguments.clock_offset {
        options = options.clock_offset(seconds);
    }
    if arguments.tls {
        options = options.tls();
    }
    if arguments.metadata {
        options = options.metadata();
    }
    if arguments.accept_beyond_model {
        options = options.accept_beyond_model();
    }
    if arguments.log {
        options = options.log(|text| eprintln!("{text}"));
    }
    let server = Server::with(options)?;
    for (fault, strike) in &arguments.faults {
        match *strike {
            Strike::Times(times) => (0..times).for_each(|_| server.fault_next(fault.clone())),
            Strike::Rate(rate) => server.fault_rate(fault.clone(), rate, arguments.seed),
        }
    }
    let mut out = io::stdout();
    for line in environment(&server) {
        writeln!(out, "{line}")?;
    }
    if arguments.metadata {
        // As comments: with them, the keys above would be forgotten or ignored.
        let (url, path, token) = (server.url(), Metadata::CONTAINER_PATH, Metadata::CONTAINER_TOKEN);
        writeln!(out, "# export AWS_EC2_METADATA_SERVICE_ENDPOINT={url}")?;
        writeln!(out, "# export AWS_CONTAINER_CREDENTIALS_FULL_URI={url}{path}")?;
        writeln!(out, "# export AWS_CONTAINER_AUTHORIZATION_TOKEN={token}")?;
    }
    if let Some(pem) = server.ca_pem() {
        let file = write_authority(arguments.ca_file.as_deref(), pem)?;
        writeln!(out, "export AWS_CA_BUNDLE={}", quoted(&file.display().to_string()))?;
        eprint!("{pem}");
    }
    out.flush()?;
    loop {
        // Until a signal ends the process; everything it holds is its own.
        thread::park();
    }
}

/// Where AWS tools can read it.
fn write_authority(file: Option<&Path>, pem: &str) -> Result<PathBuf, String> {
    let written = match file {
        Some(file) => fs::write(file, pem).map(|()| file.to_owned()),
        None => {
            let file = env::temp_dir().join(format!("sts-local-{}-ca.pem", process::id()));
            // Others can write to that directory: whatever stands there already is not followed.
            let created = OpenOptions::new().write(true).create_new(true).open(&file);
            created.and_then(|mut open| open.write_all(pem.as_bytes())).map(|()| file)
        }
    };
    written.map_err(|error| format!("the authority's certificate cannot be written: {error}"))
}

/// Lines for a POSIX shell.
fn environment(server: &Server) -> Vec<String> {
    let user = server.user();
    let exports = [
        ("AWS_ENDPOINT_URL_STS", server.url()),
        ("AWS_ACCESS_KEY_ID", user.access_key_id()),
        ("AWS_SECRET_ACCESS_KEY", user.secret_access_key()),
        ("AWS_REGION", "us-east-1"),
        // The AWS CLI and boto3 read this one only.
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ];
    let unset = std::iter::once("unset AWS_SESSION_TOKEN AWS_PROFILE".to_owned());
    let exports = exports.iter().map(|(name, value)| format!("export {name}={}", quoted(value)));
    unset.chain(exports).collect()
}

/// As one word of a POSIX shell.
fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:+=@,".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_a_shell_can_read() {
        let server = Server::start().expect("a server");
        let lines = environment(&server);
        assert!(lines.contains(&format!("export AWS_ENDPOINT_URL_STS={}", server.url())), "{lines:?}");
        assert_eq!(quoted("a b'c"), r"'a b'\''c'");
        assert_eq!(quoted(""), "''");
    }
}
