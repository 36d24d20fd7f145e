//! From the global options to a client. This is the only place that decides on it.

use std::time::Duration;

use sts_blocking::endpoint::EndpointOptions;
use sts_blocking::proxy::ProxySettings;
use sts_blocking::source::environment;
use sts_blocking::time::OffsetDateTime;
use sts_blocking::{Client, Timeouts, UreqOptions, UreqTransport};

use crate::failure::Failure;
use crate::global::{Globals, variable};
use crate::progress::Progress;
use crate::stdio;

/// The longest that a call may take, where the AWS CLI has no end.
const LONGEST: Duration = Timeouts::LONGEST;

/// What a subcommand wants of its client.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted {
    /// Whether it sends what is signed.
    pub(crate) credentials: bool,
    /// The time that requests are signed for, instead of the clock's.
    pub(crate) sign_at: Option<OffsetDateTime>,
}

/// The client that the global options and the environment ask for.
pub(crate) fn client(globals: &Globals, wanted: Wanted) -> Result<Client, Failure> {
    if let Some(profile) = &globals.profile {
        return Err(Failure::configuration(format!("The config profile ({profile}) could not be found")));
    }
    let timeouts = timeouts(globals);
    let mut builder = Client::builder()
        .endpoint(endpoint(globals)?)
        .timeouts(timeouts)
        .user_agent_suffix(concat!("sts/", env!("CARGO_PKG_VERSION")))
        .observer(Progress::new());
    if wanted.credentials {
        builder = builder.credentials(credentials()?);
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

fn endpoint(globals: &Globals) -> Result<EndpointOptions, Failure> {
    let region =
        globals.region.clone().or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"));
    let Some(region) = region else {
        return Err(Failure::configuration(
            "You must specify a region. You can also configure your region by running \"aws configure\".\n\
             Neither --region nor AWS_REGION nor AWS_DEFAULT_REGION is set: add --region, such as --region eu-west-1.",
        ));
    };
    let options = EndpointOptions::new().region(region);
    let url = globals.endpoint_url.clone();
    let url = url.or_else(|| variable("AWS_ENDPOINT_URL_STS")).or_else(|| variable("AWS_ENDPOINT_URL"));
    Ok(match url {
        Some(url) => options.url(url),
        None => options,
    })
}

fn credentials() -> Result<sts_blocking::Credentials, Failure> {
    environment::credentials(variable).map_err(|error| Failure::setting(&error))?.ok_or_else(|| {
        Failure::configuration(
            "Unable to locate credentials. You can configure credentials by running \"aws configure\".\n\
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set: set them, or add --no-sign-request.",
        )
    })
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
