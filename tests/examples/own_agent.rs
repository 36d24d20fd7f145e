//! A ureq agent that the user has configured, as the transport: here with a smaller pool and IPv4 only.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use sts_blocking::operation::GetCallerIdentity;
use sts_blocking::{Client, Credentials, UreqTransport};
use sts_tests::server::Server;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start()?;
    let user = server.user();

    let config = ureq::Agent::config_builder()
        .ip_family(ureq::config::IpFamily::Ipv4Only)
        .max_idle_connections(1)
        .proxy(None)
        .build();
    let client = Client::builder()
        .region("us-east-1")
        .endpoint_url(server.url())
        .credentials(Credentials::new(user.access_key_id(), user.secret_access_key())?)
        .transport(UreqTransport::with_agent(config.new_agent()))
        .build()?;

    println!("{}", client.send(GetCallerIdentity::new())?.arn);
    Ok(())
}
