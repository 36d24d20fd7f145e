use super::Operation;
use super::assume_role::MINIMUM_SESSION_TOKEN_SIZE;
use crate::constraint::{Integer, Members, Text};
use crate::credentials::Credentials;
use crate::reply::ReplyFault;
use crate::shape::{self, PolicyArn};
use crate::xml::{Cursor, Field};

/// Gives out short-lived root credentials of a member account for one task, to its organization's management
/// or delegated account. The global endpoint refuses it.
///
/// AWS: [AssumeRoot](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRoot {
    target_principal: String,
    task_policy_arn: PolicyArn,
    duration_seconds: Option<u32>,
    minimum_session_token_size: Option<u32>,
}

impl AssumeRoot {
    /// The member account's id or the ARN of its root, 12 to 2,048 characters, and the ARN of the task's
    /// policy: `arn:aws:iam::aws:policy/root-task/` and one of `IAMAuditRootUserCredentials`,
    /// `IAMCreateRootUserPassword`, `IAMDeleteRootUserCredentials`, `S3UnlockBucketPolicy`,
    /// `SQSUnlockQueuePolicy`.
    pub fn new(target_principal: impl Into<String>, task_policy_arn: impl Into<PolicyArn>) -> Self {
        Self {
            target_principal: target_principal.into(),
            task_policy_arn: task_policy_arn.into(),
            duration_seconds: None,
            minimum_session_token_size: None,
        }
    }

    /// Another member account, for a template.
    #[must_use]
    pub fn target_principal(mut self, target_principal: impl Into<String>) -> Self {
        self.target_principal = target_principal.into();
        self
    }

    /// Another task, for a template.
    #[must_use]
    pub fn task_policy_arn(mut self, task_policy_arn: impl Into<PolicyArn>) -> Self {
        self.task_policy_arn = task_policy_arn.into();
        self
    }

    /// How long the credentials last, in seconds: 0 to 900, which is also AWS's default.
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

static TARGET_PRINCIPAL: Text = Text::required("TargetPrincipal").length(12, 2048);
static DURATION_SECONDS: Integer = Integer::optional("DurationSeconds", 0, 900);

impl Operation for AssumeRoot {
    type Output = AssumeRootOutput;

    fn action(&self) -> &str {
        "AssumeRoot"
    }

    fn needs_regional_endpoint(&self) -> bool {
        true
    }

    fn members(&self, members: &mut impl Members) {
        members.text(&TARGET_PRINCIPAL, Some(&self.target_principal));
        members.structure("TaskPolicyArn", true, Some(&self.task_policy_arn));
        members.integer(&DURATION_SECONDS, self.duration_seconds);
        members.integer(&MINIMUM_SESSION_TOKEN_SIZE, self.minimum_session_token_size);
    }

    fn read(&self, cursor: &mut Cursor<'_>) -> Result<AssumeRootOutput, ReplyFault> {
        let mut credentials = Field::new("Credentials");
        let mut source_identity = Field::new("SourceIdentity");
        let mut session_token_utilization = Field::new("SessionTokenUtilization");
        let mut session_token_size = Field::new("SessionTokenSize");
        while cursor.child()? {
            match cursor.name() {
                b"Credentials" => credentials.set(shape::read_credentials(cursor)?)?,
                b"SourceIdentity" => source_identity.set(cursor.text()?.into_owned())?,
                b"SessionTokenUtilization" => {
                    session_token_utilization.set(cursor.number("SessionTokenUtilization")?)?;
                }
                b"SessionTokenSize" => session_token_size.set(cursor.number("SessionTokenSize")?)?,
                _ => cursor.skip()?,
            }
        }
        Ok(AssumeRootOutput {
            credentials: credentials.required()?,
            source_identity: source_identity.optional(),
            session_token_utilization: session_token_utilization.optional(),
            session_token_size: session_token_size.optional(),
        })
    }
}

/// The result of [`AssumeRoot`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AssumeRootOutput {
    /// The temporary credentials.
    pub credentials: Credentials,
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
            &AssumeRoot::new("", ""),
            "<AssumeRootResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRootResult>
            <Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
             <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
             <SessionToken>AQoDYXdzEPT</SessionToken><Expiration>2026-07-11T19:55:29.611Z</Expiration></Credentials>

              <SourceIdentity>Alice</SourceIdentity></AssumeRootResult>
             <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRootResponse>",
        )
        .unwrap();
        assert_eq!(reply.source_identity.as_deref(), Some("Alice"));
        assert_eq!(reply.credentials.access_key_id(), "ASIAIOSFODNN7EXAMPLE");
    }

    #[test]
    fn the_task_is_a_structure_in_the_form() {
        let operation =
            AssumeRoot::new("123456789012", "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy");
        operation.validate(crate::Validation::default()).unwrap();
        let body = operation.form().into_body();
        assert!(body.as_ref().ends_with(
            b"&TaskPolicyArn.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2Froot-task%2FS3UnlockBucketPolicy"
        ));
        let error = AssumeRoot::new("", "x").validate(crate::Validation::default()).unwrap_err();
        let found: Vec<_> = error.violations().iter().map(crate::Violation::parameter).collect();
        assert_eq!(found, ["TargetPrincipal", "TaskPolicyArn.arn"]);
    }
}
