//! Who may call: principals, and the access keys that prove them.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use super::iam::identity_context::IdentityContext;
use super::ids;

/// Issued keys that are remembered; the oldest is forgotten first, so that a load test does not fill the memory.
const ISSUED_LIMIT: usize = 10_000;

/// What a principal is, as far as STS treats callers differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Root,
    RoleSession,
    FederatedUser,
}

/// Somebody who can call, as `GetCallerIdentity` would name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub(super) kind: Kind,
    pub(super) partition: String,
    account: String,
    arn: String,
    user_id: String,
}

impl Principal {
    /// `arn:aws:iam::ACCOUNT:user/NAME`.
    #[must_use]
    pub fn user(account: &str, name: &str) -> Self {
        let arn = format!("arn:aws:iam::{account}:user/{name}");
        let user_id = ids::unique_id("AIDA", &arn);
        Self::new(Kind::User, "aws", account, arn, user_id)
    }

    /// The user of `arn:PARTITION:iam::ACCOUNT:user/PATH/NAME`.
    pub(super) fn user_of(arn: &str) -> Option<Self> {
        let parts: Vec<_> = arn.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", account, resource] = parts[..] else { return None };
        let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let named =
            resource.strip_prefix("user/").is_some_and(|name| !name.is_empty() && !name.ends_with('/'));
        let user_id = ids::unique_id("AIDA", arn);
        (digits && named && !partition.is_empty())
            .then(|| Self::new(Kind::User, partition, account, arn.to_owned(), user_id))
    }

    /// `arn:aws:iam::ACCOUNT:root`.
    #[must_use]
    pub fn root(account: &str) -> Self {
        Self::root_in("aws", account)
    }

    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    #[must_use]
    pub fn role_session(account: &str, role: &str, session: &str) -> Self {
        Self::role_session_in("aws", account, role, session)
    }

    /// `arn:aws:sts::ACCOUNT:federated-user/NAME`.
    #[must_use]
    pub fn federated_user(account: &str, name: &str) -> Self {
        Self::federated_user_in("aws", account, name)
    }

    pub(super) fn root_in(partition: &str, account: &str) -> Self {
        let arn = format!("arn:{partition}:iam::{account}:root");
        Self::new(Kind::Root, partition, account, arn, account.to_owned())
    }

    pub(super) fn role_session_in(partition: &str, account: &str, role: &str, session: &str) -> Self {
        let role_id = ids::unique_id("AROA", &format!("arn:{partition}:iam::{account}:role/{role}"));
        let arn = format!("arn:{partition}:sts::{account}:assumed-role/{role}/{session}");
        Self::new(Kind::RoleSession, partition, account, arn, format!("{role_id}:{session}"))
    }

    pub(super) fn federated_user_in(partition: &str, account: &str, name: &str) -> Self {
        let arn = format!("arn:{partition}:sts::{account}:federated-user/{name}");
        Self::new(Kind::FederatedUser, partition, account, arn, format!("{account}:{name}"))
    }

    fn new(kind: Kind, partition: &str, account: &str, arn: String, user_id: String) -> Self {
        Self { kind, partition: partition.to_owned(), account: account.to_owned(), arn, user_id }
    }

    /// The ARN of the IAM principal: of the role, without its path, if this is a session of a role.
    pub(super) fn iam_arn(&self) -> String {
        let session = self.arn.split_once(":assumed-role/").and_then(|(_, rest)| rest.split_once('/'));
        session.map_or_else(
            || self.arn.clone(),
            |(role, _)| format!("arn:{}:iam::{}:role/{role}", self.partition, self.account),
        )
    }

    /// The ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The unique id: `AIDA…` for a user, `AROA…:session` for a role session.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The twelve digits of the account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }
}

/// A tag of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SessionTag {
    pub(super) key: String,
    pub(super) value: String,
    /// Whether the sessions that this one assumes carry it, too.
    pub(super) transitive: bool,
}

/// The state that STS keeps with the credentials of a session, besides their principal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) source_identity: Option<String>,
    /// Whether the session was requested with an MFA code.
    pub(super) mfa: bool,
    pub(super) tags: Vec<SessionTag>,
    pub(super) identity_context: Option<IdentityContext>,
    /// How many policies `GetScopedCredentials` added.
    pub(super) scoped_policies: usize,
}

/// A key pair, with a session token if it is temporary, and the principal it proves.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) session_token: Option<String>,
    pub(super) expires: Option<OffsetDateTime>,
    pub(super) session: Session,
    pub(super) principal: Principal,
}

impl AccessKey {
    pub(super) fn long_term(access_key_id: &str, secret_access_key: &str, principal: Principal) -> Self {
        Self {
            access_key_id: access_key_id.to_owned(),
            secret_access_key: secret_access_key.to_owned(),
            session_token: None,
            expires: None,
            session: Session::default(),
            principal,
        }
    }

    /// The public half.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret half.
    #[must_use]
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// The token that must accompany a temporary key.
    #[must_use]
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// Whom the key proves.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The principal's ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        self.principal.arn()
    }

    /// The principal's account.
    #[must_use]
    pub fn account(&self) -> &str {
        self.principal.account()
    }
}

/// Without the secrets: suites that search their own output for leaks must not find them here.
impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("AccessKey");
        debug.field("access_key_id", &self.access_key_id).field("principal", &self.principal);
        debug.finish_non_exhaustive()
    }
}

/// Every key the server knows.
#[derive(Debug, Default)]
pub(super) struct Keys {
    by_id: HashMap<String, Arc<AccessKey>>,
    issued: VecDeque<String>,
}

impl Keys {
    /// Remembers a key for as long as the server lives.
    pub(super) fn add(&mut self, key: AccessKey) {
        self.by_id.insert(key.access_key_id.clone(), Arc::new(key));
    }

    /// Remembers a key that STS issued, past its expiration too: an expired key is refused in other words than
    /// an unknown one.
    pub(super) fn issue(&mut self, key: AccessKey) {
        if self.issued.len() == ISSUED_LIMIT
            && let Some(oldest) = self.issued.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        self.issued.push_back(key.access_key_id.clone());
        self.add(key);
    }

    pub(super) fn find(&self, access_key_id: &str) -> Option<Arc<AccessKey>> {
        self.by_id.get(access_key_id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str) -> AccessKey {
        AccessKey {
            access_key_id: id.to_owned(),
            secret_access_key: "hush".to_owned(),
            session_token: Some("hush".to_owned()),
            expires: None,
            session: Session::default(),
            principal: Principal::user("123456789012", "alice"),
        }
    }

    #[test]
    fn forgets_the_oldest_issued_key_and_no_added_one() {
        let mut keys = Keys::default();
        keys.add(key("kept"));
        for n in 0..=ISSUED_LIMIT {
            keys.issue(key(&n.to_string()));
        }
        assert_eq!(keys.find("0"), None);
        assert!(keys.find("1").is_some() && keys.find("kept").is_some());
        assert_eq!(keys.by_id.len(), ISSUED_LIMIT + 1);
    }

    #[test]
    fn debug_holds_no_secret() {
        assert!(!format!("{:?}", key("AKIA")).contains("hush"));
    }

    #[test]
    fn principals_are_named_as_get_caller_identity_names_them() {
        let session = Principal::role_session("123456789012", "Role", "me");
        assert_eq!(session.arn(), "arn:aws:sts::123456789012:assumed-role/Role/me");
        assert_eq!(session.iam_arn(), "arn:aws:iam::123456789012:role/Role");
        assert_eq!(Principal::user("123456789012", "bob").iam_arn(), "arn:aws:iam::123456789012:user/bob");
        assert!(session.user_id().starts_with("AROA") && session.user_id().ends_with(":me"));
        let federated = Principal::federated_user("123456789012", "bob");
        assert_eq!(federated.arn(), "arn:aws:sts::123456789012:federated-user/bob");
        assert_eq!(federated.user_id(), "123456789012:bob");
        assert_eq!(Principal::root("123456789012").arn(), "arn:aws:iam::123456789012:root");
    }
}
