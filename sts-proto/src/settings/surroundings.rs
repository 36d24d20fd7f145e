use std::fmt;
use std::sync::Arc;

use crate::config::Config;

/// What decides where nobody set anything.
#[derive(Default)]
pub(super) enum Surroundings {
    /// The variables of the process, as the driver reads them.
    #[default]
    Process,
    Variables(Box<Lookup>),
    Config(Arc<Config>),
}

pub(super) type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Surroundings {
    pub(super) fn variable(&self, name: &str, process: fn(&str) -> Option<String>) -> Option<String> {
        match self {
            Self::Process => process(name),
            Self::Variables(lookup) => lookup(name),
            Self::Config(config) => config.environment().get(name).map(str::to_owned),
        }
    }

    pub(super) fn config(&self) -> Option<&Config> {
        match self {
            Self::Config(config) => Some(config),
            _ => None,
        }
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process => f.write_str("the process's variables"),
            Self::Variables(_) => f.write_str("variables that were given"),
            Self::Config(config) => write!(f, "the profile `{}`", config.profile_name()),
        }
    }
}
