use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::error::{Error, Rule, Violation};

/// What is kept of an environment besides the names that begin with `AWS_` or `AMAZON_` or end with `_PROXY`.
const OTHERS: [&str; 6] =
    ["HOME", "HOMEDRIVE", "HOMEPATH", "REQUEST_METHOD", "USERPROFILE", "_AWS_CLI_PROFILE_CHAIN"];

/// The environment variables of a moment, handed in by the caller.
///
/// Only what this library can have a use for is kept: names that begin with `AWS_` or `AMAZON_` or end with `_PROXY`,
/// and `HOME`, `USERPROFILE`, `HOMEDRIVE`, `HOMEPATH`, `REQUEST_METHOD` and `_AWS_CLI_PROFILE_CHAIN`. Other secrets of a process do not end up
/// here. Values are wiped when they are dropped, and not shown by `Debug`.
///
/// ```
/// use sts_proto::config::Environment;
///
/// let environment: Environment =
///     std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect();
/// # let _ = environment;
/// # fn lossy(text: std::ffi::OsString) -> String { text.to_string_lossy().into_owned() }
///
/// let environment: Environment = [("AWS_REGION", "eu-west-1"), ("AWS_PROFILE", "")].into_iter().collect();
/// assert_eq!(environment.get("AWS_REGION"), Some("eu-west-1"));
/// assert_eq!(environment.get("AWS_PROFILE"), None); // an empty variable counts as one that is not set
/// ```
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, Secret>,
    platform: Platform,
    /// What exceeded a limit. A constructor that collects cannot fail, so whoever uses the snapshot asks.
    excess: Option<Violation>,
}

/// What the names of variables and the paths of files are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Platform {
    /// Names have a case, and the home is `HOME`.
    Unix,
    /// Names have no case, the home is `HOME`, `USERPROFILE` or `HOMEDRIVE` with `HOMEPATH`, and `\` separates the parts
    /// of a path, as `/` does.
    Windows,
}

impl Default for Platform {
    /// That which this is compiled for.
    fn default() -> Self {
        if cfg!(windows) { Self::Windows } else { Self::Unix }
    }
}

impl Environment {
    /// The longest value of a variable in bytes: what Linux lets a program be started with (`MAX_ARG_STRLEN`).
    pub const MAX_VALUE_BYTES: usize = 131_072;

    /// The most variables that are kept. AWS's tools read fewer than a hundred.
    pub const MAX_VARIABLES: usize = 1024;

    /// The variables of a process on that platform. Of two of the same name, the last one counts.
    pub fn new<N: Into<String>, V: Into<Secret>>(
        platform: Platform,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut environment = Self { platform, ..Self::default() };
        for (name, value) in variables {
            environment.insert(name.into(), value.into());
        }
        environment
    }

    fn insert(&mut self, name: String, value: Secret) {
        let upper = name.to_ascii_uppercase();
        let is_read = upper.starts_with("AWS_")
            || upper.starts_with("AMAZON_")
            || upper.ends_with("_PROXY")
            || OTHERS.contains(&upper.as_str());
        if !is_read {
            return;
        }
        let name = if self.platform == Platform::Windows { upper } else { name };
        let sentence = if value.len() > Self::MAX_VALUE_BYTES {
            format!("has {} bytes, and {} are the most", value.len(), Self::MAX_VALUE_BYTES)
        } else if self.variables.len() >= Self::MAX_VARIABLES && !self.variables.contains_key(&name) {
            format!("is one too many: {} variables are the most", Self::MAX_VARIABLES)
        } else {
            self.variables.insert(name, value);
            return;
        };
        let name: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
        self.excess.get_or_insert_with(|| Violation::new(name, Rule::Setting(sentence.into())));
    }

    /// A variable's value; `None` if it is not set or empty, or nothing that is kept.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.secret(name).map(Secret::expose)
    }

    pub(super) fn secret(&self, name: &str) -> Option<&Secret> {
        let value = match self.platform {
            Platform::Unix => self.variables.get(name),
            Platform::Windows => self.variables.get(name.to_ascii_uppercase().as_str()),
        };
        value.filter(|value| !value.is_empty())
    }

    /// What names and paths are like.
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.platform
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        match &self.excess {
            Some(violation) => Err(Error::invalid_input(vec![violation.clone()])),
            None => Ok(()),
        }
    }
}

/// The variables of a process on the platform that this is compiled for.
impl<N: Into<String>, V: Into<Secret>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self::new(Platform::default(), variables)
    }
}

/// The names only.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

/// What a lookup knows of a variable, if it is not blank: white space alone is what scripts leave of a secret that is not there.
/// Here once for all variables.
#[inline(never)]
pub(crate) fn variable(lookup: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<Zeroizing<String>> {
    lookup(name).map(Zeroizing::new).filter(|value| !value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_read_is_kept_and_no_value_is_shown() {
        let all =
            [("AWS_SECRET_ACCESS_KEY", "sEcReT"), ("DATABASE_PASSWORD", "pAsS"), ("https_proxy", "pRoXy")];
        let environment = Environment::new(Platform::Unix, all);
        assert_eq!(environment.get("AWS_SECRET_ACCESS_KEY"), Some("sEcReT"));
        assert_eq!(environment.get("DATABASE_PASSWORD"), None);
        assert_eq!(format!("{environment:?}"), r#"{"AWS_SECRET_ACCESS_KEY", "https_proxy"}"#);
    }

    #[test]
    fn names_have_a_case_where_the_platform_has_one() {
        let all = [("Aws_Region", "eu-west-1"), ("UserProfile", r"C:\u")];
        assert_eq!(Environment::new(Platform::Unix, all).get("AWS_REGION"), None);
        let windows = Environment::new(Platform::Windows, all);
        assert_eq!(
            (windows.get("AWS_REGION"), windows.get("userprofile")),
            (Some("eu-west-1"), Some(r"C:\u"))
        );
    }

    #[test]
    fn limits_are_errors_and_not_silence() {
        let long = "s".repeat(Environment::MAX_VALUE_BYTES + 1);
        let environment = Environment::new(Platform::Unix, [("AWS_REGION", long)]);
        let error = environment.check().unwrap_err().to_string();
        assert!(error.contains("`AWS_REGION` has 131073 bytes"), "{error}");
        let many = (0..=Environment::MAX_VARIABLES).map(|i| (format!("AWS_{i:04}"), "x"));
        let error = Environment::new(Platform::Unix, many).check().unwrap_err().to_string();
        assert!(error.contains("`AWS_1024` is one too many"), "{error}");
    }
}
