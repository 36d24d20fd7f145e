use super::Operation;
use super::assume_role::MINIMUM_SESSION_TOKEN_SIZE;
use super::assume_role_with_saml::POLICY;
use crate::constraint::{Checker, Integer, Members, Text, class};
use crate::credentials::{Credentials, Secret};
use crate::reply::ReplyFault;
use crate::shape;
use crate::xml::{Cursor, Field};

/// Returns credentials of the caller's own session with fewer permissions, a shorter life, or both.
///
/// The identity stays: ARN, user id and source identity are the calling session's. It must be signed with temporary
/// credentials; an IAM user's or the root user's are refused, so call
/// [`GetSessionToken`](super::GetSessionToken) first. At least one of [`policy`](Self::policy) and
/// [`duration_seconds`](Self::duration_seconds) must be given. The global endpoint refuses it.
///
/// AWS: [GetScopedCredentials](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetScopedCredentials.html).
///
/// ```
/// use sts_proto::operation::{GetScopedCredentials, Operation};
///
/// let read_only = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#;
/// GetScopedCredentials::new().policy(read_only).duration_seconds(900).validate(Default::default())?;
///
/// let error = GetScopedCredentials::new().validate(Default::default()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "GetScopedCredentials was not sent: `Policy` must be given, or `DurationSeconds`, or both"
/// );
/// # Ok::<(), sts_proto::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GetScopedCredentials {
    policy: Option<Secret>,
    duration_seconds: Option<u32>,
    minimum_session_token_size: Option<u32>,
    scoped_session_description: Option<String>,
}

impl GetScopedCredentials {
    /// The operation without its options, at least one of which must be given.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The policy, as JSON, that narrows the session's permissions; it cannot widen them. 1 to 2,048 characters.
    ///
    /// Each call with a policy adds a layer to the session; AWS denies a fourth one.
    #[must_use]
    pub fn policy(mut self, policy: impl Into<Secret>) -> Self {
        self.policy = Some(policy.into());
        self
    }

    /// How long the credentials last, in seconds: 1 to 129,600, and not beyond the calling session. Without it they end
    /// with the calling session.
    #[must_use]
    pub fn duration_seconds(mut self, seconds: u32) -> Self {
        self.duration_seconds = Some(seconds);
        self
    }

    /// The least size of the session token, 0 to 4,096; AWS pads a smaller one.
    #[must_use]
    pub fn minimum_session_token_size(mut self, size: u32) -> Self {
        self.minimum_session_token_size = Some(size);
        self
    }

    /// What the session is for, 2 to 256 characters of Latin-1. CloudTrail logs it with the request.
    #[must_use]
    pub fn scoped_session_description(mut self, description: impl Into<String>) -> Self {
        self.scoped_session_description = Some(description.into());
        self
    }
}

static DURATION_SECONDS: Integer = Integer::optional("DurationSeconds", 1, 129_600);
static SCOPED_SESSION_DESCRIPTION: Text =
    Text::optional("ScopedSessionDescription").length(2, 256).of(&class::DESCRIPTION);

impl Operation for GetScopedCredentials {
    type Output = GetScopedCredentialsOutput;

    fn action(&self) -> &str {
        "GetScopedCredentials"
    }

    fn needs_regional_endpoint(&self) -> bool {
        true
    }

    fn needs_temporary_credentials(&self) -> bool {
        true
    }

    fn members(&self, members: &mut impl Members) {
        members.text(&POLICY, self.policy.as_ref().map(Secret::expose));
        members.integer(&DURATION_SECONDS, self.duration_seconds);
        members.integer(&MINIMUM_SESSION_TOKEN_SIZE, self.minimum_session_token_size);
        members.text(&SCOPED_SESSION_DESCRIPTION, self.scoped_session_description.as_deref());
    }

    fn relations(&self, checker: &mut Checker) {
        let is_narrower = self.policy.is_some() || self.duration_seconds.is_some();
        checker.relation(|| "Policy".into(), is_narrower, "must be given, or `DurationSeconds`, or both");
    }

    fn read(&self, cursor: &mut Cursor<'_>) -> Result<GetScopedCredentialsOutput, ReplyFault> {
        let mut credentials = Field::new("Credentials");
        let mut session_info = Field::new("SessionInfo");
        let mut session_token_utilization = Field::new("SessionTokenUtilization");
        let mut session_token_size = Field::new("SessionTokenSize");
        let mut scoped_policies_count = Field::new("ScopedPoliciesCount");
        let mut source_identity = Field::new("SourceIdentity");
        while cursor.child()? {
            match cursor.name() {
                b"Credentials" => credentials.set(shape::read_credentials(cursor)?)?,
                b"SessionInfo" => session_info.set(ScopedSession::read(cursor)?)?,
                b"SessionTokenUtilization" => {
                    session_token_utilization.set(cursor.number("SessionTokenUtilization")?)?;
                }
                b"SessionTokenSize" => session_token_size.set(cursor.number("SessionTokenSize")?)?,
                b"ScopedPoliciesCount" => scoped_policies_count.set(cursor.number("ScopedPoliciesCount")?)?,
                b"SourceIdentity" => source_identity.set(cursor.text()?.into_owned())?,
                _ => cursor.skip()?,
            }
        }
        Ok(GetScopedCredentialsOutput {
            credentials: credentials.required()?,
            session_info: session_info.required()?,
            session_token_utilization: session_token_utilization.optional(),
            session_token_size: session_token_size.optional(),
            scoped_policies_count: scoped_policies_count.optional(),
            source_identity: source_identity.optional(),
        })
    }
}

/// The result of [`GetScopedCredentials`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetScopedCredentialsOutput {
    /// The temporary credentials.
    pub credentials: Credentials,
    /// Whose session it is: the caller's.
    pub session_info: ScopedSession,
    /// How much of the session token's greatest size is used, in per cent.
    pub session_token_utilization: Option<u32>,
    /// The size of the session token, in bytes.
    pub session_token_size: Option<u32>,
    /// How many policies narrow the session by now; AWS allows 3.
    pub scoped_policies_count: Option<u32>,
    /// The source identity of the session, where one was set.
    pub source_identity: Option<String>,
}

/// Whose session scoped credentials belong to.
///
/// AWS: [ScopedSession](https://docs.aws.amazon.com/STS/latest/APIReference/API_ScopedSession.html).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScopedSession {
    /// The id of the principal: for a role the role's id, a colon and the session name.
    pub scoped_session_id: String,
    /// The ARN of the principal.
    pub arn: String,
}

impl ScopedSession {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, ReplyFault> {
        let mut id = Field::new("ScopedSessionId");
        let mut arn = Field::new("Arn");
        while cursor.child()? {
            match cursor.name() {
                b"ScopedSessionId" => id.set(cursor.text()?.into_owned())?,
                b"Arn" => arn.set(cursor.text()?.into_owned())?,
                _ => cursor.skip()?,
            }
        }
        Ok(Self { scoped_session_id: id.required()?, arn: arn.required()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::sample;

    #[test]
    fn reply_with_every_member_is_read() {
        let reply = sample::decode(
            &GetScopedCredentials::new(),
            "<GetScopedCredentialsResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><GetScopedCredentialsResult>
             <Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
             <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
             <SessionToken>AQoDYXdzEPT</SessionToken><Expiration>2026-07-11T19:55:29Z</Expiration></Credentials>
             <SessionInfo><ScopedSessionId>ARO123EXAMPLE123:me</ScopedSessionId>
             <Arn>arn:aws:sts::123456789012:assumed-role/demo/me</Arn></SessionInfo>
             <SessionTokenUtilization>12</SessionTokenUtilization><SessionTokenSize>600</SessionTokenSize>
             <ScopedPoliciesCount>2</ScopedPoliciesCount><SourceIdentity>Alice</SourceIdentity>
             </GetScopedCredentialsResult><ResponseMetadata><RequestId>58c5dbae</RequestId></ResponseMetadata>
             </GetScopedCredentialsResponse>",
        )
        .unwrap();
        assert_eq!(reply.session_info.scoped_session_id, "ARO123EXAMPLE123:me");
        assert_eq!(reply.session_info.arn, "arn:aws:sts::123456789012:assumed-role/demo/me");
        assert_eq!((reply.scoped_policies_count, reply.session_token_size), (Some(2), Some(600)));
        assert_eq!(reply.source_identity.as_deref(), Some("Alice"));
    }

    #[test]
    fn description_of_two_lines_is_allowed() {
        let described = |text: &str| {
            GetScopedCredentials::new()
                .duration_seconds(1)
                .scoped_session_description(text)
                .validate(crate::Validation::default())
        };
        described("for the build\nof \u{fc}bung").unwrap();
        described("x").unwrap_err();
    }
}
