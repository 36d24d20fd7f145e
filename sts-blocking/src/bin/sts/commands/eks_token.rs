//! `sts eks-token`.

use std::process::ExitCode;

use clap::{Arg, ArgGroup, ArgMatches, Command};
use sts_blocking::time::OffsetDateTime;
use sts_blocking::token::eks::{EksTokenRequest, ExecApiVersion};

use super::Extra;
use crate::failure::Failure;
use crate::global::{Globals, variable};
use crate::obtain::{self, LongTerm};
use crate::session::Wanted;
use crate::stdio;

pub(super) const EXTRA: Extra = Extra {
    name: "eks-token",
    about: "Prints the token of an EKS cluster as an exec plugin of kubectl does",
    example: "sts eks-token --cluster-name my-cluster --region eu-west-1",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let arg =
        |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("NAME").help(help);
    obtain::arguments(command)
        .arg(arg("cluster-name", "The cluster's name"))
        .arg(arg("cluster-id", "The cluster's id, where it runs aws-iam-authenticator or on an Outpost"))
        .group(ArgGroup::new("cluster").args(["cluster-name", "cluster-id"]).required(true))
}

fn run(matches: &ArgMatches, globals: &Globals) -> Result<ExitCode, Failure> {
    let info = variable("KUBERNETES_EXEC_INFO").unwrap_or_default();
    let version = ExecApiVersion::from_exec_info(&info).map_err(|error| Failure::setting(&error))?;
    let client = obtain::client(matches, globals, Wanted::SIGNED, LongTerm::Keep)?;
    let credentials = obtain::credentials(&client, globals)?;
    let cluster =
        matches.get_one::<String>("cluster-name").or_else(|| matches.get_one::<String>("cluster-id"));
    let now = OffsetDateTime::now_utc().saturating_add(client.skew());
    let token = EksTokenRequest::new(cluster.cloned().unwrap_or_default())
        .build(client.encoder(), &credentials, now)
        .map_err(|error| Failure::setting(&error))?;
    for advice in token.advice() {
        stdio::complain(&format!("sts: warning: {advice}\n"));
    }
    stdio::print_secret(&token.exec_credential(version).map_err(|error| Failure::setting(&error))?)?;
    stdio::print("\n")?;
    Ok(ExitCode::SUCCESS)
}
