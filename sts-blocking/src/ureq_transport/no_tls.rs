//! In the place of TLS, where it is off.

use sts_proto::Error;
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

use super::UreqOptions;

#[derive(Clone)]
pub(super) struct TlsConfig;

pub(super) fn default_config() -> TlsConfig {
    TlsConfig
}

pub(super) fn of(_: &UreqOptions) -> Result<TlsConfig, Error> {
    Ok(TlsConfig)
}

pub(super) fn set(agent: ConfigBuilder<AgentScope>, _: TlsConfig) -> ConfigBuilder<AgentScope> {
    agent
}
