use super::Operation;
use crate::constraint::{Checker, Integer, List, Members, Text, class};
use crate::credentials::{Credentials, Secret};
use crate::reply::ReplyFault;
use crate::shape::{self, AssumedRoleUser, PolicyArn, ProvidedContext, Tag, TagKey};
use crate::xml::{Cursor, Field};

/// Gives out temporary credentials for a role.
///
/// AWS: [AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
///
/// ```
/// use sts_proto::operation::{AssumeRole, Operation};
///
/// let template = AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "build").duration_seconds(900);
/// let build_42 = template.clone().role_session_name("build-42").tag("Build", "42");
/// build_42.validate(Default::default())?;
///
/// // Every broken rule is reported, by path and length, before anything is sent.
/// let error = template.role_session_name("?").tag("", "v").validate(Default::default()).unwrap_err();
/// assert_eq!(error.violations().len(), 2);
/// assert_eq!(
///     error.violations()[0].to_string(),
///     "`RoleSessionName` must have at least 2 characters, and has 1"
/// );
/// # Ok::<(), sts_proto::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRole {
    pub(crate) role_arn: String,
    pub(crate) role_session_name: String,
    policy_arns: Vec<PolicyArn>,
    policy: Option<Secret>,
    pub(crate) duration_seconds: Option<u32>,
    tags: Vec<Tag>,
    transitive_tag_keys: Vec<TagKey>,
    external_id: Option<Secret>,
    pub(crate) serial_number: Option<String>,
    pub(crate) token_code: Option<Secret>,
    source_identity: Option<String>,
    provided_contexts: Vec<ProvidedContext>,
    minimum_session_token_size: Option<u32>,
}

impl AssumeRole {
    /// The role's ARN, 20 to 2,048 characters, and a name for the session, 2 to 64 characters of letters, digits
    /// and `_+=,.@-`.
    pub fn new(role_arn: impl Into<String>, role_session_name: impl Into<String>) -> Self {
        Self {
            role_arn: role_arn.into(),
            role_session_name: role_session_name.into(),
            policy_arns: Vec::new(),
            policy: None,
            duration_seconds: None,
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            external_id: None,
            serial_number: None,
            token_code: None,
            source_identity: None,
            provided_contexts: Vec::new(),
            minimum_session_token_size: None,
        }
    }

    /// Another role, for a template.
    #[must_use]
    pub fn role_arn(mut self, role_arn: impl Into<String>) -> Self {
        self.role_arn = role_arn.into();
        self
    }

    /// Another session name, for a template.
    #[must_use]
    pub fn role_session_name(mut self, role_session_name: impl Into<String>) -> Self {
        self.role_session_name = role_session_name.into();
        self
    }

    /// Adds a managed policy that limits the session. AWS documents a limit of 10.
    #[must_use]
    pub fn policy_arn(mut self, arn: impl Into<PolicyArn>) -> Self {
        self.policy_arns.push(arn.into());
        self
    }

    /// The managed policies that limit the session, instead of those given before.
    #[must_use]
    pub fn policy_arns<T: Into<PolicyArn>>(mut self, arns: impl IntoIterator<Item = T>) -> Self {
        self.policy_arns = arns.into_iter().map(Into::into).collect();
        self
    }

    /// An inline policy, as JSON, that limits the session. The service model sets no limit to its length; AWS
    /// documents one of 2,048 characters together with the managed policies' ARNs.
    #[must_use]
    pub fn policy(mut self, policy: impl Into<Secret>) -> Self {
        self.policy = Some(policy.into());
        self
    }

    /// How long the credentials last, in seconds: 900 to 43,200, and not above the role's own maximum. AWS's
    /// default is 3,600, which is also the most that a chain of roles can have.
    #[must_use]
    pub fn duration_seconds(mut self, seconds: u32) -> Self {
        self.duration_seconds = Some(seconds);
        self
    }

    /// Adds a session tag. At most 50.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push(Tag::new(key, value));
        self
    }

    /// The session tags, instead of those given before. At most 50.
    #[must_use]
    pub fn tags<T: Into<Tag>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// The keys of the tags that roles assumed from this session inherit. At most 50.
    #[must_use]
    pub fn transitive_tag_keys<T: Into<String>>(mut self, keys: impl IntoIterator<Item = T>) -> Self {
        self.transitive_tag_keys = keys.into_iter().map(|key| TagKey(key.into())).collect();
        self
    }

    /// What the role's owner agreed on with whoever assumes it, against the confused deputy. 2 to 1,224
    /// characters of letters, digits and `_+=,.@:/-`.
    #[must_use]
    pub fn external_id(mut self, external_id: impl Into<Secret>) -> Self {
        self.external_id = Some(external_id.into());
        self
    }

    /// The MFA device, by serial number or ARN, 9 to 256 characters; goes with [`token_code`](Self::token_code).
    #[must_use]
    pub fn serial_number(mut self, serial_number: impl Into<String>) -> Self {
        self.serial_number = Some(serial_number.into());
        self
    }

    /// The six digits that the MFA device shows.
    #[must_use]
    pub fn token_code(mut self, token_code: impl Into<Secret>) -> Self {
        self.token_code = Some(token_code.into());
        self
    }

    /// Who is behind the session, for CloudTrail and along a chain of roles. 2 to 256 characters of letters, digits
    /// and `_+=,.@-`, not beginning with `aws:`.
    #[must_use]
    pub fn source_identity(mut self, source_identity: impl Into<String>) -> Self {
        self.source_identity = Some(source_identity.into());
        self
    }

    /// Adds a trusted context assertion. At most 5.
    #[must_use]
    pub fn provided_context(mut self, context: ProvidedContext) -> Self {
        self.provided_contexts.push(context);
        self
    }

    /// The least size of the session token, 0 to 4,096; AWS pads a smaller one.
    #[must_use]
    pub fn minimum_session_token_size(mut self, size: u32) -> Self {
        self.minimum_session_token_size = Some(size);
        self
    }
}

pub(super) static ROLE_ARN: Text = Text::required("RoleArn").length(20, 2048).of(&class::ARN);
pub(super) static ROLE_SESSION_NAME: Text = Text::required("RoleSessionName").length(2, 64).of(&class::NAME);
pub(super) static POLICY_ARNS: List = List::optional("PolicyArns");
static POLICY: Text = Text::optional("Policy").length(1, usize::MAX).of(&class::POLICY).sensitive();
pub(super) static DURATION_SECONDS: Integer = Integer::optional("DurationSeconds", 900, 43_200);
pub(super) static TAGS: List = List::optional("Tags").length(0, 50);
static TRANSITIVE_TAG_KEYS: List = List::optional("TransitiveTagKeys").length(0, 50);
static EXTERNAL_ID: Text = Text::optional("ExternalId").length(2, 1224).of(&class::EXTERNAL_ID).sensitive();
pub(super) static SERIAL_NUMBER: Text =
    Text::optional("SerialNumber").length(9, 256).of(&class::SERIAL_NUMBER);
pub(super) static TOKEN_CODE: Text = Text::optional("TokenCode").length(6, 6).of(&class::DIGITS).sensitive();
static SOURCE_IDENTITY: Text = Text::optional("SourceIdentity").length(2, 256).of(&class::NAME);
static PROVIDED_CONTEXTS: List = List::optional("ProvidedContexts").length(1, 5);
pub(super) static MINIMUM_SESSION_TOKEN_SIZE: Integer = Integer::optional("MinimumSessionTokenSize", 0, 4096);

impl Operation for AssumeRole {
    type Output = AssumeRoleOutput;

    fn action(&self) -> &str {
        "AssumeRole"
    }

    fn members(&self, members: &mut impl Members) {
        members.text(&ROLE_ARN, Some(&self.role_arn));
        members.text(&ROLE_SESSION_NAME, Some(&self.role_session_name));
        members.list(&POLICY_ARNS, &self.policy_arns);
        members.text(&POLICY, self.policy.as_ref().map(Secret::expose));
        members.integer(&DURATION_SECONDS, self.duration_seconds);
        members.list(&TAGS, &self.tags);
        members.list(&TRANSITIVE_TAG_KEYS, &self.transitive_tag_keys);
        members.text(&EXTERNAL_ID, self.external_id.as_ref().map(Secret::expose));
        members.text(&SERIAL_NUMBER, self.serial_number.as_deref());
        members.text(&TOKEN_CODE, self.token_code.as_ref().map(Secret::expose));
        members.text(&SOURCE_IDENTITY, self.source_identity.as_deref());
        members.list(&PROVIDED_CONTEXTS, &self.provided_contexts);
        members.integer(&MINIMUM_SESSION_TOKEN_SIZE, self.minimum_session_token_size);
    }

    fn relations(&self, checker: &mut Checker) {
        shape::check_tags(checker, &self.tags, &self.transitive_tag_keys);
        shape::check_mfa(checker, self.serial_number.as_ref(), self.token_code.as_ref());
        let is_reserved = self.source_identity.as_ref().is_some_and(|name| name.starts_with("aws:"));
        checker.relation(|| "SourceIdentity".into(), !is_reserved, "must not begin with `aws:`");
    }

    fn role_duration(&mut self) -> Option<&mut Option<u32>> {
        Some(&mut self.duration_seconds)
    }

    fn documented(&self, checker: &mut Checker) {
        shape::check_policies(checker, self.policy.as_ref(), &self.policy_arns);
    }

    fn read(&self, cursor: &mut Cursor<'_>) -> Result<AssumeRoleOutput, ReplyFault> {
        let mut credentials = Field::new("Credentials");
        let mut assumed_role_user = Field::new("AssumedRoleUser");
        let mut packed_policy_size = Field::new("PackedPolicySize");
        let mut source_identity = Field::new("SourceIdentity");
        let mut session_token_utilization = Field::new("SessionTokenUtilization");
        let mut session_token_size = Field::new("SessionTokenSize");
        while cursor.child()? {
            match cursor.name() {
                b"Credentials" => credentials.set(shape::read_credentials(cursor)?)?,
                b"AssumedRoleUser" => assumed_role_user.set(AssumedRoleUser::read(cursor)?)?,
                b"PackedPolicySize" => packed_policy_size.set(cursor.number("PackedPolicySize")?)?,
                b"SourceIdentity" => source_identity.set(cursor.text()?.into_owned())?,
                b"SessionTokenUtilization" => {
                    session_token_utilization.set(cursor.number("SessionTokenUtilization")?)?;
                }
                b"SessionTokenSize" => session_token_size.set(cursor.number("SessionTokenSize")?)?,
                _ => cursor.skip()?,
            }
        }
        #[expect(deprecated, reason = "AWS still sends the member")]
        Ok(AssumeRoleOutput {
            credentials: credentials.required()?,
            assumed_role_user: assumed_role_user.required()?,
            packed_policy_size: packed_policy_size.optional(),
            source_identity: source_identity.optional(),
            session_token_utilization: session_token_utilization.optional(),
            session_token_size: session_token_size.optional(),
        })
    }
}

/// The result of [`AssumeRole`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AssumeRoleOutput {
    /// The temporary credentials.
    pub credentials: Credentials,
    /// Who one is with them.
    pub assumed_role_user: AssumedRoleUser,
    /// How much of the room for policies and tags is used, in per cent.
    #[deprecated = "AWS replaced it by `session_token_utilization` on 2026-06-17"]
    pub packed_policy_size: Option<u32>,
    /// The source identity of the session, where one was set.
    pub source_identity: Option<String>,
    /// How much of the session token's greatest size is used, in per cent.
    pub session_token_utilization: Option<u32>,
    /// The size of the session token, in bytes.
    pub session_token_size: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::sample;

    #[test]
    fn the_documented_reply() {
        let reply = sample::decode(
            &AssumeRole::new("", ""),
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">
              <AssumeRoleResult>
                <SourceIdentity>Alice</SourceIdentity>
                <AssumedRoleUser>
                  <Arn>arn:aws:sts::123456789012:assumed-role/demo/TestAR</Arn>
                  <AssumedRoleId>ARO123EXAMPLE123:TestAR</AssumedRoleId>
                </AssumedRoleUser>
                <Credentials>
                  <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
                  <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
                  <SessionToken>
                   AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQW
                   LWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGd
                  </SessionToken>
                  <Expiration>2026-07-15T23:28:33.359Z</Expiration>
                </Credentials>
                <PackedPolicySize>6</PackedPolicySize>
                <SessionTokenUtilization>7</SessionTokenUtilization>
                <SessionTokenSize>412</SessionTokenSize>
              </AssumeRoleResult>
              <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
            </AssumeRoleResponse>",
        )
        .unwrap();
        assert_eq!(reply.credentials.access_key_id(), "ASIAIOSFODNN7EXAMPLE");
        let token = reply.credentials.session_token().unwrap().expose();
        assert!(token.starts_with("AQoD") && token.ends_with("kMcGd") && token.len() == 134, "{token}");
        assert_eq!(reply.credentials.expiration().unwrap().unix_timestamp(), 1_784_158_113);
        assert_eq!(reply.assumed_role_user.assumed_role_id, "ARO123EXAMPLE123:TestAR");
        assert_eq!(reply.source_identity.as_deref(), Some("Alice"));
        assert_eq!((reply.session_token_utilization, reply.session_token_size), (Some(7), Some(412)));
        assert_eq!(reply.metadata.request_id.as_deref(), Some("c6104cbe-af31-11e0-8154-cbc7ccf896c7"));
    }

    #[test]
    fn relations_between_parameters() {
        let error = AssumeRole::new("arn:aws:iam::123456789012:role/r", "session")
            .tag("Project", "a")
            .tag("project", "b")
            .transitive_tag_keys(["Project", "Other"])
            .token_code("123456")
            .source_identity("aws:me")
            .validate(crate::Validation::strict().pattern(false))
            .unwrap_err();
        let found: Vec<_> = error.violations().iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "`Tags[1].Key` is the key of an earlier tag, case aside",
                "`TransitiveTagKeys[1]` is not the key of one of the `Tags`",
                "`SerialNumber` must be given with `TokenCode`",
                "`SourceIdentity` must not begin with `aws:`",
            ]
        );
    }

    #[test]
    fn long_policies_are_advice_and_not_refused() {
        let operation = AssumeRole::new("arn:aws:iam::123456789012:role/r", "session")
            .policy("x".repeat(3000))
            .policy_arns(["arn:aws:iam::aws:policy/ReadOnlyAccess"; 11]);
        operation.validate(crate::Validation::default()).unwrap();
        let advice: Vec<_> = operation.advice().iter().map(ToString::to_string).collect();
        assert_eq!(
            advice,
            [
                "`Policy` and `PolicyArns` have 3418 characters together; AWS documents a limit of 2048",
                "`PolicyArns` has 11 items; AWS documents a limit of 10",
            ]
        );
        operation.validate(crate::Validation::strict()).unwrap();
    }
}
