use super::Operation;
use crate::constraint::{Members, Text};
use crate::reply::ReplyFault;
use crate::xml::{Cursor, Field};

/// Decodes the encoded message that some AccessDenied errors carry: which policy refused, and why.
///
/// AWS: [DecodeAuthorizationMessage](https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeAuthorizationMessage {
    encoded_message: String,
}

impl DecodeAuthorizationMessage {
    /// The encoded message, 1 to 10,240 characters.
    pub fn new(encoded_message: impl Into<String>) -> Self {
        Self { encoded_message: encoded_message.into() }
    }

    /// Another message, for a template.
    #[must_use]
    pub fn encoded_message(mut self, encoded_message: impl Into<String>) -> Self {
        self.encoded_message = encoded_message.into();
        self
    }
}

static ENCODED_MESSAGE: Text = Text::required("EncodedMessage").length(1, 10_240);

impl Operation for DecodeAuthorizationMessage {
    type Output = DecodeAuthorizationMessageOutput;

    fn action(&self) -> &str {
        "DecodeAuthorizationMessage"
    }

    fn members(&self, members: &mut impl Members) {
        members.text(&ENCODED_MESSAGE, Some(&self.encoded_message));
    }

    fn read(&self, cursor: &mut Cursor<'_>) -> Result<DecodeAuthorizationMessageOutput, ReplyFault> {
        let mut decoded_message = Field::new("DecodedMessage");
        while cursor.child()? {
            match cursor.name() {
                b"DecodedMessage" => decoded_message.set(cursor.text()?.into_owned())?,
                _ => cursor.skip()?,
            }
        }
        Ok(DecodeAuthorizationMessageOutput { decoded_message: decoded_message.required_text()? })
    }
}

/// The result of [`DecodeAuthorizationMessage`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeAuthorizationMessageOutput {
    /// The message, as JSON.
    pub decoded_message: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::sample;

    #[test]
    fn the_documented_reply() {
        let reply = sample::decode(
            &DecodeAuthorizationMessage::new(""),
            "<?xml version='1.0' encoding='UTF-8'?>
             <DecodeAuthorizationMessageResponse xmlns='http://sts.amazonaws.com/doc/2011-06-15/'>
              <requestId>6624a9ca-cd25-4f50-b2a5-7ba65bf07453</requestId>
              <DecodeAuthorizationMessageResult>
              <DecodedMessage>{&quot;allowed&quot;: false, &quot;explicitDeny&quot;: true}</DecodedMessage>
              </DecodeAuthorizationMessageResult></DecodeAuthorizationMessageResponse>",
        )
        .unwrap();
        assert_eq!(reply.decoded_message, r#"{"allowed": false, "explicitDeny": true}"#);
        assert_eq!(reply.metadata.request_id.as_deref(), Some("6624a9ca-cd25-4f50-b2a5-7ba65bf07453"));
    }
}
