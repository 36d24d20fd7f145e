use std::fmt;
use std::sync::Arc;

use crate::config::{Config, RegionalEndpoints, Setting};
use crate::error::Error;
use crate::retry::RetryMode;
use crate::settings::configured;
#[cfg(feature = "sources")]
use crate::source::Chain;

/// What decides where nobody set anything.
#[derive(Default)]
pub(super) enum Surroundings {
    /// The variables of the process, as the driver reads them.
    #[default]
    Process,
    Variables(Box<Lookup>),
    Config(Arc<dyn Configured>),
}

pub(super) type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// A [`Config`], behind a table of its methods: only who hands one in names them, so that a program without one is linked
/// without what reads profiles.
pub(super) trait Configured: Send + Sync {
    fn variable(&self, name: &str) -> Option<String>;
    fn profile(&self) -> Setting<&str>;
    fn region(&self) -> Option<Setting<&str>>;
    fn endpoint_url(&self) -> Result<Option<Setting<&str>>, Error>;
    fn use_fips(&self) -> Result<Option<Setting<bool>>, Error>;
    fn use_dual_stack(&self) -> Result<Option<Setting<bool>>, Error>;
    fn sts_regional_endpoints(&self) -> Result<Option<Setting<RegionalEndpoints>>, Error>;
    fn retry_mode(&self) -> Result<Option<Setting<RetryMode>>, Error>;
    fn max_attempts(&self) -> Result<Option<Setting<u32>>, Error>;
    fn disable_clock_skew_correction(&self) -> Result<Option<Setting<bool>>, Error>;
    fn ca_bundle(&self) -> Option<Setting<&str>>;
    fn app_id(&self) -> Option<Setting<&str>>;
    /// The same error, telling where what it complains about comes from.
    fn explain(&self, error: &Error, found: &[(&'static str, Setting<String>)]) -> Error;
    #[cfg(feature = "sources")]
    fn chain(self: Arc<Self>) -> Chain;
}

impl Configured for Config {
    fn variable(&self, name: &str) -> Option<String> {
        self.environment().get(name).map(str::to_owned)
    }

    fn profile(&self) -> Setting<&str> {
        Setting { value: self.profile_name(), origin: self.profile_origin().clone() }
    }

    fn region(&self) -> Option<Setting<&str>> {
        self.region()
    }

    fn endpoint_url(&self) -> Result<Option<Setting<&str>>, Error> {
        self.endpoint_url()
    }

    fn use_fips(&self) -> Result<Option<Setting<bool>>, Error> {
        self.use_fips()
    }

    fn use_dual_stack(&self) -> Result<Option<Setting<bool>>, Error> {
        self.use_dual_stack()
    }

    fn sts_regional_endpoints(&self) -> Result<Option<Setting<RegionalEndpoints>>, Error> {
        self.sts_regional_endpoints()
    }

    fn retry_mode(&self) -> Result<Option<Setting<RetryMode>>, Error> {
        self.retry_mode()
    }

    fn max_attempts(&self) -> Result<Option<Setting<u32>>, Error> {
        self.max_attempts()
    }

    fn disable_clock_skew_correction(&self) -> Result<Option<Setting<bool>>, Error> {
        self.disable_clock_skew_correction()
    }

    fn ca_bundle(&self) -> Option<Setting<&str>> {
        self.ca_bundle()
    }

    fn app_id(&self) -> Option<Setting<&str>> {
        self.app_id()
    }

    fn explain(&self, error: &Error, found: &[(&'static str, Setting<String>)]) -> Error {
        configured::explain(error, self, found)
    }

    #[cfg(feature = "sources")]
    fn chain(self: Arc<Self>) -> Chain {
        Chain::of_config(self)
    }
}

impl Surroundings {
    pub(super) fn variable(&self, name: &str, process: fn(&str) -> Option<String>) -> Option<String> {
        match self {
            Self::Process => process(name),
            Self::Variables(lookup) => lookup(name),
            Self::Config(config) => config.variable(name),
        }
    }

    pub(super) fn config(&self) -> Option<&dyn Configured> {
        match self {
            Self::Config(config) => Some(&**config),
            _ => None,
        }
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process => f.write_str("the process's variables"),
            Self::Variables(_) => f.write_str("variables that were given"),
            Self::Config(config) => write!(f, "the profile `{}`", config.profile().value),
        }
    }
}
