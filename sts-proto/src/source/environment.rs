//! Credentials in environment variables.
//!
//! AWS: [AWS access keys](https://docs.aws.amazon.com/sdkref/latest/guide/feature-static-credentials.html).

use std::fmt;

use crate::config::variable;
use crate::credentials::{Credentials, Secret};
use crate::error::{Error, Rule, Violation};
use crate::source::{Context, Found, Looking, Source};
use crate::timestamp;

/// The variables that [`credentials`] reads.
const VARIABLES: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ACCOUNT_ID",
];

/// The source of [`credentials`], over a snapshot of the variables. Mistakes in them are errors when it is looked at.
#[derive(Clone, PartialEq, Eq)]
pub struct Environment(Vec<(&'static str, Secret)>);

impl Environment {
    /// Takes the values of the variables, `lookup` being `|name| std::env::var(name).ok()` in most programs.
    pub fn new(lookup: impl Fn(&str) -> Option<String>) -> Self {
        Self(VARIABLES.iter().filter_map(|name| Some((*name, Secret::from(lookup(name)?)))).collect())
    }
}

impl Source for Environment {
    fn name(&self) -> &'static str {
        "environment"
    }

    fn look<'a>(&'a self, _: &'a Context) -> Looking<'a> {
        Box::pin(async {
            let lookup =
                |name: &str| self.0.iter().find(|(n, _)| *n == name).map(|(_, v)| v.expose().to_owned());
            Ok(match credentials(lookup)? {
                Some(credentials) => Found::Credentials(credentials.with_source(self.name())),
                None => Found::nothing("neither `AWS_ACCESS_KEY_ID` nor `AWS_SECRET_ACCESS_KEY` is set"),
            })
        })
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// The credentials in `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` (or the older
/// `AWS_SECURITY_TOKEN`), with `AWS_CREDENTIAL_EXPIRATION` and `AWS_ACCOUNT_ID` if they are set; `None` where neither
/// key is set.
///
/// The caller hands in the variables, `lookup` being `|name| std::env::var(name).ok()` in most programs. An empty
/// variable counts as one that is not set.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): one key is set and the other is not, or a value
/// cannot be what it should be. Half of a configuration is a mistake, not an absence.
pub fn credentials(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Credentials>, Error> {
    read(&lookup)
}

/// The same, there once for all lookups.
pub(crate) fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Option<Credentials>, Error> {
    let get = |name| variable(lookup, name).map(|mut value| std::mem::take(&mut *value));
    let secret = get("AWS_SECRET_ACCESS_KEY").map(Secret::from);
    let (id, secret) = match (get("AWS_ACCESS_KEY_ID"), secret) {
        (None, None) => return Ok(None),
        (Some(_), None) => return Err(missing("AWS_SECRET_ACCESS_KEY")),
        (None, Some(_)) => return Err(missing("AWS_ACCESS_KEY_ID")),
        (Some(id), Some(secret)) => (id, secret),
    };
    let mut credentials = Credentials::new(id, secret)?;
    if let Some(token) = get("AWS_SESSION_TOKEN").or_else(|| get("AWS_SECURITY_TOKEN")).map(Secret::from) {
        credentials = credentials.with_session_token(token)?;
    }
    if let Some(at) = get("AWS_CREDENTIAL_EXPIRATION") {
        let at = timestamp::parse_expiration(&at).ok_or_else(|| {
            Error::setting(
                "AWS_CREDENTIAL_EXPIRATION",
                "must be a time as in RFC 3339, from the year 2000 to 9999",
            )
        })?;
        credentials = credentials.with_expiration(at);
    }
    if let Some(account) = get("AWS_ACCOUNT_ID") {
        credentials = credentials.with_account_id(account);
    }
    Ok(Some(credentials))
}

fn missing(name: &'static str) -> Error {
    Error::invalid_input(vec![Violation::new(name, Rule::Required)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Credentials>, Error> {
        credentials(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn all_or_nothing() {
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&[("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")]).unwrap(), None);
        let error = read(&[("AWS_ACCESS_KEY_ID", "AKID")]).unwrap_err();
        assert!(error.to_string().contains("AWS_SECRET_ACCESS_KEY"), "{error}");
        let error = read(&[("AWS_SECRET_ACCESS_KEY", "s")]).unwrap_err();
        assert!(error.to_string().contains("AWS_ACCESS_KEY_ID"), "{error}");
    }

    #[test]
    fn every_variable_is_read() {
        let found = read(&[
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SECURITY_TOKEN", "old"),
            ("AWS_CREDENTIAL_EXPIRATION", "2026-01-02T03:04:05Z"),
            ("AWS_ACCOUNT_ID", "123456789012"),
        ]);
        let found = found.unwrap().unwrap();
        assert_eq!(found.session_token().unwrap().expose(), "old");
        assert_eq!(found.expiration().unwrap().unix_timestamp(), 1_767_323_045);
        assert_eq!(found.account_id(), Some("123456789012"));
    }

    #[test]
    fn an_expiration_is_a_time_that_utc_has() {
        for at in ["9999-12-31T23:59:59-00:01", "1999-12-31T23:59:59Z", "tomorrow", "2026-01-02"] {
            let error = read(&[
                ("AWS_ACCESS_KEY_ID", "AKID"),
                ("AWS_SECRET_ACCESS_KEY", "secret"),
                ("AWS_CREDENTIAL_EXPIRATION", at),
            ])
            .unwrap_err();
            assert!(error.to_string().contains("AWS_CREDENTIAL_EXPIRATION"), "{error}");
        }
    }

    #[test]
    fn as_a_source() {
        use crate::source::testing::{Play, found, nothing};
        assert!(nothing(Play::new().run(Environment::new(|_| None))).contains("AWS_ACCESS_KEY_ID"));
        let source = Environment::new(|name| (!name.contains('R')).then(|| "x".to_owned()));
        assert!(format!("{source:?}").contains("AWS_ACCESS_KEY_ID"), "{source:?}");
        let error = Play::new().run(source).unwrap_err();
        assert!(error.to_string().contains("AWS_SECRET_ACCESS_KEY"), "{error}");
        let source =
            Environment::new(|name| (name.ends_with("_ID") || name.contains("SECRET_")).then(|| "x".into()));
        assert_eq!(found(Play::new().run(source)).source(), Some("environment"));
    }

    #[test]
    fn a_trailing_newline_is_found_here() {
        let error = read(&[("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "s\n")]).unwrap_err();
        assert!(error.to_string().contains("newline"), "{error}");
    }
}
