use super::{Common, Output, ROLE_ARN, ROLE_SESSION_NAME, common_setters};
use crate::constraint::{Members, Text};
use crate::credentials::Secret;
use crate::operation::{Model, Operation};
use crate::reply::ReplyFault;
use crate::xml::Cursor;

/// Gives out temporary credentials to a user whom an OpenID Connect provider vouches for.
///
/// Server: MinIO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRoleWithWebIdentity {
    web_identity_token: Secret,
    web_identity_access_token: Option<Secret>,
    role_arn: Option<String>,
    role_session_name: Option<String>,
    common: Common,
}

impl AssumeRoleWithWebIdentity {
    /// The provider's ID token.
    pub fn new(web_identity_token: impl Into<Secret>) -> Self {
        Self {
            web_identity_token: web_identity_token.into(),
            web_identity_access_token: None,
            role_arn: None,
            role_session_name: None,
            common: Common::default(),
        }
    }

    /// Another token, for a template.
    #[must_use]
    pub fn web_identity_token(mut self, web_identity_token: impl Into<Secret>) -> Self {
        self.web_identity_token = web_identity_token.into();
        self
    }

    /// The provider's access token, with which the server can ask for the user's claims.
    #[must_use]
    pub fn web_identity_access_token(mut self, web_identity_access_token: impl Into<Secret>) -> Self {
        self.web_identity_access_token = Some(web_identity_access_token.into());
        self
    }

    /// The ARN of a role that the server was set up with, where it wants one. 20 to 2,048 characters.
    #[must_use]
    pub fn role_arn(mut self, role_arn: impl Into<String>) -> Self {
        self.role_arn = Some(role_arn.into());
        self
    }

    /// A name for the session. 2 to 64 characters.
    #[must_use]
    pub fn role_session_name(mut self, role_session_name: impl Into<String>) -> Self {
        self.role_session_name = Some(role_session_name.into());
        self
    }

    common_setters!();
}

static WEB_IDENTITY_TOKEN: Text = Text::required("WebIdentityToken").sensitive();
static WEB_IDENTITY_ACCESS_TOKEN: Text = Text::optional("WebIdentityAccessToken").sensitive();

impl Operation for AssumeRoleWithWebIdentity {
    type Output = Output;

    fn action(&self) -> &str {
        "AssumeRoleWithWebIdentity"
    }

    fn is_signed(&self) -> bool {
        false
    }

    fn model(&self) -> Option<Model> {
        None
    }

    fn members(&self, members: &mut impl Members) {
        members.text(&WEB_IDENTITY_TOKEN, Some(self.web_identity_token.expose()));
        members.text(&WEB_IDENTITY_ACCESS_TOKEN, self.web_identity_access_token.as_ref().map(Secret::expose));
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
             <AssumeRoleWithWebIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><AssumeRoleWithWebIdentityResult>
             <SubjectFromWebIdentityToken>ac2998e9</SubjectFromWebIdentityToken><Provider>https://idp</Provider><Credentials><AccessKeyId>Y4RJU1RNFGK48LGO9I2S</AccessKeyId>
             <SecretAccessKey>sYLRKS1Z7hSjluf6gEbb9066hnx315wHTiACPAjg</SecretAccessKey>
             <Expiration>2026-08-08T20:26:12Z</Expiration><SessionToken>eyJhbGciOiJIUzUxMiJ9.e30.c2ln</SessionToken>
             </Credentials></AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
             </AssumeRoleWithWebIdentityResponse>";
        let reply = AssumeRoleWithWebIdentity::new("x").decode(&http::Response::new(body)).unwrap();
        assert_eq!(
            (reply.subject.as_deref(), reply.provider.as_deref()),
            (Some("ac2998e9"), Some("https://idp"))
        );
        assert_eq!(reply.metadata.request_id.as_deref(), Some("r"));
    }
}
