use super::Operation;
use super::assume_role::{DURATION_SECONDS, MINIMUM_SESSION_TOKEN_SIZE, POLICY_ARNS, ROLE_ARN};
use crate::constraint::{Checker, Members, Text, class};
use crate::credentials::{Credentials, Secret};
use crate::reply::ReplyFault;
use crate::shape::{self, AssumedRoleUser, PolicyArn, TrustedIdentityPropagationContext};
use crate::xml::{Cursor, Field};

/// Gives out temporary credentials for a role to a user whom a SAML identity provider vouches for. Sent
/// unsigned.
///
/// AWS: [AssumeRoleWithSAML](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRoleWithSaml {
    pub(crate) role_arn: String,
    principal_arn: String,
    saml_assertion: Secret,
    policy_arns: Vec<PolicyArn>,
    policy: Option<Secret>,
    duration_seconds: Option<u32>,
    minimum_session_token_size: Option<u32>,
}

impl AssumeRoleWithSaml {
    /// The ARNs of the role and of the SAML provider in IAM, 20 to 2,048 characters each, and the assertion,
    /// base64 encoded, 4 to 100,000 characters.
    pub fn new(
        role_arn: impl Into<String>,
        principal_arn: impl Into<String>,
        saml_assertion: impl Into<Secret>,
    ) -> Self {
        Self {
            role_arn: role_arn.into(),
            principal_arn: principal_arn.into(),
            saml_assertion: saml_assertion.into(),
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

    /// Another SAML provider, for a template.
    #[must_use]
    pub fn principal_arn(mut self, principal_arn: impl Into<String>) -> Self {
        self.principal_arn = principal_arn.into();
        self
    }

    /// Another assertion, for a template.
    #[must_use]
    pub fn saml_assertion(mut self, saml_assertion: impl Into<Secret>) -> Self {
        self.saml_assertion = saml_assertion.into();
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

    /// How long the credentials last, in seconds: 900 to 43,200, not above the role's own maximum, and not
    /// above the assertion's `SessionNotOnOrAfter`. AWS's default is 3,600.
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

static PRINCIPAL_ARN: Text = Text::required("PrincipalArn").length(20, 2048).of(&class::ARN);
static SAML_ASSERTION: Text = Text::required("SAMLAssertion").length(4, 100_000).sensitive();
pub(super) static POLICY: Text = Text::optional("Policy").length(1, 2048).of(&class::POLICY).sensitive();

impl Operation for AssumeRoleWithSaml {
    type Output = AssumeRoleWithSamlOutput;

    fn action(&self) -> &str {
        "AssumeRoleWithSAML"
    }

    fn is_signed(&self) -> bool {
        false
    }

    fn members(&self, members: &mut impl Members) {
        members.text(&ROLE_ARN, Some(&self.role_arn));
        members.text(&PRINCIPAL_ARN, Some(&self.principal_arn));
        members.text(&SAML_ASSERTION, Some(self.saml_assertion.expose()));
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

    fn read(&self, cursor: &mut Cursor<'_>) -> Result<AssumeRoleWithSamlOutput, ReplyFault> {
        let mut credentials = Field::new("Credentials");
        let mut assumed_role_user = Field::new("AssumedRoleUser");
        let mut packed_policy_size = Field::new("PackedPolicySize");
        let mut subject = Field::new("Subject");
        let mut subject_type = Field::new("SubjectType");
        let mut issuer = Field::new("Issuer");
        let mut audience = Field::new("Audience");
        let mut name_qualifier = Field::new("NameQualifier");
        let mut source_identity = Field::new("SourceIdentity");
        let mut session_token_utilization = Field::new("SessionTokenUtilization");
        let mut session_token_size = Field::new("SessionTokenSize");
        let mut identity_context = Field::new("TrustedIdentityPropagationContext");
        while cursor.child()? {
            match cursor.name() {
                b"Credentials" => credentials.set(shape::read_credentials(cursor)?)?,
                b"AssumedRoleUser" => assumed_role_user.set(AssumedRoleUser::read(cursor)?)?,
                b"PackedPolicySize" => packed_policy_size.set(cursor.number("PackedPolicySize")?)?,
                b"Subject" => subject.set(cursor.text()?.into_owned())?,
                b"SubjectType" => subject_type.set(cursor.text()?.into_owned())?,
                b"Issuer" => issuer.set(cursor.text()?.into_owned())?,
                b"Audience" => audience.set(cursor.text()?.into_owned())?,
                b"NameQualifier" => name_qualifier.set(cursor.text()?.into_owned())?,
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
        Ok(AssumeRoleWithSamlOutput {
            credentials: credentials.required()?,
            assumed_role_user: assumed_role_user.required()?,
            packed_policy_size: packed_policy_size.optional(),
            subject: subject.optional(),
            subject_type: subject_type.optional(),
            issuer: issuer.optional(),
            audience: audience.optional(),
            name_qualifier: name_qualifier.optional(),
            source_identity: source_identity.optional(),
            session_token_utilization: session_token_utilization.optional(),
            session_token_size: session_token_size.optional(),
            trusted_identity_propagation_context: identity_context.optional(),
        })
    }
}

/// The result of [`AssumeRoleWithSaml`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AssumeRoleWithSamlOutput {
    /// The temporary credentials.
    pub credentials: Credentials,
    /// Who one is with them.
    pub assumed_role_user: AssumedRoleUser,
    /// How much of the room for policies and tags is used, in per cent.
    #[deprecated = "AWS replaced it by `session_token_utilization` on 2026-06-17"]
    pub packed_policy_size: Option<u32>,
    /// The assertion's `NameID`.
    pub subject: Option<String>,
    /// The format of the assertion's `NameID`: `transient`, `persistent`, or a URI.
    pub subject_type: Option<String>,
    /// The assertion's `Issuer`.
    pub issuer: Option<String>,
    /// The `Recipient` of the assertion's `SubjectConfirmationData`.
    pub audience: Option<String>,
    /// A hash of issuer, account and provider, which with the subject identifies the user.
    pub name_qualifier: Option<String>,
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
            &AssumeRoleWithSaml::new("", "", ""),
            "<AssumeRoleWithSAMLResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">
              <AssumeRoleWithSAMLResult>
                <Issuer>https://integ.example.com/idp/shibboleth</Issuer>
                <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/TestSaml</Arn>
                 <AssumedRoleId>ARO456EXAMPLE789:TestSaml</AssumedRoleId></AssumedRoleUser>
            <Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
             <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
             <SessionToken>AQoDYXdzEPT</SessionToken><Expiration>2026-07-11T19:55:29.611Z</Expiration></Credentials>

                <Audience>https://signin.aws.amazon.com/saml</Audience><SubjectType>transient</SubjectType>
                <PackedPolicySize>6</PackedPolicySize><NameQualifier>SbdGOnUkh1i4+EXAMPLExL/jEvs=</NameQualifier>
                <SourceIdentity>SourceIdentityValue</SourceIdentity><Subject>SamlExample</Subject>
              </AssumeRoleWithSAMLResult>
              <ResponseMetadata><RequestId>c6104cbe</RequestId></ResponseMetadata>
            </AssumeRoleWithSAMLResponse>",
        )
        .unwrap();
        assert_eq!(reply.issuer.as_deref(), Some("https://integ.example.com/idp/shibboleth"));
        assert_eq!(reply.subject.as_deref(), Some("SamlExample"));
        assert_eq!(reply.name_qualifier.as_deref(), Some("SbdGOnUkh1i4+EXAMPLExL/jEvs="));
        assert_eq!(reply.assumed_role_user.assumed_role_id, "ARO456EXAMPLE789:TestSaml");
    }
}
