use super::Operation;
use crate::constraint::{Members, Text, class};
use crate::reply::ReplyFault;
use crate::xml::{Cursor, Field};

/// Tells which account an access key belongs to.
///
/// AWS: [GetAccessKeyInfo](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetAccessKeyInfo {
    access_key_id: String,
}

impl GetAccessKeyInfo {
    /// The access key id, 16 to 128 characters of letters, digits and `_`.
    pub fn new(access_key_id: impl Into<String>) -> Self {
        Self { access_key_id: access_key_id.into() }
    }

    /// Another key, for a template.
    #[must_use]
    pub fn access_key_id(mut self, access_key_id: impl Into<String>) -> Self {
        self.access_key_id = access_key_id.into();
        self
    }
}

static ACCESS_KEY_ID: Text = Text::required("AccessKeyId").length(16, 128).of(&class::WORD);

impl Operation for GetAccessKeyInfo {
    type Output = GetAccessKeyInfoOutput;

    fn action(&self) -> &str {
        "GetAccessKeyInfo"
    }

    fn members(&self, members: &mut impl Members) {
        members.text(&ACCESS_KEY_ID, Some(&self.access_key_id));
    }

    fn read(&self, cursor: &mut Cursor<'_>) -> Result<GetAccessKeyInfoOutput, ReplyFault> {
        let mut account = Field::new("Account");
        while cursor.child()? {
            match cursor.name() {
                b"Account" => account.set(cursor.text()?.into_owned())?,
                _ => cursor.skip()?,
            }
        }
        Ok(GetAccessKeyInfoOutput { account: account.required_text()? })
    }
}

/// The result of [`GetAccessKeyInfo`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetAccessKeyInfoOutput {
    /// The account's id, twelve digits.
    pub account: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::sample;

    #[test]
    fn a_reply() {
        let reply = sample::decode(
            &GetAccessKeyInfo::new(""),
            "<GetAccessKeyInfoResponse xmlns='u'><GetAccessKeyInfoResult><Account>111122223333</Account>
             </GetAccessKeyInfoResult><ResponseMetadata><RequestId>7a62c49f</RequestId></ResponseMetadata>
             </GetAccessKeyInfoResponse>",
        )
        .unwrap();
        assert_eq!(reply.account, "111122223333");
    }
}
