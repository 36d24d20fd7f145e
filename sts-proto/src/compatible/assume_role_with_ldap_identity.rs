use super::{Common, Output, common_setters};
use crate::constraint::{Members, Text};
use crate::credentials::Secret;
use crate::operation::{Model, Operation};
use crate::reply::ReplyFault;
use crate::xml::Cursor;

/// Gives out temporary credentials to a user of an LDAP directory.
///
/// Server: MinIO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRoleWithLdapIdentity {
    ldap_username: String,
    ldap_password: Secret,
    common: Common,
}

impl AssumeRoleWithLdapIdentity {
    /// The user's name and password in the directory.
    pub fn new(ldap_username: impl Into<String>, ldap_password: impl Into<Secret>) -> Self {
        Self {
            ldap_username: ldap_username.into(),
            ldap_password: ldap_password.into(),
            common: Common::default(),
        }
    }

    /// Another user, for a template.
    #[must_use]
    pub fn ldap_username(mut self, ldap_username: impl Into<String>) -> Self {
        self.ldap_username = ldap_username.into();
        self
    }

    /// Another password, for a template.
    #[must_use]
    pub fn ldap_password(mut self, ldap_password: impl Into<Secret>) -> Self {
        self.ldap_password = ldap_password.into();
        self
    }

    common_setters!();
}

static LDAP_USERNAME: Text = Text::required("LDAPUsername");
static LDAP_PASSWORD: Text = Text::required("LDAPPassword").sensitive();

impl Operation for AssumeRoleWithLdapIdentity {
    type Output = Output;

    fn action(&self) -> &str {
        "AssumeRoleWithLDAPIdentity"
    }

    fn is_signed(&self) -> bool {
        false
    }

    fn model(&self) -> Option<Model> {
        None
    }

    fn members(&self, members: &mut impl Members) {
        members.text(&LDAP_USERNAME, Some(&self.ldap_username));
        members.text(&LDAP_PASSWORD, Some(self.ldap_password.expose()));
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
             <AssumeRoleWithLDAPIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><AssumeRoleWithLDAPIdentityResult>
             <Credentials><AccessKeyId>Y4RJU1RNFGK48LGO9I2S</AccessKeyId>
             <SecretAccessKey>sYLRKS1Z7hSjluf6gEbb9066hnx315wHTiACPAjg</SecretAccessKey>
             <Expiration>2026-08-08T20:26:12Z</Expiration><SessionToken>eyJhbGciOiJIUzUxMiJ9.e30.c2ln</SessionToken>
             </Credentials></AssumeRoleWithLDAPIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
             </AssumeRoleWithLDAPIdentityResponse>";
        let reply = AssumeRoleWithLdapIdentity::new("x", "x").decode(&http::Response::new(body)).unwrap();
        assert_eq!(reply.credentials.access_key_id(), "Y4RJU1RNFGK48LGO9I2S");
        assert_eq!(reply.metadata.request_id.as_deref(), Some("r"));
    }
}
