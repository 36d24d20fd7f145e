use super::Operation;
use super::assume_role::{MINIMUM_SESSION_TOKEN_SIZE, SERIAL_NUMBER, TOKEN_CODE};
use super::get_federation_token::DURATION_SECONDS;
use crate::constraint::{Checker, Members};
use crate::credentials::{Credentials, Secret};
use crate::reply::ReplyFault;
use crate::shape;
use crate::xml::{Cursor, Field};

/// Gives out temporary credentials for oneself, as a rule to prove an MFA device. It must be signed with
/// long-term credentials of an IAM user or the root user.
///
/// AWS: [GetSessionToken](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GetSessionToken {
    duration_seconds: Option<u32>,
    serial_number: Option<String>,
    token_code: Option<Secret>,
    minimum_session_token_size: Option<u32>,
}

impl GetSessionToken {
    /// The operation without its options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How long the credentials last, in seconds: 900 to 129,600. AWS's default is 43,200; the root user gets
    /// at most 3,600.
    #[must_use]
    pub fn duration_seconds(mut self, seconds: u32) -> Self {
        self.duration_seconds = Some(seconds);
        self
    }

    /// The MFA device, by serial number or ARN, 9 to 256 characters; goes with
    /// [`token_code`](Self::token_code).
    #[must_use]
    pub fn serial_number(mut self, serial_number: impl Into<String>) -> Self {
        self.serial_number = Some(serial_number.into());
        self
    }

    /// The six digits that the MFA device shows.
    #[must_use]
    pub fn token_code(mut self, token_code: impl Into<Secret>) -> Self {
        self.token_code = Some(token_code.into());
        self
    }

    /// The least size of the session token, 0 to 4,096; AWS pads a smaller one.
    #[must_use]
    pub fn minimum_session_token_size(mut self, size: u32) -> Self {
        self.minimum_session_token_size = Some(size);
        self
    }
}

impl Operation for GetSessionToken {
    type Output = GetSessionTokenOutput;

    fn action(&self) -> &str {
        "GetSessionToken"
    }

    fn members(&self, members: &mut impl Members) {
        members.integer(&DURATION_SECONDS, self.duration_seconds);
        members.text(&SERIAL_NUMBER, self.serial_number.as_deref());
        members.text(&TOKEN_CODE, self.token_code.as_ref().map(Secret::expose));
        members.integer(&MINIMUM_SESSION_TOKEN_SIZE, self.minimum_session_token_size);
    }

    fn relations(&self, checker: &mut Checker) {
        shape::check_mfa(checker, self.serial_number.as_ref(), self.token_code.as_ref());
    }

    fn read(&self, cursor: &mut Cursor<'_>) -> Result<GetSessionTokenOutput, ReplyFault> {
        let mut credentials = Field::new("Credentials");
        let mut session_token_utilization = Field::new("SessionTokenUtilization");
        let mut session_token_size = Field::new("SessionTokenSize");
        while cursor.child()? {
            match cursor.name() {
                b"Credentials" => credentials.set(shape::read_credentials(cursor)?)?,
                b"SessionTokenUtilization" => {
                    session_token_utilization.set(cursor.number("SessionTokenUtilization")?)?;
                }
                b"SessionTokenSize" => session_token_size.set(cursor.number("SessionTokenSize")?)?,
                _ => cursor.skip()?,
            }
        }
        Ok(GetSessionTokenOutput {
            credentials: credentials.required()?,
            session_token_utilization: session_token_utilization.optional(),
            session_token_size: session_token_size.optional(),
        })
    }
}

/// The result of [`GetSessionToken`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetSessionTokenOutput {
    /// The temporary credentials.
    pub credentials: Credentials,
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
            &GetSessionToken::new(),
            "<GetSessionTokenResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><GetSessionTokenResult>
            <Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
             <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
             <SessionToken>AQoDYXdzEPT</SessionToken><Expiration>2026-07-11T19:55:29.611Z</Expiration></Credentials>

             </GetSessionTokenResult><ResponseMetadata><RequestId>58c5dbae</RequestId></ResponseMetadata>
             </GetSessionTokenResponse>",
        )
        .unwrap();
        assert_eq!(reply.credentials.access_key_id(), "ASIAIOSFODNN7EXAMPLE");
    }

    #[test]
    fn a_device_needs_its_code() {
        let error = GetSessionToken::new()
            .serial_number("arn:aws:iam::123456789012:mfa/Alice")
            .validate(crate::Validation::default())
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "GetSessionToken was not sent: `TokenCode` must be given with `SerialNumber`"
        );
    }
}
