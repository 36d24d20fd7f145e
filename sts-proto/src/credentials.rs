//! Credentials, and the secrets in them.

use std::borrow::Cow;
use std::fmt;

use time::OffsetDateTime;

use crate::error::{Error, Rule, Violation};
use crate::{lanes, wipe};

/// A text that must not be seen: a secret key, a token, an assertion, a policy.
///
/// It has no `Display`, its `Debug` shows the length only, its memory is wiped when it is dropped, and
/// [`expose`](Self::expose) is the one way to read it, so that a search for that word finds every reader.
/// Two secrets of equal length are compared in constant time.
#[derive(Clone, Default)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Its length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&Self> for Secret {
    fn from(secret: &Self) -> Self {
        secret.clone()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
        a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (x, y)| difference | (x ^ y)) == 0
    }
}

impl Eq for Secret {}

impl Drop for Secret {
    fn drop(&mut self) {
        wipe::text(&mut self.0);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[redacted, {} bytes]", self.len())
    }
}

/// An access key: what requests are signed with, and what most STS operations give out.
///
/// The one type for both: the `Credentials` of a reply can be used to sign the next request.
///
/// ```
/// use sts_proto::Credentials;
///
/// let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")?;
/// assert!(!format!("{credentials:?}").contains("wJalr"));
///
/// // A key read from a file often brings the file's last newline along. AWS would answer with an unhelpful
/// // SignatureDoesNotMatch, so that is an error here and now.
/// let error = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI\n").unwrap_err();
/// assert!(error.to_string().contains("SecretAccessKey"));
/// # Ok::<(), sts_proto::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: Secret,
    session_token: Option<Secret>,
    expiration: Option<OffsetDateTime>,
    account_id: Option<String>,
    source: Option<Cow<'static, str>>,
}

impl Credentials {
    /// Long-term credentials, or the first two parts of temporary ones.
    ///
    /// # Errors
    /// Either part is empty, holds a control character or what was no UTF-8, or begins or ends with white space; or the access key id
    /// holds anything but visible ASCII without `/` and `,` (it becomes part of a header).
    pub fn new(
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<Secret>,
    ) -> Result<Self, Error> {
        let (access_key_id, secret_access_key) = (access_key_id.into(), secret_access_key.into());
        let mut violations = Vec::new();
        check("AccessKeyId", &access_key_id, is_key_id_character, false, &mut violations);
        check("SecretAccessKey", secret_access_key.expose(), is_secret_character, false, &mut violations);
        Error::unless_empty(violations)?;
        Ok(Self {
            access_key_id,
            secret_access_key,
            session_token: None,
            expiration: None,
            account_id: None,
            source: None,
        })
    }

    /// Temporary credentials as a reply gives them out, all parts checked at once. If they `are_visible`, it is known that there
    /// is nothing but visible ASCII in any of them.
    ///
    /// # Errors
    /// As [`new`](Self::new) and [`with_session_token`](Self::with_session_token).
    pub(crate) fn temporary(
        access_key_id: String,
        secret_access_key: Secret,
        session_token: Secret,
        expiration: OffsetDateTime,
        are_visible: bool,
    ) -> Result<Self, Error> {
        let mut violations = Vec::new();
        let mut check =
            |name, value: &str, accepts| check(name, value, accepts, are_visible, &mut violations);
        check("AccessKeyId", &access_key_id, is_key_id_character);
        check("SecretAccessKey", secret_access_key.expose(), is_secret_character);
        check("SessionToken", session_token.expose(), is_token_character);
        Error::unless_empty(violations)?;
        Ok(Self {
            access_key_id,
            secret_access_key,
            session_token: Some(session_token),
            expiration: Some(expiration),
            account_id: None,
            source: None,
        })
    }

    /// The same with the session token that temporary credentials need.
    ///
    /// # Errors
    /// The token is empty, or holds white space or anything else but visible ASCII.
    pub fn with_session_token(mut self, session_token: impl Into<Secret>) -> Result<Self, Error> {
        let session_token = session_token.into();
        let mut violations = Vec::new();
        check("SessionToken", session_token.expose(), is_token_character, false, &mut violations);
        Error::unless_empty(violations)?;
        self.session_token = Some(session_token);
        Ok(self)
    }

    /// The same with the moment from which the service refuses them.
    #[must_use]
    pub fn with_expiration(mut self, expiration: OffsetDateTime) -> Self {
        self.expiration = Some(expiration);
        self
    }

    /// The same with the account that they belong to, where it is known.
    #[must_use]
    pub fn with_account_id(mut self, account_id: impl Into<String>) -> Self {
        self.account_id = Some(account_id.into());
        self
    }

    /// The same with the name of the source that they come from.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Cow<'static, str>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The access key id. Not a secret: it names the key in CloudTrail and in error messages.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret access key.
    #[must_use]
    pub fn secret_access_key(&self) -> &Secret {
        &self.secret_access_key
    }

    /// The session token, which temporary credentials have and long-term ones have not.
    #[must_use]
    pub fn session_token(&self) -> Option<&Secret> {
        self.session_token.as_ref()
    }

    /// When the service begins to refuse them; `None` for long-term credentials.
    #[must_use]
    pub fn expiration(&self) -> Option<OffsetDateTime> {
        self.expiration
    }

    /// The account that they belong to, where the source said so.
    #[must_use]
    pub fn account_id(&self) -> Option<&str> {
        self.account_id.as_deref()
    }

    /// The name of the source that they come from, where they come from one.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &self.secret_access_key)
            .field("session_token", &self.session_token)
            .field("expiration", &self.expiration.map(|at| at.to_string()))
            .field("account_id", &self.account_id)
            .field("source", &self.source)
            .finish()
    }
}

/// `/` separates the parts of a credential scope and `,` those of an `Authorization` header.
fn is_key_id_character(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '/' | ',')
}

/// A token becomes a header.
fn is_token_character(c: char) -> bool {
    c.is_ascii_graphic()
}

/// What is no UTF-8 in the environment arrives as the replacement character: it is no part of a secret.
fn is_secret_character(c: char) -> bool {
    !c.is_control() && c != char::REPLACEMENT_CHARACTER
}

/// Here once for the parts of all credentials. `is_visible`: whether it is known that there is nothing but visible ASCII.
#[inline(never)]
fn check(
    parameter: &'static str,
    value: &str,
    accepts: fn(char) -> bool,
    is_visible: bool,
    violations: &mut Vec<Violation>,
) {
    debug_assert!(!is_visible || lanes::all_visible(value.as_bytes()), "it was told to be visible");
    // Nearly all are.
    let is_visible = is_visible || lanes::all_visible(value.as_bytes());
    let has_marks = || lanes::any(value.as_bytes(), |b| (b == b'/') | (b == b','));
    if is_visible && !value.is_empty() && (accepts('/') && accepts(',') || !has_marks()) {
        return;
    }
    let rule = if value.is_empty() {
        Rule::Required
    } else if value.trim().len() != value.len() {
        Rule::StrayWhiteSpace { length: value.chars().count() }
    } else if let Some(position) = value.chars().position(|c| !accepts(c)) {
        Rule::Character { position, length: value.chars().count() }
    } else {
        return;
    };
    violations.push(Violation::new(parameter, rule));
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "AKIAIOSFODNN7EXAMPLE";

    #[test]
    fn both_parts_are_reported_at_once() {
        let error = Credentials::new("AKIA/1", "secret\r\n").unwrap_err();
        let parameters: Vec<_> = error.violations().iter().map(Violation::parameter).collect();
        assert_eq!(parameters, ["AccessKeyId", "SecretAccessKey"]);
        assert!(error.to_string().contains("newline"), "{error}");
        assert!(!error.to_string().contains("secret\r"), "{error}");
    }

    #[test]
    fn tokens_must_fit_a_header() {
        for token in ["", " t", "t\n", "a b", "é"] {
            let credentials = Credentials::new(ID, "s").unwrap();
            assert!(credentials.with_session_token(token).is_err(), "{token:?}");
        }
    }

    #[test]
    fn debug_shows_the_key_id_and_no_secret() {
        let credentials = Credentials::new(ID, "sEcReTkEy").unwrap().with_session_token("tOkEn").unwrap();
        let text = format!("{credentials:?} {credentials:#?}");
        assert!(text.contains(ID), "{text}");
        assert!(!text.contains("sEcReTkEy") && !text.contains("tOkEn"), "{text}");
    }

    #[test]
    fn secrets_compare_by_content() {
        assert_eq!(Secret::from("abc"), Secret::from("abc".to_owned()));
        assert_ne!(Secret::from("abc"), Secret::from("abd"));
        assert_ne!(Secret::from("abc"), Secret::from("ab"));
    }
}
