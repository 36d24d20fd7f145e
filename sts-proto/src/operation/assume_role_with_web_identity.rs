use super::Operation;
use super::assume_role::{
    DURATION_SECONDS, MINIMUM_SESSION_TOKEN_SIZE, POLICY_ARNS, ROLE_ARN, ROLE_SESSION_NAME,
};
use super::assume_role_with_saml::POLICY;
use crate::constraint::{Checker, Members, Text};
use crate::credentials::{Credentials, Secret};
use crate::reply::ReplyFault;
use crate::shape::{self, AssumedRoleUser, PolicyArn, TrustedIdentityPropagationContext};
use crate::xml::{Cursor, Field};

/// Gives out temporary credentials for a role to a user whom a web identity provider vouches for: OpenID
/// Connect, as Kubernetes and CI services have it. Sent unsigned.
///
/// AWS: [AssumeRoleWithWebIdentity](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRoleWithWebIdentity {
    pub(crate) role_arn: String,
    pub(crate) role_session_name: String,
    web_identity_token: Secret,
    provider_id: Option<String>,
    policy_arns: Vec<PolicyArn>,
    policy: Option<Secret>,
    pub(crate) duration_seconds: Option<u32>,
    minimum_session_token_size: Option<u32>,
}

impl AssumeRoleWithWebIdentity {
    /// The role's ARN, 20 to 2,048 characters, a name for the session, 2 to 64 characters of letters, digits
    /// and `_+=,.@-`, and the provider's token, 4 to 20,000 characters.
    pub fn new(
        role_arn: impl Into<String>,
        role_session_name: impl Into<String>,
        web_identity_token: impl Into<Secret>,
    ) -> Self {
        Self {
            role_arn: role_arn.into(),
            role_session_name: role_session_name.into(),
            web_identity_token: web_identity_token.into(),
            provider_id: None,
            policy_arns: Vec::new(),
            policy: None,
            duration_seconds: None,
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

    /// Another token, for a template.
    #[must_use]
    pub fn web_identity_token(mut self, web_identity_token: impl Into<Secret>) -> Self {
        self.web_identity_token = web_identity_token.into();
        self
    }

    /// The domain of an OAuth 2.0 provider, `www.amazon.com` or `graph.facebook.com`, 4 to 2,048 characters.
    /// Not for OpenID Connect.
    #[must_use]
    pub fn provider_id(mut self, provider_id: impl Into<String>) -> Self {
        self.provider_id = Some(provider_id.into());
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

    /// An inline policy, as JSON, that limits the session. 1 to 2,048 characters.
    #[must_use]
    pub fn policy(mut self, policy: impl Into<Secret>) -> Self {
        self.policy = Some(policy.into());
        self
    }

    /// How long the credentials last, in seconds: 900 to 43,200, and not above the role's own maximum. AWS's
    /// default is 3,600.
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
}

static WEB_IDENTITY_TOKEN: Text = Text::required("WebIdentityToken").length(4, 20_000).sensitive();
static PROVIDER_ID: Text = Text::optional("ProviderId").length(4, 2048);

impl Operation for AssumeRoleWithWebIdentity {
    type Output = AssumeRoleWithWebIdentityOutput;

    fn action(&self) -> &str {
        "AssumeRoleWithWebIdentity"
    }

    fn is_signed(&self) -> bool {
        false
    }

    fn members(&self, members: &mut impl Members) {
        members.text(&ROLE_ARN, Some(&self.role_arn));
        members.text(&ROLE_SESSION_NAME, Some(&self.role_session_name));
        members.text(&WEB_IDENTITY_TOKEN, Some(self.web_identity_token.expose()));
        members.text(&PROVIDER_ID, self.provider_id.as_deref());
        members.list(&POLICY_ARNS, &self.policy_arns);
        members.text(&POLICY, self.policy.as_ref().map(Secret::expose));
        members.integer(&DURATION_SECONDS, self.duration_seconds);
        members.integer(&MINIMUM_SESSION_TOKEN_SIZE, self.minimum_session_token_size);
    }

    fn role_duration(&mut self) -> Option<&mut Option<u32>> {
        Some(&mut self.duration_seconds)
    }

    fn documented(&self, checker: &mut Checker) {
        shape::check_policies(checker, self.policy.as_ref(), &self.policy_arns);
    }

    fn read(&self, cursor: &mut Cursor<'_>) -> Result<AssumeRoleWithWebIdentityOutput, ReplyFault> {
        let mut credentials = Field::new("Credentials");
        let mut subject_from_web_identity_token = Field::new("SubjectFromWebIdentityToken");
        let mut assumed_role_user = Field::new("AssumedRoleUser");
        let mut packed_policy_size = Field::new("PackedPolicySize");
        let mut provider = Field::new("Provider");
        let mut audience = Field::new("Audience");
        let mut source_identity = Field::new("SourceIdentity");
        let mut session_token_utilization = Field::new("SessionTokenUtilization");
        let mut session_token_size = Field::new("SessionTokenSize");
        let mut identity_context = Field::new("TrustedIdentityPropagationContext");
        while cursor.child()? {
            match cursor.name() {
                b"Credentials" => credentials.set(shape::read_credentials(cursor)?)?,
                b"SubjectFromWebIdentityToken" => {
                    subject_from_web_identity_token.set(cursor.text()?.into_owned())?;
                }
                b"AssumedRoleUser" => assumed_role_user.set(AssumedRoleUser::read(cursor)?)?,
                b"PackedPolicySize" => packed_policy_size.set(cursor.number("PackedPolicySize")?)?,
                b"Provider" => provider.set(cursor.text()?.into_owned())?,
                b"Audience" => audience.set(cursor.text()?.into_owned())?,
                b"SourceIdentity" => source_identity.set(cursor.text()?.into_owned())?,
                b"SessionTokenUtilization" => {
                    session_token_utilization.set(cursor.number("SessionTokenUtilization")?)?;
                }
                b"SessionTokenSize" => session_token_size.set(cursor.number("SessionTokenSize")?)?,
                b"TrustedIdentityPropagationContext" => {
                    identity_context.set(TrustedIdentityPropagationContext::read(cursor)?)?;
                }
                _ => cursor.skip()?,
            }
        }
        #[expect(deprecated, reason = "AWS still sends the member")]
        Ok(AssumeRoleWithWebIdentityOutput {
            credentials: credentials.required()?,
            subject_from_web_identity_token: subject_from_web_identity_token.optional(),
            assumed_role_user: assumed_role_user.required()?,
            packed_policy_size: packed_policy_size.optional(),
            provider: provider.optional(),
            audience: audience.optional(),
            source_identity: source_identity.optional(),
            session_token_utilization: session_token_utilization.optional(),
            session_token_size: session_token_size.optional(),
            trusted_identity_propagation_context: identity_context.optional(),
        })
    }
}

/// The result of [`AssumeRoleWithWebIdentity`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AssumeRoleWithWebIdentityOutput {
    /// The temporary credentials.
    pub credentials: Credentials,
    /// The token's `sub` claim.
    pub subject_from_web_identity_token: Option<String>,
    /// Who one is with them.
    pub assumed_role_user: AssumedRoleUser,
    /// How much of the room for policies and tags is used, in per cent.
    #[deprecated = "AWS replaced it by `session_token_utilization` on 2026-06-17"]
    pub packed_policy_size: Option<u32>,
    /// The token's `iss` claim, or the provider id.
    pub provider: Option<String>,
    /// The token's `aud` claim.
    pub audience: Option<String>,
    /// The source identity of the session, where one was set.
    pub source_identity: Option<String>,
    /// How much of the session token's greatest size is used, in per cent.
    pub session_token_utilization: Option<u32>,
    /// The size of the session token, in bytes.
    pub session_token_size: Option<u32>,
    /// On whose behalf the session acts, where the identity provider is set up to say so.
    pub trusted_identity_propagation_context: Option<TrustedIdentityPropagationContext>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::sample;

    #[test]
    fn the_documented_reply() {
        let reply = sample::decode(
            &AssumeRoleWithWebIdentity::new("", "", ""),
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">
              <AssumeRoleWithWebIdentityResult>
                <SubjectFromWebIdentityToken>amzn1.account.AF6RHO7KZU5XRVQJGXK6HB56KR2A</SubjectFromWebIdentityToken>
                <Audience>client.5498841531868486423.1548@apps.example.com</Audience>
                <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/Web/app1</Arn>
                 <AssumedRoleId>AROACLKWSDQRAOEXAMPLE:app1</AssumedRoleId></AssumedRoleUser>
            <Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
             <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
             <SessionToken>AQoDYXdzEPT</SessionToken><Expiration>2026-07-11T19:55:29.611Z</Expiration></Credentials>

                <SourceIdentity>SourceIdentityValue</SourceIdentity><Provider>www.amazon.com</Provider>
              </AssumeRoleWithWebIdentityResult>
              <ResponseMetadata><RequestId>ad4156e9</RequestId></ResponseMetadata>
            </AssumeRoleWithWebIdentityResponse>",
        )
        .unwrap();
        assert_eq!(reply.provider.as_deref(), Some("www.amazon.com"));
        assert_eq!(
            reply.subject_from_web_identity_token.as_deref(),
            Some("amzn1.account.AF6RHO7KZU5XRVQJGXK6HB56KR2A")
        );
        assert_eq!(reply.credentials.session_token().unwrap().expose(), "AQoDYXdzEPT");
    }
}
