//! Values that several operations share.

use std::collections::BTreeSet;

pub use identity_context::{OriginIdentity, TransactionContext, TrustedIdentityPropagationContext};
pub use secret_map::SecretMap;

use crate::constraint::{Checker, Members, Shape, Text, class};
use crate::credentials::{Credentials, Secret};
use crate::reply::{self, ReplyFault};
use crate::xml::{Cursor, Field};

mod identity_context;
mod secret_map;

/// What AWS's documentation says that inline policy and managed policy ARNs may have together, in characters.
const POLICY_TEXT_MAX: usize = 2048;

/// What AWS's documentation says that a session may have of managed policies.
const POLICY_ARNS_MAX: usize = 10;

/// A key and a value that label a session.
///
/// Keys have 1 to 128 characters, values 0 to 256: letters, digits, white space and `_.:/=+-@`. Keys that differ
/// in case only are the same key.
///
/// AWS: [Tag](https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl Tag {
    /// A tag.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl<K: Into<String>, V: Into<String>> From<(K, V)> for Tag {
    fn from((key, value): (K, V)) -> Self {
        Self::new(key, value)
    }
}

static TAG_KEY: Text = Text::required("Key").length(1, 128).of(&class::TAG_KEY);
static TAG_VALUE: Text = Text::required("Value").length(0, 256).of(&class::TAG_VALUE).may_be_empty();

impl Shape for Tag {
    fn members(&self, members: &mut impl Members) {
        members.text(&TAG_KEY, Some(&self.key));
        members.text(&TAG_VALUE, Some(&self.value));
    }

    fn template() -> Self {
        Self::new("", "")
    }
}

/// The key of a tag that is passed on along a chain of roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TagKey(pub(crate) String);

static TAG_KEY_ITEM: Text = Text::item().length(1, 128).of(&class::TAG_KEY);

impl Shape for TagKey {
    const IS_STRUCTURE: bool = false;

    fn members(&self, members: &mut impl Members) {
        members.text(&TAG_KEY_ITEM, Some(&self.0));
    }

    fn template() -> Self {
        Self(String::new())
    }
}

/// The ARN of a managed policy, 20 to 2,048 characters.
///
/// AWS: [PolicyDescriptorType](https://docs.aws.amazon.com/STS/latest/APIReference/API_PolicyDescriptorType.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyArn(pub(crate) String);

impl PolicyArn {
    /// The ARN as it is.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for PolicyArn {
    fn from(arn: T) -> Self {
        Self(arn.into())
    }
}

/// The one member of STS that begins with a small letter.
static POLICY_ARN: Text = Text::optional("arn").length(20, 2048).of(&class::ARN);

impl Shape for PolicyArn {
    fn members(&self, members: &mut impl Members) {
        members.text(&POLICY_ARN, Some(&self.0));
    }

    fn template() -> Self {
        Self(String::new())
    }
}

/// A trusted context assertion from a context provider, such as an identity centre.
///
/// AWS: [ProvidedContext](https://docs.aws.amazon.com/STS/latest/APIReference/API_ProvidedContext.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvidedContext {
    provider_arn: String,
    context_assertion: Secret,
}

impl ProvidedContext {
    /// The ARN of the context provider, 20 to 2,048 characters, and the signed and encrypted assertion that it
    /// gave out, 4 to 3,072 characters.
    pub fn new(provider_arn: impl Into<String>, context_assertion: impl Into<Secret>) -> Self {
        Self { provider_arn: provider_arn.into(), context_assertion: context_assertion.into() }
    }
}

static PROVIDER_ARN: Text = Text::optional("ProviderArn").length(20, 2048).of(&class::ARN);
static CONTEXT_ASSERTION: Text = Text::optional("ContextAssertion").length(4, 3072).sensitive();

impl Shape for ProvidedContext {
    fn members(&self, members: &mut impl Members) {
        members.text(&PROVIDER_ARN, Some(&self.provider_arn));
        members.text(&CONTEXT_ASSERTION, Some(self.context_assertion.expose()));
    }

    fn template() -> Self {
        Self::new("", "")
    }
}

/// Who one is after assuming a role.
///
/// AWS: [AssumedRoleUser](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumedRoleUser.html).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AssumedRoleUser {
    /// The role's id, a colon and the session name: `AROA3XFRBF23:session`.
    pub assumed_role_id: String,
    /// `arn:aws:sts::123456789012:assumed-role/Role/session`. Some servers leave the account empty.
    pub arn: String,
}

impl AssumedRoleUser {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, ReplyFault> {
        let mut id = Field::new("AssumedRoleId");
        let mut arn = Field::new("Arn");
        while cursor.child()? {
            match cursor.name() {
                // MinIO leaves out the `d`.
                b"AssumedRoleId" | b"AssumeRoleId" => id.set(cursor.text()?.into_owned())?,
                b"Arn" => arn.set(cursor.text()?.into_owned())?,
                _ => cursor.skip()?,
            }
        }
        Ok(Self { assumed_role_id: id.required()?, arn: arn.required()? })
    }
}

/// Who one is with the credentials of GetFederationToken.
///
/// AWS: [FederatedUser](https://docs.aws.amazon.com/STS/latest/APIReference/API_FederatedUser.html).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FederatedUser {
    /// The account and the name: `123456789012:Bob`.
    pub federated_user_id: String,
    /// `arn:aws:sts::123456789012:federated-user/Bob`.
    pub arn: String,
}

impl FederatedUser {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, ReplyFault> {
        let mut id = Field::new("FederatedUserId");
        let mut arn = Field::new("Arn");
        while cursor.child()? {
            match cursor.name() {
                b"FederatedUserId" => id.set(cursor.text()?.into_owned())?,
                b"Arn" => arn.set(cursor.text()?.into_owned())?,
                _ => cursor.skip()?,
            }
        }
        Ok(Self { federated_user_id: id.required()?, arn: arn.required()? })
    }
}

/// AWS: [Credentials](https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html).
pub(crate) fn read_credentials(cursor: &mut Cursor<'_>) -> Result<Credentials, ReplyFault> {
    let mut id = Field::new("AccessKeyId");
    let mut secret = Field::new("SecretAccessKey");
    let mut token = Field::new("SessionToken");
    let mut expiration = Field::new("Expiration");
    cursor.watch();
    while cursor.child()? {
        match cursor.name() {
            b"AccessKeyId" => id.set(cursor.text()?.into_owned())?,
            b"SecretAccessKey" => secret.set(cursor.secret()?)?,
            b"SessionToken" => token.set(cursor.secret()?)?,
            b"Expiration" => expiration.set(reply::timestamp("Expiration", &cursor.text()?)?)?,
            _ => cursor.skip()?,
        }
    }
    let (id, secret, token) = (id.required()?, secret.required()?, token.required()?);
    Credentials::temporary(id, secret, token, expiration.required()?, cursor.saw_plain_text()).map_err(
        |error| ReplyFault::Value {
            name: match error.violations().first().map(crate::Violation::parameter) {
                Some("AccessKeyId") => "AccessKeyId",
                Some("SecretAccessKey") => "SecretAccessKey",
                _ => "SessionToken",
            },
        },
    )
}

/// So many tags are compared each with each.
const FEW_TAGS: usize = 8;

const TWICE: &str = "is the key of an earlier tag, case aside";
const NO_TAG: &str = "is not the key of one of the `Tags`";

/// Tags of one request: keys differ in more than case, and transitive keys are among them.
pub(crate) fn check_tags(checker: &mut Checker, tags: &[Tag], transitive: &[TagKey]) {
    let is_plain = |key: &str| key.is_ascii();
    if tags.len() <= FEW_TAGS
        && tags.iter().all(|tag| is_plain(&tag.key))
        && transitive.iter().all(|TagKey(key)| is_plain(key))
    {
        return check_few_tags(checker, tags, transitive);
    }
    let mut keys = BTreeSet::new();
    for (i, tag) in tags.iter().enumerate() {
        let is_new = keys.insert(tag.key.to_lowercase());
        checker.relation(|| format!("Tags[{i}].Key").into(), is_new, TWICE);
    }
    for (i, TagKey(key)) in transitive.iter().enumerate() {
        let is_tag = keys.contains(&key.to_lowercase());
        let path = || format!("TransitiveTagKeys[{i}]").into();
        checker.relation(path, is_tag, NO_TAG);
    }
}

/// The same without copies of the keys in lower case: each is compared with each.
fn check_few_tags(checker: &mut Checker, tags: &[Tag], transitive: &[TagKey]) {
    let is_among = |key: &str, tags: &[Tag]| tags.iter().any(|tag| tag.key.eq_ignore_ascii_case(key));
    for (i, tag) in tags.iter().enumerate() {
        let is_new = !is_among(&tag.key, &tags[..i]);
        checker.relation(|| format!("Tags[{i}].Key").into(), is_new, TWICE);
    }
    for (i, TagKey(key)) in transitive.iter().enumerate() {
        let path = || format!("TransitiveTagKeys[{i}]").into();
        checker.relation(path, is_among(key, tags), NO_TAG);
    }
}

/// An MFA device without its code, or a code without its device.
pub(crate) fn check_mfa(checker: &mut Checker, serial_number: Option<&String>, token_code: Option<&Secret>) {
    checker.relation(
        || "TokenCode".into(),
        serial_number.is_none() || token_code.is_some(),
        "must be given with `SerialNumber`",
    );
    checker.relation(
        || "SerialNumber".into(),
        token_code.is_none() || serial_number.is_some(),
        "must be given with `TokenCode`",
    );
}

/// What AWS's documentation says of session policies and the service model does not.
pub(crate) fn check_policies(checker: &mut Checker, policy: Option<&Secret>, arns: &[PolicyArn]) {
    let texts = policy.map(Secret::expose).into_iter().chain(arns.iter().map(PolicyArn::arn));
    let length: usize = texts.map(|text| text.chars().count()).sum();
    if length > POLICY_TEXT_MAX {
        let sentence = format!(
            "and `PolicyArns` have {length} characters together; AWS documents a limit of {POLICY_TEXT_MAX}"
        );
        checker.documented("Policy", sentence);
    }
    if arns.len() > POLICY_ARNS_MAX {
        let sentence = format!("has {} items; AWS documents a limit of {POLICY_ARNS_MAX}", arns.len());
        checker.documented("PolicyArns", sentence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_credentials_are_checked_however_they_are_written() {
        let read = |id: &str, secret: &str, token: &str| {
            let document = format!(
                "<Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
                 <SessionToken>{token}</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials>"
            );
            read_credentials(&mut Cursor::new(document.as_bytes()).unwrap())
        };
        let credentials = read(" <![CDATA[ASIA]]>", "é&amp;/,", "\n t/&#44;&lt; u \t").unwrap();
        assert_eq!(credentials.access_key_id(), "ASIA");
        assert_eq!(credentials.secret_access_key().expose(), "é&/,");
        assert_eq!(credentials.session_token().unwrap().expose(), "t/,<u");
        read("ASIA", "s/,", "t/,").unwrap();
        for id in ["", " ", "A/B", "A,", "A&#47;", "<![CDATA[,]]>A", "A B", "é", "A&#x7f;"] {
            assert_eq!(read(id, "s", "t").unwrap_err(), ReplyFault::Value { name: "AccessKeyId" }, "{id}");
        }
        for secret in ["", "&#x85;", "s\u{fffd}", "s&#xfffd;"] {
            let fault = ReplyFault::Value { name: "SecretAccessKey" };
            assert_eq!(read("ASIA", secret, "t").unwrap_err(), fault, "{secret}");
        }
        for token in ["", "<!-- -->", "é", "t&#xe9;", "t\u{7f}"] {
            let fault = ReplyFault::Value { name: "SessionToken" };
            assert_eq!(read("ASIA", "s", token).unwrap_err(), fault, "{token}");
        }
    }
}
