//! Users' devices, roles and identity providers: what IAM knows and STS asks.

pub(super) mod context;
pub(super) mod identity_context;
pub(super) mod mfa;
pub(super) mod policy;

use std::collections::HashMap;

pub use identity_context::IdentityContextClaims;
pub use mfa::{InvalidMfaSecret, Mfa};
pub use policy::{InvalidPolicy, TrustPolicy};

/// What a declared role allows that says nothing else, in seconds.
const MAX_SESSION_DURATION: i64 = 3600;

/// A role, and who may assume it.
#[derive(Clone, Debug)]
pub struct Role {
    pub(super) arn: String,
    pub(super) trust: TrustPolicy,
    pub(super) max_session_duration: i64,
}

impl Role {
    /// A role with sessions of up to an hour.
    #[must_use]
    pub fn new(arn: impl Into<String>, trust: TrustPolicy) -> Self {
        Self { arn: arn.into(), trust, max_session_duration: MAX_SESSION_DURATION }
    }

    /// The longest session, in seconds: AWS takes 3600 to 43200.
    #[must_use]
    pub fn max_session_duration(mut self, seconds: i64) -> Self {
        self.max_session_duration = seconds;
        self
    }
}

/// An identity provider whose tokens are verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcProvider {
    pub(super) issuer: String,
    pub(super) audiences: Vec<String>,
    pub(super) identity_context: Option<IdentityContextClaims>,
}

impl OidcProvider {
    /// A provider of this issuer, the `iss` of its tokens, for these audiences. "self" is the server's own address. All
    /// issuers share the server's key set.
    #[must_use]
    pub fn new<I: Into<String>>(issuer: impl Into<String>, audiences: impl IntoIterator<Item = I>) -> Self {
        let audiences = audiences.into_iter().map(Into::into).collect();
        Self { issuer: issuer.into(), audiences, identity_context: None }
    }

    /// Sets the identity context of the provider's sessions from these claims. Without them, the sessions have none.
    #[must_use]
    pub fn identity_context(mut self, claims: IdentityContextClaims) -> Self {
        self.identity_context = Some(claims);
        self
    }
}

/// Everything that was declared.
#[derive(Debug, Default)]
pub(super) struct Directory {
    roles: HashMap<String, Role>,
    devices: HashMap<String, Vec<Mfa>>,
    providers: Vec<OidcProvider>,
}

/// What the directory says about a role.
pub(super) enum Found<'a> {
    /// It was declared.
    Role(&'a Role),
    /// No role was declared, so that any is as good as another.
    Any,
    /// Others were declared.
    None,
}

impl Found<'_> {
    /// The longest session in seconds. For a role that was not declared, only the model limits the duration.
    pub(super) fn max_session_duration(&self) -> Option<i64> {
        if let Found::Role(role) = self { Some(role.max_session_duration) } else { None }
    }
}

impl Directory {
    pub(super) fn add_role(&mut self, role: Role) {
        self.roles.insert(role.arn.clone(), role);
    }

    pub(super) fn add_device(&mut self, user_arn: &str, mfa: Mfa) {
        let devices = self.devices.entry(user_arn.to_owned()).or_default();
        devices.retain(|other| other.serial() != mfa.serial());
        devices.push(mfa);
    }

    pub(super) fn add_provider(&mut self, provider: OidcProvider) {
        self.providers.retain(|other| other.issuer != provider.issuer);
        self.providers.push(provider);
    }

    pub(super) fn role(&self, arn: &str) -> Found<'_> {
        match self.roles.get(arn) {
            Some(role) => Found::Role(role),
            None if self.roles.is_empty() => Found::Any,
            None => Found::None,
        }
    }

    pub(super) fn device(&self, user_arn: &str, serial: &str) -> Option<&Mfa> {
        self.devices.get(user_arn)?.iter().find(|mfa| mfa.serial() == serial)
    }

    pub(super) fn providers(&self) -> &[OidcProvider] {
        &self.providers
    }
}
