//! What a client is made of, for those who write a driver: the settings that every client has, and what follows from
//! them and from the environment.
//!
//! ```
//! use sts_proto::settings::Settings;
//!
//! let settings = Settings::new().region("eu-west-1").variables(|_| None);
//! let resolved = settings.resolve("my-driver", "1.0", |_| unreachable!("the variables were given"))?;
//! assert_eq!(resolved.caller.encoder().endpoint().url().host(), Some("sts.eu-west-1.amazonaws.com"));
//! # Ok::<(), sts_proto::Error>(())
//! ```

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use network::{Roots, Way};
pub use report::{Explained, Report};
pub use timeouts::Timeouts;

use crate::call::Caller;
use crate::config::{Config, Origin, Setting};
use crate::constraint::Validation;
use crate::credentials::{Credentials, Secret};
use crate::encoder::Encoder;
use crate::endpoint::{EndpointOptions, EndpointRule};
use crate::error::Error;
use crate::observe::Observer;
use crate::retry::RetryPolicy;
use crate::source::{Chain, environment};
use crate::user_agent::UserAgent;

use network::Network;
use surroundings::Surroundings;

mod configured;
mod network;
mod report;
mod surroundings;
mod timeouts;

/// The settings of a client that is not yet made.
#[derive(Default)]
#[must_use = "settings do nothing until they are resolved"]
pub struct Settings {
    endpoint: EndpointOptions,
    credentials: Source,
    timeouts: Timeouts,
    user_agent: UserAgent,
    app_id: Option<String>,
    observers: Vec<Box<dyn Observer>>,
    validation: Validation,
    retry: Option<RetryPolicy>,
    skew: Skew,
    denied_for: Duration,
    lowers_duration: bool,
    network: Network,
    surroundings: Surroundings,
}

/// What is done about a clock that is off.
#[derive(Debug, Default)]
enum Skew {
    #[default]
    Learned,
    /// With the words for it: to write them takes more code than most programs have use for.
    Fixed(time::Duration, String),
}

#[derive(Debug, Default)]
enum Source {
    #[default]
    None,
    Given(Credentials),
    Environment,
    Chain(Chain),
    /// The chain of AWS's order, by the configuration.
    #[cfg(feature = "sources")]
    Config,
}

/// What follows from [`Settings`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Resolved {
    /// What the client's calls share.
    pub caller: Caller,
    /// How long things may take. None is zero.
    pub timeouts: Timeouts,
    /// What calls are signed with, where it is fixed.
    pub credentials: Option<Credentials>,
    /// Where they are looked for, where they are not. One of the two at the most is there.
    pub chain: Option<Chain>,
    /// What was decided, and by whom.
    pub report: Report,
}

impl Settings {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The region.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.endpoint = self.endpoint.region(region);
        self
    }

    /// A URL instead of AWS's.
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.endpoint = self.endpoint.url(url);
        self
    }

    /// All that decides on the endpoint at once.
    pub fn endpoint(mut self, options: EndpointOptions) -> Self {
        self.endpoint = options;
        self
    }

    /// The credentials that calls are signed with.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Source::Given(credentials);
        self
    }

    /// The credentials in the environment.
    pub fn credentials_from_env(mut self) -> Self {
        self.credentials = Source::Environment;
        self
    }

    /// Sources that are looked at one after the other for credentials.
    pub fn chain(mut self, chain: Chain) -> Self {
        self.credentials = Source::Chain(chain);
        self
    }

    /// The sources of AWS's order, as the [`config`](Self::config) has them: see [`Chain::of_config`].
    #[cfg(feature = "sources")]
    pub fn credentials_from_chain(mut self) -> Self {
        self.credentials = Source::Config;
        self
    }

    /// How long things may take.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts.bounded();
        self
    }

    /// Words at the end of the `user-agent` header.
    pub fn user_agent_suffix(mut self, suffix: &str) -> Self {
        self.user_agent = self.user_agent.suffix(suffix);
        self
    }

    /// The application's id in the `user-agent` header, instead of the environment's `AWS_SDK_UA_APP_ID`.
    pub fn app_id(mut self, id: impl Into<String>) -> Self {
        self.app_id = Some(id.into());
        self
    }

    /// Who is told what happens in the calls, after those who are told already.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Which broken rules keep a request from being sent, instead of [`Validation::default`].
    pub fn validation(mut self, validation: Validation) -> Self {
        self.validation = validation;
        self
    }

    /// When a call is tried again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// For how long access that is denied to assume a role is asked for again.
    pub fn retry_access_denied_for(mut self, time: Duration) -> Self {
        self.denied_for = time;
        self
    }

    /// Whether a session that is too long for its role is asked for again, shorter.
    pub fn lower_duration(mut self, on: bool) -> Self {
        self.lowers_duration = on;
        self
    }

    /// What the server's clock is ahead by, instead of what its replies say.
    pub fn clock_skew(mut self, skew: time::Duration) -> Self {
        self.skew = Skew::Fixed(skew, skew.to_string());
        self
    }

    /// That proxy, whatever the environment says.
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.network.proxy(url.into());
        self
    }

    /// No proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.network.no_proxy();
        self
    }

    /// The authorities to trust, whatever the environment says.
    pub fn roots(mut self, roots: Roots) -> Self {
        self.network.roots(roots);
        self
    }

    /// Where environment variables are read from, instead of the process: those of proxies and of the CA bundle,
    /// credentials if they were asked for, and what is told in the `user-agent` header.
    ///
    /// This and [`config`](Self::config) replace each other.
    pub fn variables(mut self, lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        self.surroundings = Surroundings::Variables(Box::new(lookup));
        self
    }

    /// What decides on everything that is not set here: an environment and a profile. Nothing else is read then.
    ///
    /// This and [`variables`](Self::variables) replace each other.
    pub fn config(mut self, config: Arc<Config>) -> Self {
        self.surroundings = Surroundings::Config(config);
        self
    }

    /// The way to the endpoint, for a transport of the driver's. `process` reads the environment of the process.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the endpoint cannot be resolved, a timeout is zero,
    /// the proxy cannot be used. What cannot work is said now, and not by the first call.
    pub fn way(&self, process: fn(&str) -> Option<String>) -> Result<Way, Error> {
        let endpoint =
            configured::endpoint(&self.endpoint, self.surroundings.config(), &mut Report::default())?;
        self.timeouts.check()?;
        let ca_bundle = match self.surroundings.config() {
            Some(config) => config.ca_bundle().map(|found| found.map(str::to_owned)),
            None => self
                .surroundings
                .variable("AWS_CA_BUNDLE", process)
                .filter(|path| !path.is_empty())
                .map(|value| Setting { value, origin: Origin::Variable("AWS_CA_BUNDLE") }),
        };
        let variable = |name: &str| self.surroundings.variable(name, process);
        let serves_sources = self.surroundings.config().is_some();
        self.network.resolve(endpoint.url(), self.timeouts, ca_bundle, serves_sources, &variable)
    }

    /// For a transport of the caller's own, to which proxy and certificates cannot be handed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): one of them was set.
    pub fn refuse_network(&self) -> Result<(), Error> {
        self.network.refuse_settings()
    }

    /// Resolves everything but the way. `name` and `version` are the driver's, `process` reads the environment of the
    /// process.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the endpoint cannot be resolved, a timeout is zero,
    /// the environment has no usable credentials although they were asked for, a setting of the environment or the
    /// profile has a value that it cannot have.
    pub fn resolve(
        self,
        name: &str,
        version: &str,
        process: fn(&str) -> Option<String>,
    ) -> Result<Resolved, Error> {
        let variable = |name: &str| self.surroundings.variable(name, process);
        let config = self.surroundings.config();
        let mut report = Report::default();
        if let Some(config) = config {
            report.add("Profile", &config.profile());
        }
        let endpoint = configured::endpoint(&self.endpoint, config, &mut report)?;
        self.timeouts.check()?;
        let retry = configured::retry(self.retry, config, &mut report)?;
        let mode = retry.mode;
        let mut user_agent = self.user_agent.driver(name, version).retry_mode(mode.name());
        user_agent = user_agent.feature(mode.feature());
        let app_id = match (self.app_id, config) {
            (Some(id), _) => Some(Setting::option(id)),
            (None, Some(config)) => config.app_id().map(|found| found.map(str::to_owned)),
            (None, None) => variable("AWS_SDK_UA_APP_ID")
                .filter(|id| !id.is_empty())
                .map(|value| Setting { value, origin: Origin::Variable("AWS_SDK_UA_APP_ID") }),
        };
        if let Some(id) = &app_id {
            user_agent = user_agent.app_id(&id.value);
            report.add("AppId", id);
        }
        if let Some(name) = variable("AWS_EXECUTION_ENV") {
            user_agent = user_agent.execution_environment(&name);
        }
        if endpoint.rule() == EndpointRule::Custom {
            user_agent = user_agent.feature("N");
        }
        let (credentials, chain) = match self.credentials {
            Source::None => (None, None),
            Source::Given(credentials) => {
                user_agent = user_agent.feature("e");
                report.shown("Credentials", &credentials.access_key_id(), Origin::Option);
                (Some(credentials), None)
            }
            Source::Environment => {
                user_agent = user_agent.feature("g");
                let found = environment::read(&variable)?
                    .ok_or_else(|| Error::setting("AWS_ACCESS_KEY_ID", "is not set in the environment"))?;
                let origin = Origin::Variable("AWS_ACCESS_KEY_ID");
                report.shown("Credentials", &found.access_key_id(), origin);
                (Some(found), None)
            }
            Source::Chain(chain) => (None, Some(chain)),
            #[cfg(feature = "sources")]
            Source::Config => match &self.surroundings {
                Surroundings::Config(config) => (None, Some(Arc::clone(config).chain())),
                _ => {
                    let sentence = "is required: the chain's sources are set up by it; see `config_from_env`";
                    return Err(Error::setting("Config", sentence));
                }
            },
        };
        let encoder = Encoder::new(endpoint).user_agent(&user_agent).validation(self.validation);
        let caller = Caller::new(encoder, retry)
            .retry_access_denied_for(self.denied_for)
            .lower_duration(self.lowers_duration);
        let caller = match self.skew {
            Skew::Learned => caller.corrects_skew(configured::corrects_skew(config, &mut report)?),
            Skew::Fixed(skew, words) => {
                report.shown("ClockSkew", &words, Origin::Option);
                let caller = caller.corrects_skew(false);
                caller.set_skew(skew);
                caller
            }
        };
        let caller = caller.observers(self.observers);
        Ok(Resolved { caller, timeouts: self.timeouts, credentials, chain, report })
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("endpoint", &self.endpoint)
            .field("credentials", &self.credentials)
            .field("timeouts", &self.timeouts)
            .field("validation", &self.validation)
            .field("retry", &self.retry)
            .field("skew", &self.skew)
            .field("network", &self.network)
            .field("surroundings", &self.surroundings)
            .finish_non_exhaustive()
    }
}

/// The total time of one call: the client's, or another one that must not be zero either.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): it is zero.
pub fn total_time(of_call: Option<Duration>, of_client: Timeouts) -> Result<Duration, Error> {
    match of_call {
        Some(Duration::ZERO) => Err(timeouts::zero("Timeout")),
        Some(total) => Ok(total.min(Timeouts::LONGEST)),
        None => Ok(of_client.total),
    }
}

#[cfg(test)]
mod tests;
