use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::Operation;
use super::assume_role::TAGS;
use crate::constraint::{Checker, Integer, List, Members, Shape, Text, class};
use crate::credentials::Secret;
use crate::reply::{self, ReplyFault};
use crate::shape::{self, Tag};
use crate::xml::{Cursor, Field};

/// Gives out a signed JWT that tells services outside of AWS who one is. The account must have enabled
/// outbound web identity federation. The global endpoint refuses it.
///
/// AWS: [GetWebIdentityToken](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetWebIdentityToken {
    audience: Vec<Audience>,
    duration_seconds: Option<u32>,
    signing_algorithm: SigningAlgorithm,
    scope: Option<String>,
    subject_mode: Option<SubjectMode>,
    tags: Vec<Tag>,
}

impl GetWebIdentityToken {
    /// Whom the token is for, 1 to 10 audiences of 1 to 1,000 characters each, and how it is to be signed.
    pub fn new<T: Into<String>>(
        audience: impl IntoIterator<Item = T>,
        signing_algorithm: impl Into<SigningAlgorithm>,
    ) -> Self {
        Self {
            audience: audience.into_iter().map(|item| Audience(item.into())).collect(),
            duration_seconds: None,
            signing_algorithm: signing_algorithm.into(),
            scope: None,
            subject_mode: None,
            tags: Vec::new(),
        }
    }

    /// Other audiences, for a template.
    #[must_use]
    pub fn audience<T: Into<String>>(mut self, audience: impl IntoIterator<Item = T>) -> Self {
        self.audience = audience.into_iter().map(|item| Audience(item.into())).collect();
        self
    }

    /// How long the token is valid, in seconds: 60 to 3,600, and not beyond the session that asks. AWS's
    /// default is 300.
    #[must_use]
    pub fn duration_seconds(mut self, seconds: u32) -> Self {
        self.duration_seconds = Some(seconds);
        self
    }

    /// Another algorithm, for a template.
    #[must_use]
    pub fn signing_algorithm(mut self, signing_algorithm: impl Into<SigningAlgorithm>) -> Self {
        self.signing_algorithm = signing_algorithm.into();
        self
    }

    /// The OAuth 2.0 scopes of the token's `scope` claim, 1 to 256 characters: `read write`.
    ///
    /// One space separates two scopes, no scope may be repeated, and case matters. A scope consists of visible ASCII
    /// characters without `"`, `,` and `\`. Must be given with [`SubjectMode::OriginIdentity`] and exactly one audience.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Whose identity becomes the token's `sub` claim. AWS's default is [`SubjectMode::AwsIdentity`].
    #[must_use]
    pub fn subject_mode(mut self, subject_mode: impl Into<SubjectMode>) -> Self {
        self.subject_mode = Some(subject_mode.into());
        self
    }

    /// Adds a tag that becomes a claim of the token. At most 50.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push(Tag::new(key, value));
        self
    }

    /// The tags that become claims of the token, instead of those given before. At most 50.
    #[must_use]
    pub fn tags<T: Into<Tag>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags = tags.into_iter().map(Into::into).collect();
        self
    }
}

static AUDIENCE: List = List::required("Audience").length(1, 10);
static AUDIENCE_ITEM: Text = Text::item().length(1, 1000);
static SIGNING_ALGORITHM: Text = Text::required("SigningAlgorithm").length(5, 5);
static DURATION_SECONDS: Integer = Integer::optional("DurationSeconds", 60, 3600);
static SCOPE: Text = Text::optional("Scope").length(1, 256).of(&class::SCOPE);
static SUBJECT_MODE: Text = Text::optional("SubjectMode").one_of(&["AWSIdentity", "OriginIdentity"]);

/// Someone whom a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Audience(String);

impl Shape for Audience {
    const IS_STRUCTURE: bool = false;

    fn members(&self, members: &mut impl Members) {
        members.text(&AUDIENCE_ITEM, Some(&self.0));
    }

    fn template() -> Self {
        Self(String::new())
    }
}

/// How a token is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// ECDSA with P-384 and SHA-384.
    Es384,
    /// RSA with SHA-256.
    Rs256,
    /// One that AWS added later, by its name of 5 characters.
    Other(String),
}

impl SigningAlgorithm {
    /// AWS's name for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for SigningAlgorithm {
    fn from(name: &str) -> Self {
        match name {
            "ES384" => Self::Es384,
            "RS256" => Self::Rs256,
            _ => Self::Other(name.to_owned()),
        }
    }
}

/// Whose identity a token's `sub` claim holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubjectMode {
    /// The ARN of the AWS principal that calls.
    AwsIdentity,
    /// The end user on whose behalf the session acts: the subject of its
    /// [`OriginIdentity`](crate::shape::OriginIdentity), which the session must have.
    OriginIdentity,
    /// One that AWS added later, by its name.
    Other(String),
}

impl SubjectMode {
    /// AWS's name for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::AwsIdentity => "AWSIdentity",
            Self::OriginIdentity => "OriginIdentity",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for SubjectMode {
    fn from(name: &str) -> Self {
        match name {
            "AWSIdentity" => Self::AwsIdentity,
            "OriginIdentity" => Self::OriginIdentity,
            _ => Self::Other(name.to_owned()),
        }
    }
}

impl Operation for GetWebIdentityToken {
    type Output = GetWebIdentityTokenOutput;

    fn action(&self) -> &str {
        "GetWebIdentityToken"
    }

    fn needs_regional_endpoint(&self) -> bool {
        true
    }

    fn members(&self, members: &mut impl Members) {
        members.list(&AUDIENCE, &self.audience);
        members.integer(&DURATION_SECONDS, self.duration_seconds);
        members.text(&SIGNING_ALGORITHM, Some(self.signing_algorithm.as_str()));
        members.text(&SCOPE, self.scope.as_deref());
        members.text(&SUBJECT_MODE, self.subject_mode.as_ref().map(SubjectMode::as_str));
        members.list(&TAGS, &self.tags);
    }

    fn relations(&self, checker: &mut Checker) {
        shape::check_tags(checker, &self.tags, &[]);
        let mut scopes = BTreeSet::new();
        let mut all = self.scope.iter().flat_map(|scope| scope.split(' ')).filter(|one| !one.is_empty());
        let are_different = all.all(|one| scopes.insert(one));
        checker.relation(|| "Scope".into(), are_different, "has the same scope twice");
        let is_of_end_user = self.subject_mode == Some(SubjectMode::OriginIdentity);
        let sentence = "must be given with the `SubjectMode` `OriginIdentity` and exactly one `Audience`";
        let fits = self.scope.is_none() || is_of_end_user && self.audience.len() == 1;
        checker.relation(|| "Scope".into(), fits, sentence);
    }

    fn read(&self, cursor: &mut Cursor<'_>) -> Result<GetWebIdentityTokenOutput, ReplyFault> {
        let mut web_identity_token = Field::new("WebIdentityToken");
        let mut expiration = Field::new("Expiration");
        while cursor.child()? {
            match cursor.name() {
                b"WebIdentityToken" => web_identity_token.set(cursor.required_secret("WebIdentityToken")?)?,
                b"Expiration" => expiration.set(reply::timestamp("Expiration", &cursor.text()?)?)?,
                _ => cursor.skip()?,
            }
        }
        Ok(GetWebIdentityTokenOutput {
            web_identity_token: web_identity_token.required()?,
            expiration: expiration.optional(),
        })
    }
}

/// The result of [`GetWebIdentityToken`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetWebIdentityTokenOutput {
    /// The token: a JWT.
    pub web_identity_token: Secret,
    /// When it ceases to be valid.
    pub expiration: Option<OffsetDateTime>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::operation::sample;

    #[test]
    fn a_reply() {
        let reply = sample::decode(
            &GetWebIdentityToken::new(["https://x.test"], SigningAlgorithm::Es384),
            "<GetWebIdentityTokenResponse xmlns='u'><GetWebIdentityTokenResult>
             <WebIdentityToken>eyJhbGciOiJFUzM4NCJ9.e30.c2ln</WebIdentityToken>
             <Expiration>2026-11-20T17:13:48Z</Expiration></GetWebIdentityTokenResult>
             <ResponseMetadata><RequestId>96d212c2</RequestId></ResponseMetadata></GetWebIdentityTokenResponse>",
        )
        .unwrap();
        assert_eq!(reply.web_identity_token.expose(), "eyJhbGciOiJFUzM4NCJ9.e30.c2ln");
        assert!(!format!("{reply:?}").contains("eyJ"));
        assert_eq!(reply.expiration.unwrap().unix_timestamp(), 1_795_194_828);
    }

    #[test]
    fn scope_with_the_same_value_twice_is_refused() {
        let token = GetWebIdentityToken::new(["a"], "RS256").subject_mode(SubjectMode::OriginIdentity);
        let violations = |scope: &str| {
            let error = token.clone().scope(scope).validate(crate::Validation::default()).err();
            error.iter().flat_map(Error::violations).map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(violations("read write read"), ["`Scope` has the same scope twice"]);
        for scope in ["read", "read Read", "read write", "read  write ", " "] {
            assert_eq!(violations(scope), [""; 0], "{scope:?}");
        }
    }

    #[test]
    fn scope_without_an_end_user_or_with_two_audiences_is_refused() {
        let token = GetWebIdentityToken::new(["a"], "RS256").scope("read");
        let of_end_user = token.clone().subject_mode("OriginIdentity");
        of_end_user.validate(crate::Validation::default()).unwrap();
        for token in [
            token.clone(),
            token.clone().subject_mode("AWSIdentity"),
            token.subject_mode("originIdentity"),
            of_end_user.audience(["a", "b"]),
        ] {
            let error = token.validate(crate::Validation::default()).unwrap_err();
            assert_eq!(error.violations()[0].parameter(), "Scope");
            token.validate(crate::Validation::default().relations(false)).unwrap();
        }
    }

    #[test]
    fn the_form_counts_from_one_and_errors_from_zero() {
        let operation = GetWebIdentityToken::new(["a", ""], "RS256");
        let body = operation.form().into_body();
        let text = std::str::from_utf8(body.as_ref()).unwrap();
        assert!(text.contains("Audience.member.1=a&Audience.member.2="), "{text}");
        let error = operation.validate(crate::Validation::default()).unwrap_err();
        assert_eq!(error.to_string(), "GetWebIdentityToken was not sent: `Audience[1]` is required");
        let error = operation.audience([""; 0]).validate(crate::Validation::REQUIRED_ONLY).unwrap_err();
        assert_eq!(error.to_string(), "GetWebIdentityToken was not sent: `Audience` is required");
    }
}
