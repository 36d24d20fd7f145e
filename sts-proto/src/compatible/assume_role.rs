use super::{Common, Output, ROLE_ARN, ROLE_SESSION_NAME, common_setters};
use crate::constraint::Members;
use crate::operation::{Model, Operation};
use crate::reply::ReplyFault;
use crate::xml::Cursor;

/// Gives out temporary credentials that can do what the caller can, or less. Signed with the caller's own.
///
/// Server: MinIO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssumeRole {
    role_arn: Option<String>,
    role_session_name: Option<String>,
    common: Common,
}

impl AssumeRole {
    /// The operation without its options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The ARN of a role, which MinIO does not look at. 20 to 2,048 characters.
    #[must_use]
    pub fn role_arn(mut self, role_arn: impl Into<String>) -> Self {
        self.role_arn = Some(role_arn.into());
        self
    }

    /// A name for the session, which MinIO does not look at. 2 to 64 characters.
    #[must_use]
    pub fn role_session_name(mut self, role_session_name: impl Into<String>) -> Self {
        self.role_session_name = Some(role_session_name.into());
        self
    }

    common_setters!();
}

impl Operation for AssumeRole {
    type Output = Output;

    fn action(&self) -> &str {
        "AssumeRole"
    }

    fn model(&self) -> Option<Model> {
        None
    }

    fn members(&self, members: &mut impl Members) {
        members.text(&ROLE_ARN, self.role_arn.as_deref());
        members.text(&ROLE_SESSION_NAME, self.role_session_name.as_deref());
        self.common.members(members);
    }

    fn read(&self, cursor: &mut Cursor<'_>) -> Result<Output, ReplyFault> {
        Output::read(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_of_minio() {
        let body = "<?xml version='1.0' encoding='UTF-8'?>
             <AssumeRoleResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><AssumeRoleResult>
             <AssumedRoleUser><Arn></Arn><AssumeRoleId></AssumeRoleId></AssumedRoleUser><Credentials><AccessKeyId>Y4RJU1RNFGK48LGO9I2S</AccessKeyId>
             <SecretAccessKey>sYLRKS1Z7hSjluf6gEbb9066hnx315wHTiACPAjg</SecretAccessKey>
             <Expiration>2026-08-08T20:26:12Z</Expiration><SessionToken>eyJhbGciOiJIUzUxMiJ9.e30.c2ln</SessionToken>
             </Credentials></AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
             </AssumeRoleResponse>";
        let reply = AssumeRole::new().decode(&http::Response::new(body)).unwrap();
        assert_eq!(reply.assumed_role_user.as_ref().map(|user| user.arn.as_str()), Some(""));
        assert_eq!(reply.metadata.request_id.as_deref(), Some("r"));
    }
}
