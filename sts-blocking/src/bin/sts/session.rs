//! From the global options, the environment and the profile to a client. This is the only place that decides on it.

use std::sync::Arc;
use std::time::Duration;

use sts_blocking::config::{Config, Origin};
use sts_blocking::proxy::ProxySettings;
use sts_blocking::time::OffsetDateTime;
use sts_blocking::{Client, Timeouts, UreqOptions, UreqTransport};

use crate::failure::Failure;
use crate::global::{Globals, variable};
use crate::progress::Progress;
use crate::{prompt, stdio};

/// The longest that a call may take, where the AWS CLI has no end.
const LONGEST: Duration = Timeouts::LONGEST;

/// The attempts of a call where nobody says how many.
const ATTEMPTS: u32 = 3;

/// What a subcommand wants of its client.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted {
    /// Whether it sends what is signed.
    pub(crate) credentials: bool,
    /// The time that requests are signed for, instead of the clock's.
    pub(crate) sign_at: Option<OffsetDateTime>,
    /// The region where there is no `--region`, instead of that of the environment and the profile.
    pub(crate) region: Option<&'static str>,
    /// Whether the sessions of roles are kept in the AWS CLI's cache.
    pub(crate) caches_roles: bool,
}

impl Wanted {
    /// Of what makes signed requests.
    pub(crate) const SIGNED: Self =
        Self { credentials: true, sign_at: None, region: None, caches_roles: false };
}

/// The client that the global options, the environment and the profile ask for. Credentials are looked for when the first
/// call needs them.
pub(crate) fn client(globals: &Globals, wanted: Wanted) -> Result<Client, Failure> {
    let config = config(globals, wanted)?;
    if let Some(warning) = config.profile_warning() {
        stdio::complain(&format!("sts: warning: {warning}\n"));
    }
    let region = globals.region.clone().or_else(|| wanted.region.map(str::to_owned));
    if region.is_none() && config.region().is_none() {
        return Err(no_region(&config));
    }
    let timeouts = timeouts(globals);
    let attempts = config.max_attempts().map_err(|error| Failure::setting(&error))?;
    let retries = attempts.map_or(ATTEMPTS, |attempts| attempts.value).saturating_sub(1);
    let mut builder = Client::builder()
        .config(Arc::clone(&config))
        .timeouts(timeouts)
        .user_agent_suffix(concat!("sts/", env!("CARGO_PKG_VERSION")))
        .mfa_code(prompt::mfa_code)
        .observer(Progress::new(retries));
    if let Some(region) = region {
        builder = builder.region(region);
    }
    if let Some(url) = &globals.endpoint_url {
        builder = builder.endpoint_url(url);
    }
    if wanted.credentials {
        builder = builder.credentials_from_chain();
    }
    if let Some(at) = wanted.sign_at {
        builder = builder.clock_skew(at - OffsetDateTime::now_utc());
    }
    if globals.verifies {
        if let Some(path) = &globals.ca_bundle {
            builder = builder.ca_bundle(path);
        }
    } else {
        stdio::complain("sts: warning: certificates are not verified: whoever answers gets what is sent\n");
        let options = UreqOptions::new()
            .timeouts(timeouts)
            .proxy(ProxySettings::from_variables(variable))
            .dangerously_unverified();
        builder = builder
            .transport(UreqTransport::with_options(options).map_err(|error| Failure::setting(&error))?);
    }
    builder.build().map_err(|error| Failure::setting(&error))
}

/// The configuration of the environment and the profile, with the cache of roles that is wanted.
pub(crate) fn config(globals: &Globals, wanted: Wanted) -> Result<Arc<Config>, Failure> {
    let config = globals.config()?;
    Ok(if wanted.caches_roles {
        Arc::new(Config::clone(config).cache_roles(true))
    } else {
        Arc::clone(config)
    })
}

/// Where a setting comes from, in the words of a command line.
pub(crate) fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Option => "option".to_owned(),
        origin => origin.to_string(),
    }
}

fn no_region(config: &Config) -> Failure {
    let sentence =
        "You must specify a region. You can also configure your region by running \"aws configure\".";
    Failure::configuration(sentence).line(&format!(
        "Neither --region nor AWS_REGION nor AWS_DEFAULT_REGION is set, and the profile `{}` has no `region`: add \
         --region, such as --region eu-west-1.",
        config.profile_name()
    ))
}

/// The AWS CLI counts connecting and reading apart; here an attempt is both.
fn timeouts(globals: &Globals) -> Timeouts {
    let default = Timeouts::default();
    let connect = globals.connect_timeout.map_or(default.connect, |connect| connect.min(LONGEST));
    let attempt = globals
        .read_timeout
        .map_or_else(|| default.attempt.max(connect), |read| connect.saturating_add(read));
    let attempt = attempt.min(LONGEST);
    let total = default.total.max(attempt.saturating_mul(3)).min(LONGEST);
    default.connect(connect).attempt(attempt).total(total)
}
