//! Assumes a role and asks who one is then: against a local STS that verifies signatures, or against AWS with `--aws`.

#![allow(clippy::print_stderr, reason = "a program says on stderr why it fails")]

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use sts_blocking::operation::{AssumeRole, GetCallerIdentity};
use sts_blocking::time::format_description::well_known::Rfc3339;
use sts_blocking::{Client, Credentials};
use sts_tests::server::Server;

const USAGE: &str = "usage: quickstart [--aws [--role-arn ARN]]

Without --aws, everything happens on this machine.
With --aws, AWS is asked who the credentials in the environment belong to (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN), in the region AWS_REGION; with --role-arn, that role is assumed first.";

/// The role that is assumed locally; any will do.
const LOCAL_ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<_> =
        env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        [] => local(),
        ["--aws"] => aws(None),
        ["--aws", "--role-arn", arn] => aws(Some(arn)),
        ["--help" | "-h"] => writeln!(io::stdout(), "{USAGE}").map_err(Into::into),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("quickstart: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprint!(": {error}");
                cause = error.source();
            }
            eprintln!();
            ExitCode::FAILURE
        }
    }
}

fn local() -> Outcome {
    let server = Server::start()?;
    writeln!(io::stdout(), "local STS        {}", server.url())?;
    let user = server.user();
    let credentials = Credentials::new(user.access_key_id(), user.secret_access_key())?;
    let client =
        Client::builder().region("us-east-1").endpoint_url(server.url()).credentials(credentials).build()?;
    assume(&client, LOCAL_ROLE)
}

fn aws(role_arn: Option<&str>) -> Outcome {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let region = set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION")).ok_or("AWS_REGION is not set")?;
    let client = Client::builder().region(region).credentials_from_env().build()?;
    writeln!(io::stdout(), "AWS STS          {} ({})", client.endpoint().url(), client.endpoint().rule())?;
    match role_arn {
        Some(arn) => assume(&client, arn),
        None => who(&client),
    }
}

fn assume(client: &Client, role_arn: &str) -> Outcome {
    let role = client.send(AssumeRole::new(role_arn, "quickstart").duration_seconds(900))?;
    writeln!(io::stdout(), "assumed role     {}", role.assumed_role_user.arn)?;
    if let Some(expiration) = role.credentials.expiration() {
        writeln!(io::stdout(), "expires          {}", expiration.format(&Rfc3339)?)?;
    }
    who(&client.with_credentials(role.into_output().credentials))
}

fn who(client: &Client) -> Outcome {
    let identity = client.send(GetCallerIdentity::new())?;
    writeln!(io::stdout(), "caller identity  {} (account {})", identity.arn, identity.account)?;
    Ok(())
}
