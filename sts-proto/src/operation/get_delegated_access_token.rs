use super::Operation;
use crate::constraint::{Members, Text};
use crate::credentials::{Credentials, Secret};
use crate::reply::ReplyFault;
use crate::shape;
use crate::xml::{Cursor, Field};

/// Trades a token that a customer's approval gave out for temporary credentials in the customer's account.
///
/// AWS: [GetDelegatedAccessToken](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetDelegatedAccessToken.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetDelegatedAccessToken {
    trade_in_token: Secret,
}

impl GetDelegatedAccessToken {
    /// The trade-in token.
    pub fn new(trade_in_token: impl Into<Secret>) -> Self {
        Self { trade_in_token: trade_in_token.into() }
    }

    /// Another token, for a template.
    #[must_use]
    pub fn trade_in_token(mut self, trade_in_token: impl Into<Secret>) -> Self {
        self.trade_in_token = trade_in_token.into();
        self
    }
}

static TRADE_IN_TOKEN: Text = Text::required("TradeInToken").sensitive();

impl Operation for GetDelegatedAccessToken {
    type Output = GetDelegatedAccessTokenOutput;

    fn action(&self) -> &str {
        "GetDelegatedAccessToken"
    }

    fn members(&self, members: &mut impl Members) {
        members.text(&TRADE_IN_TOKEN, Some(self.trade_in_token.expose()));
    }

    fn read(&self, cursor: &mut Cursor<'_>) -> Result<GetDelegatedAccessTokenOutput, ReplyFault> {
        let mut credentials = Field::new("Credentials");
        let mut packed_policy_size = Field::new("PackedPolicySize");
        let mut assumed_principal = Field::new("AssumedPrincipal");
        while cursor.child()? {
            match cursor.name() {
                b"Credentials" => credentials.set(shape::read_credentials(cursor)?)?,
                b"PackedPolicySize" => packed_policy_size.set(cursor.number("PackedPolicySize")?)?,
                b"AssumedPrincipal" => assumed_principal.set(cursor.text()?.into_owned())?,
                _ => cursor.skip()?,
            }
        }
        #[expect(deprecated, reason = "AWS still sends the member")]
        Ok(GetDelegatedAccessTokenOutput {
            credentials: credentials.required()?,
            packed_policy_size: packed_policy_size.optional(),
            assumed_principal: assumed_principal.optional(),
        })
    }
}

/// The result of [`GetDelegatedAccessToken`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetDelegatedAccessTokenOutput {
    /// The temporary credentials.
    pub credentials: Credentials,
    /// How much of the room for policies and tags is used, in per cent.
    #[deprecated = "AWS does not fill it for this operation"]
    pub packed_policy_size: Option<u32>,
    /// The ARN of the principal that the credentials stand for.
    pub assumed_principal: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::sample;

    #[test]
    fn a_reply() {
        let reply = sample::decode(
            &GetDelegatedAccessToken::new(""),
            "<GetDelegatedAccessTokenResponse xmlns='u'><GetDelegatedAccessTokenResult>
            <Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
             <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
             <SessionToken>AQoDYXdzEPT</SessionToken><Expiration>2026-07-11T19:55:29.611Z</Expiration></Credentials>

             <AssumedPrincipal>arn:aws:sts::123456789012:assumed-role/Delegated/s</AssumedPrincipal>
             </GetDelegatedAccessTokenResult></GetDelegatedAccessTokenResponse>",
        )
        .unwrap();
        assert_eq!(
            reply.assumed_principal.as_deref(),
            Some("arn:aws:sts::123456789012:assumed-role/Delegated/s")
        );
    }

    #[test]
    fn an_empty_token_is_no_token() {
        let error = GetDelegatedAccessToken::new("").validate(crate::Validation::REQUIRED_ONLY).unwrap_err();
        assert_eq!(error.to_string(), "GetDelegatedAccessToken was not sent: `TradeInToken` is required");
    }
}
