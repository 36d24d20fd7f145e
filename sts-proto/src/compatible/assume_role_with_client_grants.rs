use super::{Common, Output, common_setters};
use crate::constraint::{Members, Text};
use crate::credentials::Secret;
use crate::operation::{Model, Operation};
use crate::reply::ReplyFault;
use crate::xml::Cursor;

/// Gives out temporary credentials to an application that an OAuth 2.0 provider vouches for.
///
/// Server: MinIO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRoleWithClientGrants {
    token: Secret,
    common: Common,
}

impl AssumeRoleWithClientGrants {
    /// The provider's token.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self { token: token.into(), common: Common::default() }
    }

    /// Another token, for a template.
    #[must_use]
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.token = token.into();
        self
    }

    common_setters!();
}

static TOKEN: Text = Text::required("Token").sensitive();

impl Operation for AssumeRoleWithClientGrants {
    type Output = Output;

    fn action(&self) -> &str {
        "AssumeRoleWithClientGrants"
    }

    fn is_signed(&self) -> bool {
        false
    }

    fn model(&self) -> Option<Model> {
        None
    }

    fn members(&self, members: &mut impl Members) {
        members.text(&TOKEN, Some(self.token.expose()));
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
             <AssumeRoleWithClientGrantsResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><AssumeRoleWithClientGrantsResult>
             <SubjectFromToken>ac2998e9</SubjectFromToken><Credentials><AccessKeyId>Y4RJU1RNFGK48LGO9I2S</AccessKeyId>
             <SecretAccessKey>sYLRKS1Z7hSjluf6gEbb9066hnx315wHTiACPAjg</SecretAccessKey>
             <Expiration>2026-08-08T20:26:12Z</Expiration><SessionToken>eyJhbGciOiJIUzUxMiJ9.e30.c2ln</SessionToken>
             </Credentials></AssumeRoleWithClientGrantsResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
             </AssumeRoleWithClientGrantsResponse>";
        let reply = AssumeRoleWithClientGrants::new("x").decode(&http::Response::new(body)).unwrap();
        assert_eq!(reply.subject.as_deref(), Some("ac2998e9"));
        assert_eq!(reply.metadata.request_id.as_deref(), Some("r"));
    }
}
