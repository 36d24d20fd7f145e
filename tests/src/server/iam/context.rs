//! What a trust policy is asked: who wants what, under which circumstances.

use std::collections::HashMap;

use crate::server::keys::{Kind, Principal};

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asker<'a> {
    /// Somebody with credentials.
    Aws(&'a Principal),
    /// Somebody with another's word: the ARN of the provider, and its name where it is known by that.
    Federated { arn: &'a str, name: &'a str },
}

impl Asker<'_> {
    /// Whether a member of `"AWS"` means this one.
    pub(super) fn is_aws(&self, named: &str) -> bool {
        let Self::Aws(principal) = self else { return false };
        let account = principal.account();
        if named == "*" || named == account || named == principal.arn() {
            return true;
        }
        let parts: Vec<_> = named.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", of, resource] = parts[..] else { return false };
        if partition != principal.partition || of != account {
            return false;
        }
        // A role stands for all of its sessions, which do not show its path.
        let role = resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
        let session =
            principal.arn().split_once(":assumed-role/").and_then(|(_, rest)| rest.split('/').next());
        resource == "root" || (principal.kind == Kind::RoleSession && role.is_some() && role == session)
    }

    /// Whether a member of `"Federated"` means this one.
    pub(super) fn is_federated(&self, named: &str) -> bool {
        matches!(self, Self::Federated { arn, name } if named == "*" || named == *arn || named == *name)
    }
}

/// Condition keys, in lower case, and their values.
#[derive(Debug, Default)]
pub(crate) struct Context(HashMap<String, Vec<String>>);

impl Context {
    /// Adds a value.
    pub(crate) fn add(&mut self, key: &str, value: impl Into<String>) {
        self.0.entry(key.to_ascii_lowercase()).or_default().push(value.into());
    }

    pub(super) fn get(&self, key: &str) -> Option<&[String]> {
        self.0.get(key).map(Vec::as_slice)
    }
}
