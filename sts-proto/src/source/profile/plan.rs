//! What a profile says about credentials, without any IO: where the first ones come from, and which roles are assumed with
//! them.

use crate::config::Config;
use crate::config::profile::{ProfileSet, Section};
use crate::credentials::{Credentials, Secret};
use crate::error::Error;

use super::command_chain;
use super::role::{self, Role};

/// The most roles of one profile, each assumed with the one before. No SDK has a limit; this many requests take longer than
/// anybody waits, and each one needs room on the stack.
pub(crate) const MAX_ROLES: usize = 32;

/// How credentials are got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) base: Base,
    /// The profile that says so.
    pub(crate) profile: String,
    /// The roles that are assumed then, one with the credentials of the other.
    pub(crate) roles: Vec<Role>,
}

/// Where the first credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Keys(Credentials),
    WebIdentity(WebIdentity),
    Process {
        command: Secret,
        account_id: Option<String>,
        /// The profiles whose commands led to the command.
        chain: String,
    },
    Sso(Sso),
    Login(String),
    Named(Named),
}

/// What `credential_source` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Environment,
    InstanceMetadata,
    Container,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WebIdentity {
    pub(crate) role_arn: String,
    pub(crate) token_file: String,
    pub(crate) role_session_name: Option<String>,
    pub(crate) duration_seconds: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sso {
    /// The name of the `sso-session`; none in the legacy form.
    pub(crate) session: Option<String>,
    pub(crate) start_url: String,
    pub(crate) region: String,
    pub(crate) account_id: String,
    pub(crate) role_name: String,
}

impl Plan {
    /// What the chosen profile says; `None` where it says nothing about credentials.
    ///
    /// # Errors
    /// [`ErrorKind::Credentials`](crate::ErrorKind::Credentials): it contradicts itself, lacks a part, leads in a circle
    /// or to a profile that does not exist.
    pub(crate) fn of(config: &Config) -> Result<Option<Self>, Error> {
        let Some(mut section) = config.profile() else { return Ok(None) };
        let mut visited = vec![section.name()];
        let mut roles = Vec::new();
        let base = loop {
            let is_source = !roles.is_empty();
            // What is named as a source is named for its keys: they come before its own role.
            let has_role =
                text(section, "role_arn").is_some() && text(section, "web_identity_token_file").is_none();
            if !has_role || (is_source && has_keys(section)) {
                match base(section, config)? {
                    Some(base) => break base,
                    None if is_source => {
                        return Err(fault(
                            section,
                            "is named as a source and says nothing about credentials",
                        ));
                    }
                    None => return Ok(None),
                }
            }
            if roles.len() == MAX_ROLES {
                let words = format!("is one too many: a profile can lead through {MAX_ROLES} roles at most");
                return Err(fault(section, &words));
            }
            roles.push(Role::of(section)?);
            section = match next(section, config.profiles(), &visited)? {
                Next::Profile(next) => next,
                Next::Own => match keys(section)? {
                    Some(keys) => break Base::Keys(keys),
                    None => return Err(fault(section, "is its own `source_profile` and has no keys")),
                },
                Next::Named(named) => break Base::Named(named),
            };
            visited.push(section.name());
        };
        roles.reverse();
        Ok(Some(Self { base, profile: section.name().to_owned(), roles }))
    }
}

/// Where the credentials come from that a role is assumed with.
enum Next<'c> {
    Profile(&'c Section),
    Own,
    Named(Named),
}

fn next<'c>(section: &Section, profiles: &'c ProfileSet, visited: &[&str]) -> Result<Next<'c>, Error> {
    match (text(section, "source_profile"), text(section, "credential_source")) {
        (Some(_), Some(_)) => {
            Err(fault(section, "has both `source_profile` and `credential_source`; one must go"))
        }
        (None, None) => {
            let words = "has `role_arn` and neither `source_profile`, `credential_source` nor `web_identity_token_file`";
            Err(fault(section, words))
        }
        (None, Some(source)) => {
            let named = [
                ("Environment", Named::Environment),
                ("Ec2InstanceMetadata", Named::InstanceMetadata),
                ("EcsContainer", Named::Container),
            ];
            let found = named.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(source));
            found.map(|(_, named)| Next::Named(named)).ok_or_else(|| {
                let length = source.chars().count();
                let words = "must be `Environment`, `Ec2InstanceMetadata` or `EcsContainer`, and has";
                fault_of(section, "credential_source", &format!("{words} {length} other characters"))
            })
        }
        (Some(source), None) if source == section.name() => Ok(Next::Own),
        (Some(source), None) if visited.contains(&source) => {
            let circle = [visited, &[source]].concat().join("` -> `");
            Err(fault_of(section, "source_profile", &format!("leads in a circle: `{circle}`")))
        }
        (Some(source), None) => match profiles.profile(source) {
            Some(next) => Ok(Next::Profile(next)),
            None => {
                let words = format!("names `{}`, which does not exist", shown(source));
                Err(fault_of(section, "source_profile", &words))
            }
        },
    }
}

/// In botocore's order. Keys in the credentials file come before, keys in the config file after what else there may be.
fn base(section: &Section, config: &Config) -> Result<Option<Base>, Error> {
    if let Some(token_file) = text(section, "web_identity_token_file") {
        let role_arn = text(section, "role_arn")
            .ok_or_else(|| fault(section, "has `web_identity_token_file` and no `role_arn`"))?;
        return Ok(Some(Base::WebIdentity(WebIdentity {
            role_arn: role_arn.to_owned(),
            token_file: token_file.to_owned(),
            role_session_name: text(section, "role_session_name").map(str::to_owned),
            duration_seconds: role::duration(section)?,
        })));
    }
    if let Some(sso) = sso(section, config.profiles())? {
        return Ok(Some(Base::Sso(sso)));
    }
    let keys = keys(section)?;
    let is_from_credentials_file =
        keys.is_some() && section.property("aws_access_key_id").is_some_and(|id| !id.is_from_config_file());
    match (keys, text(section, "login_session"), text(section, "credential_process")) {
        (Some(keys), ..) if is_from_credentials_file => Ok(Some(Base::Keys(keys))),
        (_, Some(session), _) => Ok(Some(Base::Login(session.to_owned()))),
        (_, None, Some(command)) => {
            let account_id = text(section, "aws_account_id").map(str::to_owned);
            let chain = config.environment().get(command_chain::VARIABLE).unwrap_or_default();
            let chain = command_chain::extended(chain, section.name())
                .map_err(|words| fault_of(section, "credential_process", &words))?;
            Ok(Some(Base::Process { command: command.into(), account_id, chain }))
        }
        (keys, None, None) => Ok(keys.map(Base::Keys)),
    }
}

fn has_keys(section: &Section) -> bool {
    ["aws_access_key_id", "aws_secret_access_key"].iter().any(|key| text(section, key).is_some())
}

fn keys(section: &Section) -> Result<Option<Credentials>, Error> {
    let (id, secret) = match (text(section, "aws_access_key_id"), text(section, "aws_secret_access_key")) {
        (None, None) => return Ok(None),
        (Some(_), None) => {
            return Err(fault(section, "has `aws_access_key_id` and no `aws_secret_access_key`"));
        }
        (None, Some(_)) => {
            return Err(fault(section, "has `aws_secret_access_key` and no `aws_access_key_id`"));
        }
        (Some(id), Some(secret)) => (id, secret),
    };
    let unusable = |error: Error| fault(section, "has keys that cannot be used").caused_by(error);
    let mut keys = Credentials::new(id, secret).map_err(unusable)?;
    if let Some(token) = text(section, "aws_session_token") {
        keys = keys.with_session_token(token).map_err(unusable)?;
    }
    if let Some(account_id) = text(section, "aws_account_id") {
        keys = keys.with_account_id(account_id);
    }
    Ok(Some(keys))
}

fn sso(section: &Section, profiles: &ProfileSet) -> Result<Option<Sso>, Error> {
    let account_id = text(section, "sso_account_id");
    let role_name = text(section, "sso_role_name");
    let session_name = text(section, "sso_session");
    let [start_url, region] = ["sso_start_url", "sso_region"].map(|key| text(section, key));
    if [account_id, role_name, session_name, start_url].iter().all(Option::is_none) {
        return Ok(None);
    }
    let (start_url, region) = match session_name {
        None => (start_url, region),
        Some(name) => {
            let words = || format!("names `{}`, which does not exist", shown(name));
            let session =
                profiles.sso_session(name).ok_or_else(|| fault_of(section, "sso_session", &words()))?;
            let [of_session_url, of_session_region] =
                ["sso_start_url", "sso_region"].map(|key| text(session, key));
            for (key, of_profile, of_session) in
                [("sso_region", region, of_session_region), ("sso_start_url", start_url, of_session_url)]
            {
                // The same value twice is no contradiction.
                if of_profile.is_some() && of_profile != of_session {
                    return Err(fault_of(section, key, "can only stand in its `sso-session`"));
                }
            }
            (of_session_url, of_session_region)
        }
    };
    let (account_id, role_name) = match (account_id, role_name) {
        (Some(account_id), Some(role_name)) => (account_id, role_name),
        (Some(_), None) => return Err(fault(section, "has `sso_account_id` and no `sso_role_name`")),
        (None, Some(_)) => return Err(fault(section, "has `sso_role_name` and no `sso_account_id`")),
        (None, None) => {
            let words = "is for an access token: it has neither `sso_account_id` nor `sso_role_name`, which \
                         credentials need";
            return Err(fault(section, words));
        }
    };
    let needed = |value: Option<&str>, key: &str| {
        value.map(str::to_owned).ok_or_else(|| fault(section, &format!("has no `{key}`, which SSO needs")))
    };
    Ok(Some(Sso {
        session: session_name.map(str::to_owned),
        start_url: needed(start_url, "sso_start_url")?,
        region: needed(region, "sso_region")?,
        account_id: account_id.to_owned(),
        role_name: role_name.to_owned(),
    }))
}

/// A property's text, unless it is empty.
pub(super) fn text<'s>(section: &'s Section, key: &str) -> Option<&'s str> {
    section.property(key).map(|property| property.value().expose()).filter(|value| !value.trim().is_empty())
}

pub(super) fn fault(section: &Section, words: &str) -> Error {
    let (name, file, line) = (section.name(), section.file(), section.line());
    Error::credentials(format!("profile `{name}`"), format!("it {words} ({file} line {line})"))
}

/// What is wrong with one property, at its place.
pub(super) fn fault_of(section: &Section, key: &str, words: &str) -> Error {
    let place = section.property(key).map(|property| (property.file(), property.line()));
    let (file, line) = place.unwrap_or_else(|| (section.file(), section.line()));
    let profile = format!("profile `{}`", section.name());
    Error::credentials(profile, format!("its `{key}` {words} ({file} line {line})"))
}

/// A name for messages, if it can be one.
pub(super) fn shown(name: &str) -> &str {
    if crate::config::profile::is_name(name) { name } else { "…" }
}

#[cfg(test)]
mod tests;
