//! `sts eks-verify`.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgMatches, Command};
use serde_json::{Value, json};
use sts_blocking::endpoint::{EndpointRule, Partition};
use sts_blocking::step::Seq;
use sts_blocking::time::OffsetDateTime;
use sts_blocking::token::eks::Verifier;

use super::Extra;
use crate::failure::Failure;
use crate::global::Globals;
use crate::session::{self, Wanted};
use crate::{input, output};

pub(super) const EXTRA: Extra = Extra {
    name: "eks-verify",
    about: "Verifies a token of an EKS cluster, and prints who made it",
    example: "sts eks-token --cluster-name my-cluster | sts eks-verify --cluster-name my-cluster",
    arguments,
    run,
};

/// How long STS may take, as in aws-iam-authenticator.
const PATIENCE: Duration = Duration::from_secs(10);

fn arguments(command: Command) -> Command {
    command
        .arg(
            Arg::new("cluster-name")
                .long("cluster-name")
                .visible_alias("cluster-id")
                .value_name("NAME")
                .required(true)
                .help("The cluster that the token has to be for"),
        )
        .arg(
            Arg::new("token")
                .value_name("TOKEN")
                .default_value("-")
                .help("The token or its ExecCredential: a text, `file://PATH`, or `-` for standard input"),
        )
}

fn run(matches: &ArgMatches, globals: &Globals) -> Result<ExitCode, Failure> {
    let text = matches.get_one::<String>("token").map_or("-", String::as_str);
    let text = input::load(text, "token", true)?.unwrap_or_else(|| text.to_owned());
    let token = token(text.trim())?;
    let cluster = matches.get_one::<String>("cluster-name").map_or("", String::as_str);
    // The token names the host: the client's region says no more than which partition's hosts are believed.
    let has_region = globals.region.is_some() || globals.config()?.region().is_some();
    let region = (!has_region).then_some("us-east-1");
    let client = session::client(globals, Wanted { region, ..Wanted::default() })?;
    let region = client.settings().get("Region").map_or("us-east-1", |region| region.value.as_str());
    let refused = |error: sts_blocking::Error| Failure::setting(&error);
    let mut verifier = Verifier::new(cluster).map_err(refused)?.partitions([Partition::of_region(region)]);
    let url = client.endpoint().url().to_string();
    if client.endpoint().rule() == EndpointRule::Custom {
        verifier = verifier.endpoint(&url).map_err(refused)?;
    }
    let verification = verifier
        .verify(&token, OffsetDateTime::now_utc())
        .map_err(|rejection| Failure::general(format!("The token is refused: it {rejection}")))?;
    let request = verification.expose_request().map_err(refused)?;
    let step = Seq::start(OffsetDateTime::now_utc(), |ask| async move { ask.send(request, PATIENCE).await });
    let failed = |error| Failure::of_call(&error, "GetCallerIdentity", &url, globals);
    let response = client.drive(step).map_err(failed)?;
    let identity = verification.accept(&response).map_err(failed)?;
    let value = json!({
        "Arn": identity.arn,
        "CanonicalArn": identity.canonical_arn,
        "Account": identity.account,
        "UserId": identity.user_id,
        "SessionName": identity.session_name,
        "AccessKeyId": identity.access_key_id,
    });
    output::print("EksVerify", value, globals)?;
    Ok(ExitCode::SUCCESS)
}

/// The token itself, or that of an ExecCredential.
fn token(text: &str) -> Result<String, Failure> {
    if !text.starts_with('{') {
        return Ok(text.to_owned());
    }
    let value: Option<Value> = serde_json::from_str(text).ok();
    let token = value.as_ref().and_then(|value| value["status"]["token"].as_str());
    token.map(str::to_owned).ok_or_else(|| {
        Failure::parameter("The token is refused: it is no ExecCredential with a status.token")
    })
}
