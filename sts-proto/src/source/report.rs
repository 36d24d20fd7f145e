use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, escape_controls};

/// Where credentials were looked for, in this order, and what was found there.
///
/// `Display` is a line for each source; nothing in it is a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report(Vec<Look>);

/// One source that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Look {
    /// The source's name.
    pub source: Cow<'static, str>,
    /// What was found there.
    pub outcome: Outcome,
}

/// What was found in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Credentials with this access key id.
    Found(String),
    /// It is not set up, for this reason.
    Skipped(Cow<'static, str>),
    /// It is set up and gave none: this went wrong.
    Failed(String),
}

impl Report {
    /// The sources, in the order in which they were looked at.
    #[must_use]
    pub fn looks(&self) -> &[Look] {
        &self.0
    }

    /// The source has credentials with that access key id.
    pub fn found(&mut self, source: impl Into<Cow<'static, str>>, access_key_id: &str) {
        self.add(source.into(), Outcome::Found(escape_controls(access_key_id).into_owned()));
    }

    /// The source is not set up, for that reason.
    pub fn skipped(&mut self, source: impl Into<Cow<'static, str>>, why: Cow<'static, str>) {
        self.add(source.into(), Outcome::Skipped(escape_controls(why)));
    }

    /// The source is set up and failed.
    pub fn failed(&mut self, source: impl Into<Cow<'static, str>>, error: &Error) {
        self.add(source.into(), Outcome::Failed(error.to_string()));
    }

    fn add(&mut self, source: Cow<'static, str>, outcome: Outcome) {
        self.0.push(Look { source: escape_controls(source), outcome });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, look) in self.0.iter().enumerate() {
            let line_break = if i > 0 { "\n" } else { "" };
            write!(f, "{line_break}{look}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.outcome)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(access_key_id) => write!(f, "found {access_key_id}"),
            Self::Skipped(why) => write!(f, "skipped, {why}"),
            Self::Failed(error) => write!(f, "failed, {error}"),
        }
    }
}
