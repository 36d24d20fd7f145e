//! What the id of an access key, a user or a role tells without a call.
//!
//! AWS: [unique identifiers](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html).
//!
//! ```
//! use sts_proto::key_id::{self, KeyIdKind};
//!
//! assert_eq!(KeyIdKind::of("ASIAY34FZKBOKMUTVV7A"), Some(KeyIdKind::TemporaryAccessKey));
//! assert_eq!(key_id::account_id("ASIAY34FZKBOKMUTVV7A").as_deref(), Some("609629065308"));
//! ```

/// What an id is of, by its first four letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyIdKind {
    /// `AKIA`: a long-term access key, of a user or of the root user.
    AccessKey,
    /// `ASIA`: a temporary access key, which needs a session token.
    TemporaryAccessKey,
    /// `ABIA`: a bearer token of STS.
    BearerToken,
    /// `ACCA`: a credential for one context.
    ContextCredential,
    /// `AROA`: a role.
    Role,
    /// `AIDA`: a user.
    User,
    /// `AGPA`: a group of users.
    Group,
    /// `AIPA`: an instance profile.
    InstanceProfile,
    /// `ANPA`: a managed policy.
    ManagedPolicy,
    /// `ANVA`: a version of a managed policy.
    PolicyVersion,
    /// `APKA`: a public key.
    PublicKey,
    /// `ASCA`: a certificate.
    Certificate,
}

impl KeyIdKind {
    /// The kind of an id; `None` if its prefix is none of those that AWS documents.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        Some(match id.get(..4)? {
            "AKIA" => Self::AccessKey,
            "ASIA" => Self::TemporaryAccessKey,
            "ABIA" => Self::BearerToken,
            "ACCA" => Self::ContextCredential,
            "AROA" => Self::Role,
            "AIDA" => Self::User,
            "AGPA" => Self::Group,
            "AIPA" => Self::InstanceProfile,
            "ANPA" => Self::ManagedPolicy,
            "ANVA" => Self::PolicyVersion,
            "APKA" => Self::PublicKey,
            "ASCA" => Self::Certificate,
            _ => return None,
        })
    }

    /// Whether requests are signed with such a key.
    #[must_use]
    pub fn is_access_key(self) -> bool {
        matches!(self, Self::AccessKey | Self::TemporaryAccessKey)
    }

    /// Whether it works only together with a session token.
    #[must_use]
    pub fn needs_session_token(self) -> bool {
        self == Self::TemporaryAccessKey
    }
}

/// The account that an access key id belongs to, twelve digits.
///
/// AWS does not document how ids are made; what is read here was found out by others and holds for ids made since 2019.
/// An older id gives a wrong account or `None`, so where it matters ask
/// [`GetAccessKeyInfo`](crate::operation::GetAccessKeyInfo).
///
/// `None`: the id is not that of an access key, is not 16 letters and digits after its prefix, or is from before 2019, which
/// the first letter after the prefix tells (`I` or `J`).
#[must_use]
pub fn account_id(access_key_id: &str) -> Option<String> {
    KeyIdKind::of(access_key_id).filter(|kind| kind.is_access_key())?;
    let rest = access_key_id.as_bytes().get(4..).filter(|rest| rest.len() == 16)?;
    if matches!(rest.first()?, b'I' | b'J') {
        return None;
    }
    let mut bits = 0u64;
    for (i, byte) in rest.iter().enumerate() {
        // RFC 4648, section 6.
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        // Ten digits are the first six bytes and two bits more.
        if i < 10 {
            bits = bits << 5 | u64::from(digit);
        }
    }
    let account = ((bits >> 2) & 0x7fff_ffff_ff80) >> 7;
    Some(format!("{account:012}")).filter(|account| account.len() == 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_published_keys() {
        // Published by others together with their accounts: the first by the finder of the encoding.
        assert_eq!(account_id("ASIAQNZGKIQY56JQ7WML").as_deref(), Some("029608264753"));
        assert_eq!(account_id("ASIAY34FZKBOKMUTVV7A").as_deref(), Some("609629065308"));
    }

    #[test]
    fn what_tells_no_account() {
        for id in [
            "",
            "AKIA",
            "AKIAIOSFODNN7EXAMPLE",
            "AROAQNZGKIQY56JQ7WML",
            "ASIAQNZGKIQY56JQ7WM",
            "ASIAQNZGKIQY56JQ7WML1",
            "ASIAQNZGKIQY56JQ7WM1",
            "asiaqnzgkiqy56jq7wml",
            "ASIA€€€€€A",
        ] {
            assert_eq!(account_id(id), None, "{id}");
        }
    }

    #[test]
    fn kinds() {
        assert_eq!(KeyIdKind::of("AROAEXAMPLE:session"), Some(KeyIdKind::Role));
        assert_eq!(KeyIdKind::of("akia"), None);
        assert_eq!(KeyIdKind::of("A€A"), None);
        assert!(KeyIdKind::of("ASIA").is_some_and(KeyIdKind::needs_session_token));
        assert!(!KeyIdKind::of("AKIA").is_some_and(KeyIdKind::needs_session_token));
    }
}
