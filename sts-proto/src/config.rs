//! Settings from the environment and from profiles, each with where it comes from. The caller hands in the variables and
//! the bytes of the files; nothing here reads either.
//!
//! AWS: [settings](https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html),
//! [precedence](https://docs.aws.amazon.com/sdkref/latest/guide/creds-config-files.html).
//!
//! ```
//! use sts_proto::config::profile::ProfileSet;
//! use sts_proto::config::{Config, Environment, Files};
//!
//! // 1. A snapshot of the environment says where the files are.
//! let environment: Environment = [("HOME", "/home/alice"), ("AWS_PROFILE", "dev")].into_iter().collect();
//! let files = Files::locate(&environment)?;
//! assert_eq!(files.config.as_deref(), Some("/home/alice/.aws/config"));
//! // 2. The caller reads them; one that is missing is `None`.
//! let profiles = ProfileSet::parse(&files, Some(b"[profile dev]\nregion = eu-west-1\n"), None)?;
//! // 3. Both together decide.
//! let config = Config::new(environment, profiles, None)?;
//! let region = config.region().unwrap();
//! assert_eq!(region.value, "eu-west-1");
//! assert_eq!(region.origin.to_string(), "`region` of [profile dev], /home/alice/.aws/config line 2");
//! # Ok::<(), sts_proto::Error>(())
//! ```

use std::fmt::{self, Write as _};
use std::sync::Arc;

pub(crate) use environment::variable;
pub use environment::{Environment, Platform};
pub use files::Files;
#[cfg(feature = "sources")]
pub(crate) use files::home;
pub use imds::{Imds, IpVersion};
pub use load::load;
pub use typed::RegionalEndpoints;

use crate::credentials::Secret;
use crate::error::{Error, Rule, Violation, escape_controls};

use profile::{IgnoredReason, ProfileSet, Property, Section};

pub mod profile;

mod environment;
mod files;
mod imds;
mod load;
mod typed;

/// The profile that nobody has to choose, and that need not be there.
const DEFAULT: &str = "default";

/// The most names that an error lists.
const NAMES_SHOWN: usize = 10;

/// What the environment and one profile say.
#[derive(Clone, Debug, Default)]
pub struct Config {
    environment: Environment,
    profiles: ProfileSet,
    chosen: Chosen,
    caches_roles: bool,
    allows_http: bool,
}

#[derive(Clone, Debug)]
struct Chosen {
    name: String,
    origin: Origin,
}

impl Default for Chosen {
    fn default() -> Self {
        Self { name: DEFAULT.to_owned(), origin: Origin::Default }
    }
}

/// A value, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a value comes from. `Display` is the words for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The program set it.
    Option,
    /// An environment variable of that name.
    Variable(&'static str),
    /// A property in one of the shared files.
    Profile {
        /// The file's path.
        file: Arc<str>,
        /// The line, from 1.
        line: u32,
        /// The section as the config file writes it: `profile dev`, `services local`.
        section: String,
        /// The property's name; for a sub-property both names with a dot between them.
        key: String,
    },
    /// Nobody: it is the default.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option => f.write_str("set by the program"),
            Self::Variable(name) => write!(f, "variable `{name}`"),
            Self::Profile { file, line, section, key } => {
                write!(f, "`{key}` of [{section}], {} line {line}", escape_controls(&**file))
            }
            Self::Default => f.write_str("default"),
        }
    }
}

impl Config {
    /// Settings of an environment and of the profile that is chosen by `profile`, or else by `AWS_PROFILE`, or else by
    /// `AWS_DEFAULT_PROFILE`, or else is `default`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): a profile was chosen that is in neither file (only
    /// `default` may be missing), or the environment exceeds a limit.
    pub fn new(environment: Environment, profiles: ProfileSet, profile: Option<&str>) -> Result<Self, Error> {
        environment.check()?;
        let chosen = match (profile, environment.first(&["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])) {
            (Some(name), _) => Chosen { name: name.to_owned(), origin: Origin::Option },
            (None, Some((variable, name))) => {
                Chosen { name: name.expose().to_owned(), origin: Origin::Variable(variable) }
            }
            (None, None) => Chosen::default(),
        };
        let config = Self { environment, profiles, chosen, caches_roles: false, allows_http: false };
        match config.profile() {
            None if config.chosen.name != DEFAULT => Err(config.no_profile()),
            _ => Ok(config),
        }
    }

    /// Warns where other tools would take another profile: `AWS_PROFILE` and `AWS_DEFAULT_PROFILE` are set to different names, and
    /// no option chooses one.
    ///
    /// `AWS_PROFILE` counts here, in the AWS SDKs and in version 2 of the AWS CLI; in botocore, and so in boto3 and in version 1 of
    /// the AWS CLI, `AWS_DEFAULT_PROFILE` does. The drivers write the sentence to the log.
    #[must_use]
    pub fn profile_warning(&self) -> Option<String> {
        let other = self.environment.secret("AWS_DEFAULT_PROFILE")?.expose();
        if self.chosen.origin != Origin::Variable("AWS_PROFILE") || self.chosen.name == other {
            return None;
        }
        let (used, other) = (shown(&self.chosen.name), shown(other));
        Some(format!(
            "`AWS_PROFILE` names {used} and `AWS_DEFAULT_PROFILE` {other}: the first is used, while boto3 and version 1 of the AWS \
             CLI use the second; unset one of the two"
        ))
    }

    /// Settings of variables alone, as if there were no files.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_environment(environment: Environment) -> Result<Self, Error> {
        Self::new(environment, ProfileSet::default(), None)
    }

    /// Whether the sessions of the profile's roles, and those of a web identity, are kept in files, `~/.aws/cli/cache` of the
    /// home directory in the environment, which the AWS CLI and boto3 share: an MFA code is asked for once in a session's life,
    /// and not by every program. Off by default. The rules are those of `AssumedRole::cached_in` (feature `sources`).
    ///
    /// ```no_run
    /// # fn config_from_env(_: Option<&str>) -> Result<sts_proto::config::Config, sts_proto::Error> { unimplemented!() }
    /// let config = config_from_env(Some("deploy"))?.cache_roles(true); // of a driver
    /// # let _ = config;
    /// # Ok::<(), sts_proto::Error>(())
    /// ```
    #[must_use]
    pub fn cache_roles(self, on: bool) -> Self {
        Self { caches_roles: on, ..self }
    }

    #[cfg_attr(not(feature = "sources"), expect(dead_code, reason = "profiles are sources"))]
    pub(crate) fn caches_roles(&self) -> bool {
        self.caches_roles
    }

    /// Whether the URLs of SSO's portal, of its OIDC service and of the sign-in service that the environment has may begin
    /// with `http://` for hosts that are not loopback. Everybody on the way can read the tokens then. AWS's own hosts stay
    /// refused. Off by default.
    #[must_use]
    pub fn dangerously_allow_http(self, on: bool) -> Self {
        Self { allows_http: on, ..self }
    }

    #[cfg_attr(not(feature = "sources"), expect(dead_code, reason = "only sources have such URLs"))]
    pub(crate) fn allows_http(&self) -> bool {
        self.allows_http
    }

    /// The environment.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Everything in the files.
    #[must_use]
    pub fn profiles(&self) -> &ProfileSet {
        &self.profiles
    }

    /// The chosen profile; `None` if it is `default` and does not exist.
    #[must_use]
    pub fn profile(&self) -> Option<&Section> {
        self.profiles.profile(&self.chosen.name)
    }

    /// The chosen profile's name.
    #[must_use]
    pub fn profile_name(&self) -> &str {
        &self.chosen.name
    }

    /// Who chose the profile. A choice of the program, [`Origin::Option`], outranks credentials in the environment, one by
    /// `AWS_PROFILE` does not.
    #[must_use]
    pub fn profile_origin(&self) -> &Origin {
        &self.chosen.origin
    }

    /// The first of the variables that is set, or else a property of the chosen profile. Empty values count as unset.
    ///
    /// The value is not shown by `Debug`, as the setting asked for can be a secret.
    #[must_use]
    pub fn setting(&self, variables: &[&'static str], key: &str) -> Option<Setting<&Secret>> {
        self.variable(variables).or_else(|| self.property(key))
    }

    /// The first of the variables that is set.
    #[must_use]
    pub fn variable(&self, names: &[&'static str]) -> Option<Setting<&Secret>> {
        let (name, value) = self.environment.first(names)?;
        Some(Setting { value, origin: Origin::Variable(name) })
    }

    /// A property of the chosen profile, unless it is empty.
    #[must_use]
    pub fn property(&self, key: &str) -> Option<Setting<&Secret>> {
        let section = self.profile()?;
        let property = section.property(key)?;
        let value = Some(property.value()).filter(|value| !value.is_empty())?;
        Some(Setting { value, origin: Origin::of_property("profile", section, property, key) })
    }

    fn no_profile(&self) -> Error {
        let Chosen { name, origin } = &self.chosen;
        let mut sentence = format!("names a profile that does not exist: {} is in neither file", shown(name));
        let near = self.profiles.ignored().iter().find(|ignored| {
            ignored.reason == IgnoredReason::NoPrefix && ignored.name.as_deref() == Some(name.as_str())
        });
        if let Some(near) = near {
            let (file, line) = (&near.file, near.line);
            let _ = write!(sentence, "; {file} line {line} must be `[profile {name}]` to be one");
        }
        let names: Vec<_> = self.profiles.profiles().take(NAMES_SHOWN).map(Section::name).collect();
        if !names.is_empty() {
            let more = if self.profiles.profiles().len() > NAMES_SHOWN { ", …" } else { "" };
            let _ = write!(sentence, "; there are {}{more}", names.join(", "));
        }
        let setting = match origin {
            Origin::Variable(name) => name,
            _ => "Profile",
        };
        Error::setting(setting, sentence)
    }
}

/// The name of a profile; only its length, if it can be none and may be some other text.
fn shown(name: &str) -> String {
    if profile::is_name(name) && name.len() <= profile::MAX_NAME_BYTES {
        format!("`{name}`")
    } else {
        format!("that name of {} characters", name.chars().count())
    }
}

impl Environment {
    /// The first of these variables that is set.
    fn first(&self, names: &[&'static str]) -> Option<(&'static str, &Secret)> {
        names.iter().find_map(|&name| Some((name, self.secret(name)?)))
    }
}

impl Origin {
    fn of_property(kind: &str, section: &Section, property: &Property, key: &str) -> Self {
        Self::Profile {
            file: Arc::clone(property.shared_file()),
            line: property.line(),
            section: format!("{kind} {}", section.name()),
            key: key.to_owned(),
        }
    }
}

impl<T> Setting<T> {
    /// What it is by default.
    pub(crate) fn default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    pub(crate) fn option(value: T) -> Self {
        Self { value, origin: Origin::Option }
    }

    /// Another value from the same place.
    pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: f(self.value), origin: self.origin }
    }

    /// An error that goes on from the name of the setting, and tells where the value comes from.
    pub(crate) fn refused(&self, name: &'static str, rule: &str) -> Error {
        let sentence = format!("{rule} ({})", self.origin);
        Error::invalid_input(vec![Violation::new(name, Rule::Setting(sentence.into()))])
    }
}

#[cfg(test)]
mod tests;
