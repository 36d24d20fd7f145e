use super::{Common, Output, common_setters};
use crate::constraint::{Members, Text, class};
use crate::credentials::Secret;
use crate::operation::{Model, Operation};
use crate::reply::ReplyFault;
use crate::xml::Cursor;

/// Gives out temporary credentials to whom the server's identity plugin accepts.
///
/// Server: MinIO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRoleWithCustomToken {
    token: Secret,
    role_arn: String,
    common: Common,
}

impl AssumeRoleWithCustomToken {
    /// The token for the plugin, and the ARN of the role that the plugin was set up with, 20 to 2,048 characters.
    pub fn new(token: impl Into<Secret>, role_arn: impl Into<String>) -> Self {
        Self { token: token.into(), role_arn: role_arn.into(), common: Common::default() }
    }

    /// Another token, for a template.
    #[must_use]
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.token = token.into();
        self
    }

    /// Another role, for a template.
    #[must_use]
    pub fn role_arn(mut self, role_arn: impl Into<String>) -> Self {
        self.role_arn = role_arn.into();
        self
    }

    common_setters!();
}

static TOKEN: Text = Text::required("Token").sensitive();
static ROLE_ARN: Text = Text::required("RoleArn").length(20, 2048).of(&class::ARN);

impl Operation for AssumeRoleWithCustomToken {
    type Output = Output;

    fn action(&self) -> &str {
        "AssumeRoleWithCustomToken"
    }

    fn is_signed(&self) -> bool {
        false
    }

    fn model(&self) -> Option<Model> {
        None
    }

    fn members(&self, members: &mut impl Members) {
        members.text(&TOKEN, Some(self.token.expose()));
        members.text(&ROLE_ARN, Some(&self.role_arn));
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
             <AssumeRoleWithCustomTokenResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><AssumeRoleWithCustomTokenResult>
             <AssumedUser>custom:Alice</AssumedUser><Credentials><AccessKeyId>Y4RJU1RNFGK48LGO9I2S</AccessKeyId>
             <SecretAccessKey>sYLRKS1Z7hSjluf6gEbb9066hnx315wHTiACPAjg</SecretAccessKey>
             <Expiration>2026-08-08T20:26:12Z</Expiration><SessionToken>eyJhbGciOiJIUzUxMiJ9.e30.c2ln</SessionToken>
             </Credentials></AssumeRoleWithCustomTokenResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
             </AssumeRoleWithCustomTokenResponse>";
        let reply = AssumeRoleWithCustomToken::new("x", "x").decode(&http::Response::new(body)).unwrap();
        assert_eq!(reply.assumed_user.as_deref(), Some("custom:Alice"));
        assert_eq!(reply.metadata.request_id.as_deref(), Some("r"));
    }
}
