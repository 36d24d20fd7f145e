use super::{Common, Output, common_setters};
use crate::constraint::Members;
use crate::operation::{Model, Operation};
use crate::reply::ReplyFault;
use crate::xml::Cursor;

/// Gives out temporary credentials to the holder of the client certificate with which the TLS connection was made. The transport must present it; nothing secret is in the request.
///
/// Server: MinIO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssumeRoleWithCertificate {
    common: Common,
}

impl AssumeRoleWithCertificate {
    /// The operation without its options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    common_setters!();
}

impl Operation for AssumeRoleWithCertificate {
    type Output = Output;

    fn action(&self) -> &str {
        "AssumeRoleWithCertificate"
    }

    fn is_signed(&self) -> bool {
        false
    }

    fn model(&self) -> Option<Model> {
        None
    }

    fn members(&self, members: &mut impl Members) {
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
             <AssumeRoleWithCertificateResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><AssumeRoleWithCertificateResult>
             <Credentials><AccessKeyId>Y4RJU1RNFGK48LGO9I2S</AccessKeyId>
             <SecretAccessKey>sYLRKS1Z7hSjluf6gEbb9066hnx315wHTiACPAjg</SecretAccessKey>
             <Expiration>2026-08-08T20:26:12Z</Expiration><SessionToken>eyJhbGciOiJIUzUxMiJ9.e30.c2ln</SessionToken>
             </Credentials></AssumeRoleWithCertificateResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
             </AssumeRoleWithCertificateResponse>";
        let reply = AssumeRoleWithCertificate::new().decode(&http::Response::new(body)).unwrap();
        assert_eq!(reply.assumed_user, None);
        assert_eq!(reply.metadata.request_id.as_deref(), Some("r"));
    }
}
