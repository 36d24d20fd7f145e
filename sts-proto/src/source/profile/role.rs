use crate::config::profile::Section;
use crate::credentials::Secret;
use crate::error::Error;
use crate::operation::AssumeRole;

use super::plan::{fault_of, text};

/// A role that a profile assumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) profile: String,
    pub(crate) role_arn: String,
    pub(crate) role_session_name: Option<String>,
    pub(crate) external_id: Option<Secret>,
    pub(crate) mfa_serial: Option<String>,
    pub(crate) duration_seconds: Option<u32>,
    pub(crate) session_tags: Vec<(String, String)>,
    pub(crate) transitive_session_tags: Vec<String>,
    pub(crate) source_identity: Option<String>,
}

impl Role {
    /// Of a profile that has a `role_arn`.
    pub(super) fn of(section: &Section) -> Result<Self, Error> {
        let own = |key| text(section, key).map(str::to_owned);
        Ok(Self {
            profile: section.name().to_owned(),
            role_arn: own("role_arn").unwrap_or_default(),
            role_session_name: own("role_session_name"),
            external_id: text(section, "external_id").map(Secret::from),
            mfa_serial: own("mfa_serial"),
            duration_seconds: duration(section)?,
            session_tags: session_tags(section)?,
            transitive_session_tags: list(section, "transitive_session_tags"),
            source_identity: own("source_identity"),
        })
    }

    /// The request for it. Without a session name, and without the code of an MFA device, which its source sees to.
    pub(crate) fn operation(&self) -> AssumeRole {
        let session_name = self.role_session_name.as_deref().unwrap_or_default();
        let mut operation = AssumeRole::new(self.role_arn.as_str(), session_name)
            .transitive_tag_keys(self.transitive_session_tags.iter().cloned());
        for (key, value) in &self.session_tags {
            operation = operation.tag(key.as_str(), value.as_str());
        }
        if let Some(external_id) = &self.external_id {
            operation = operation.external_id(external_id.clone());
        }
        if let Some(serial_number) = &self.mfa_serial {
            operation = operation.serial_number(serial_number.as_str());
        }
        if let Some(seconds) = self.duration_seconds {
            operation = operation.duration_seconds(seconds);
        }
        if let Some(source_identity) = &self.source_identity {
            operation = operation.source_identity(source_identity.as_str());
        }
        operation
    }
}

pub(super) fn duration(section: &Section) -> Result<Option<u32>, Error> {
    let Some(value) = text(section, "duration_seconds") else { return Ok(None) };
    let wrong = || {
        let length = value.chars().count();
        let words = format!("must be a whole number of seconds, and has {length} characters");
        fault_of(section, "duration_seconds", &words)
    };
    value.parse().map(Some).map_err(|_| wrong())
}

/// `key=value,key=value`, as aws-vault has it.
fn session_tags(section: &Section) -> Result<Vec<(String, String)>, Error> {
    let pairs = list(section, "session_tags");
    let mut tags = Vec::with_capacity(pairs.len());
    for (i, pair) in pairs.iter().enumerate() {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(fault_of(
                section,
                "session_tags",
                &format!("has the item [{i}], which must have the form `key=value`"),
            ));
        };
        tags.push((key.trim().to_owned(), value.trim().to_owned()));
    }
    Ok(tags)
}

fn list(section: &Section, key: &str) -> Vec<String> {
    let items = text(section, key).into_iter().flat_map(|text| text.split(','));
    items.map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}
