use super::Operation;
use super::assume_role::{MINIMUM_SESSION_TOKEN_SIZE, POLICY_ARNS, TAGS};
use super::assume_role_with_saml::POLICY;
use crate::constraint::{Checker, Integer, Members, Text, class};
use crate::credentials::{Credentials, Secret};
use crate::reply::ReplyFault;
use crate::shape::{self, FederatedUser, PolicyArn, Tag};
use crate::xml::{Cursor, Field};

/// Gives out temporary credentials for a user of one's own. It must be signed with long-term credentials of
/// an IAM user or the root user.
///
/// AWS: [GetFederationToken](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetFederationToken {
    name: String,
    policy: Option<Secret>,
    policy_arns: Vec<PolicyArn>,
    duration_seconds: Option<u32>,
    tags: Vec<Tag>,
    minimum_session_token_size: Option<u32>,
}

impl GetFederationToken {
    /// A name for the user, 2 to 32 characters of letters, digits and `_+=,.@-`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            policy: None,
            policy_arns: Vec::new(),
            duration_seconds: None,
            tags: Vec::new(),
            minimum_session_token_size: None,
        }
    }

    /// Another name, for a template.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// An inline policy, as JSON, without which (or managed policies) the credentials can do nothing. 1 to
    /// 2,048 characters.
    #[must_use]
    pub fn policy(mut self, policy: impl Into<Secret>) -> Self {
        self.policy = Some(policy.into());
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

    /// How long the credentials last, in seconds: 900 to 129,600. AWS's default is 43,200; the root user gets
    /// at most 3,600.
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

    /// The least size of the session token, 0 to 4,096; AWS pads a smaller one.
    #[must_use]
    pub fn minimum_session_token_size(mut self, size: u32) -> Self {
        self.minimum_session_token_size = Some(size);
        self
    }
}

static NAME: Text = Text::required("Name").length(2, 32).of(&class::NAME);
pub(super) static DURATION_SECONDS: Integer = Integer::optional("DurationSeconds", 900, 129_600);

impl Operation for GetFederationToken {
    type Output = GetFederationTokenOutput;

    fn action(&self) -> &str {
        "GetFederationToken"
    }

    fn members(&self, members: &mut impl Members) {
        members.text(&NAME, Some(&self.name));
        members.text(&POLICY, self.policy.as_ref().map(Secret::expose));
        members.list(&POLICY_ARNS, &self.policy_arns);
        members.integer(&DURATION_SECONDS, self.duration_seconds);
        members.list(&TAGS, &self.tags);
        members.integer(&MINIMUM_SESSION_TOKEN_SIZE, self.minimum_session_token_size);
    }

    fn relations(&self, checker: &mut Checker) {
        shape::check_tags(checker, &self.tags, &[]);
    }

    fn documented(&self, checker: &mut Checker) {
        shape::check_policies(checker, self.policy.as_ref(), &self.policy_arns);
    }

    fn read(&self, cursor: &mut Cursor<'_>) -> Result<GetFederationTokenOutput, ReplyFault> {
        let mut credentials = Field::new("Credentials");
        let mut federated_user = Field::new("FederatedUser");
        let mut packed_policy_size = Field::new("PackedPolicySize");
        let mut session_token_utilization = Field::new("SessionTokenUtilization");
        let mut session_token_size = Field::new("SessionTokenSize");
        while cursor.child()? {
            match cursor.name() {
                b"Credentials" => credentials.set(shape::read_credentials(cursor)?)?,
                b"FederatedUser" => federated_user.set(FederatedUser::read(cursor)?)?,
                b"PackedPolicySize" => packed_policy_size.set(cursor.number("PackedPolicySize")?)?,
                b"SessionTokenUtilization" => {
                    session_token_utilization.set(cursor.number("SessionTokenUtilization")?)?;
                }
                b"SessionTokenSize" => session_token_size.set(cursor.number("SessionTokenSize")?)?,
                _ => cursor.skip()?,
            }
        }
        #[expect(deprecated, reason = "AWS still sends the member")]
        Ok(GetFederationTokenOutput {
            credentials: credentials.required()?,
            federated_user: federated_user.required()?,
            packed_policy_size: packed_policy_size.optional(),
            session_token_utilization: session_token_utilization.optional(),
            session_token_size: session_token_size.optional(),
        })
    }
}

/// The result of [`GetFederationToken`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetFederationTokenOutput {
    /// The temporary credentials.
    pub credentials: Credentials,
    /// Who one is with them.
    pub federated_user: FederatedUser,
    /// How much of the room for policies and tags is used, in per cent.
    #[deprecated = "AWS replaced it by `session_token_utilization` on 2026-06-17"]
    pub packed_policy_size: Option<u32>,
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
            &GetFederationToken::new(""),
            "<GetFederationTokenResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'>
             <GetFederationTokenResult>
            <Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
             <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
             <SessionToken>AQoDYXdzEPT</SessionToken><Expiration>2026-07-11T19:55:29.611Z</Expiration></Credentials>

             <FederatedUser><Arn>arn:aws:sts::123456789012:federated-user/Jean</Arn>
             <FederatedUserId>123456789012:Jean</FederatedUserId></FederatedUser>
             <PackedPolicySize>4</PackedPolicySize></GetFederationTokenResult>
             <ResponseMetadata><RequestId>c6104cbe</RequestId></ResponseMetadata></GetFederationTokenResponse>",
        )
        .unwrap();
        assert_eq!(reply.federated_user.federated_user_id, "123456789012:Jean");
    }
}
