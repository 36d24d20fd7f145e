use std::fmt;

use crate::config::{Origin, Setting};
use crate::error::escape_controls;

/// What was decided when a client was made, and by whom: settings in the order in which they were looked at. No secret is
/// in it. `Display` gives a line for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report(Vec<Explained>);

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explained {
    /// Its name, as errors have it.
    pub name: &'static str,
    /// Its value as a text: of credentials the access key id, of a proxy its URL without user and password.
    pub value: String,
    /// Who decided.
    pub origin: Origin,
}

impl Report {
    /// The settings. One that nobody set is there if it has a default.
    #[must_use]
    pub fn settings(&self) -> impl ExactSizeIterator<Item = &Explained> {
        self.0.iter()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Explained> {
        self.0.iter().find(|explained| explained.name == name)
    }

    pub(super) fn add(&mut self, name: &'static str, setting: &Setting<impl fmt::Display>) {
        self.shown(name, &setting.value, setting.origin.clone());
    }

    pub(super) fn shown(&mut self, name: &'static str, value: &dyn fmt::Display, origin: Origin) {
        // A value of the environment or a file can hold anything, and this is shown on terminals.
        let value = escape_controls(value.to_string()).into_owned();
        self.0.push(Explained { name, value, origin });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|Explained { name, value, origin }| writeln!(f, "{name} = {value} ({origin})"))
    }
}
