use super::Operation;
use crate::constraint::Members;
use crate::reply::ReplyFault;
use crate::xml::{Cursor, Field};

/// Tells who one is. It needs no permission and cannot be denied.
///
/// AWS: [GetCallerIdentity](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetCallerIdentity {}

impl GetCallerIdentity {
    /// The operation; it has no parameters.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }
}

impl Operation for GetCallerIdentity {
    type Output = GetCallerIdentityOutput;

    fn action(&self) -> &str {
        "GetCallerIdentity"
    }

    fn members(&self, _members: &mut impl Members) {}

    fn read(&self, cursor: &mut Cursor<'_>) -> Result<GetCallerIdentityOutput, ReplyFault> {
        let mut user_id = Field::new("UserId");
        let mut account = Field::new("Account");
        let mut arn = Field::new("Arn");
        while cursor.child()? {
            match cursor.name() {
                b"UserId" => user_id.set(cursor.text()?.into_owned())?,
                b"Account" => account.set(cursor.text()?.into_owned())?,
                b"Arn" => arn.set(cursor.text()?.into_owned())?,
                _ => cursor.skip()?,
            }
        }
        Ok(GetCallerIdentityOutput {
            user_id: user_id.required_text()?,
            account: account.required_text()?,
            arn: arn.required_text()?,
        })
    }
}

/// The result of [`GetCallerIdentity`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetCallerIdentityOutput {
    /// The caller's unique id: `AIDA…` for a user, `AROA…:session` for a role.
    pub user_id: String,
    /// The account's id, twelve digits.
    pub account: String,
    /// The caller's ARN: `arn:aws:iam::123456789012:user/Alice`.
    pub arn: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::sample;

    const REPLY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">
        <GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/Alice</Arn>
        <UserId>AIDACKCEVSQ6C2EXAMPLE</UserId><Account>123456789012</Account></GetCallerIdentityResult>
        <ResponseMetadata><RequestId>01234567</RequestId></ResponseMetadata></GetCallerIdentityResponse>";

    #[test]
    fn the_documented_reply() {
        let reply = sample::decode(&GetCallerIdentity::new(), REPLY).unwrap();
        assert_eq!(reply.arn, "arn:aws:iam::123456789012:user/Alice");
        assert_eq!(
            (reply.user_id.as_str(), reply.account.as_str()),
            ("AIDACKCEVSQ6C2EXAMPLE", "123456789012")
        );
    }

    #[test]
    fn no_member_is_made_up() {
        for name in ["Arn", "UserId", "Account"] {
            let start = REPLY.find(&format!("<{name}>")).unwrap();
            let end = REPLY.find(&format!("</{name}>")).unwrap() + name.len() + 3;
            let reply = format!("{}{}", &REPLY[..start], &REPLY[end..]);
            let error = sample::decode(&GetCallerIdentity::new(), &reply).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Response);
            assert!(error.to_string().contains(&format!("<{name}> is missing")), "{error}");
            let reply = format!("{}<{name}/>{}", &REPLY[..start], &REPLY[end..]);
            let error = sample::decode(&GetCallerIdentity::new(), &reply).unwrap_err();
            assert!(error.to_string().contains(&format!("the value of <{name}> is not valid")), "{error}");
        }
    }
}
