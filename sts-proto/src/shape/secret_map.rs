use std::collections::BTreeMap;
use std::fmt;

use crate::credentials::Secret;
use crate::wipe;

/// Secrets by name. `Debug` shows the number of entries only, and names and values are wiped from memory when dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretMap(BTreeMap<String, Secret>);

impl SecretMap {
    /// The value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds an entry, and returns whether the name is new.
    pub(crate) fn insert(&mut self, name: String, value: Secret) -> bool {
        self.0.insert(name, value).is_none()
    }
}

impl Drop for SecretMap {
    fn drop(&mut self) {
        for (mut name, _) in std::mem::take(&mut self.0) {
            wipe::text(&mut name);
        }
    }
}

impl fmt::Debug for SecretMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[redacted, {} entries]", self.len())
    }
}
