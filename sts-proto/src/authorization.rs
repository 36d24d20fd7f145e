//! Authorization messages: why a request to some service of AWS was refused, encoded in an AccessDenied.
//!
//! AWS: [DecodeAuthorizationMessage](https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html).
//!
//! ```
//! use sts_proto::authorization;
//! use sts_proto::operation::DecodeAuthorizationMessage;
//!
//! let text = "An error occurred (UnauthorizedOperation) when calling the RunInstances operation: You are not authorized \
//!     to perform this operation. Encoded authorization failure message: 4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefgh";
//! let encoded = authorization::find(text).unwrap();
//! assert_eq!(encoded, "4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefgh");
//! let operation = DecodeAuthorizationMessage::new(encoded);
//! # let _ = operation;
//! ```

#[cfg(feature = "json")]
pub use message::{AuthorizationMessage, Condition, Statement};

#[cfg(feature = "json")]
mod message;

/// What stands before the encoded message.
const BEFORE: &str = "encoded authorization failure message:";

/// The shortest text that is taken for a message where nothing announces it; AWS's have some hundreds of characters.
const MIN_UNANNOUNCED: usize = 200;

/// The encoded message in a text, such as the output of a program that was refused, or `None` if there is none.
///
/// It is what follows "Encoded authorization failure message:", over line breaks in between; or the whole text, if that is
/// one word of 200 or more of the characters that encoded messages have. The text is read once, whatever its length.
#[must_use]
pub fn find(text: &str) -> Option<&str> {
    let is_encoded = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b'+' | b'/');
    let announced = text
        .as_bytes()
        .windows(BEFORE.len())
        .position(|window| window.eq_ignore_ascii_case(BEFORE.as_bytes()))
        .and_then(|at| text.get(at + BEFORE.len()..));
    let (word, least) = match announced {
        // A quote stands there where the text is a piece of JSON.
        Some(rest) => (rest.trim_start_matches([' ', '\t', '\r', '\n', '"', '\'', '`']), 1),
        None => (text.trim(), MIN_UNANNOUNCED),
    };
    let end = word.bytes().position(|b| !is_encoded(b)).unwrap_or(word.len());
    let encoded = word.get(..end).filter(|_| announced.is_some() || end == word.len())?;
    Some(encoded).filter(|encoded| encoded.len() >= least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_in_texts_of_many_programs() {
        for text in [
            "Encoded authorization failure message: abc-_12=",
            "… encoded Authorization Failure message:\n  abc-_12=\n\tstatus code: 403, request id: x",
            "{\"Message\":\"Encoded authorization failure message: abc-_12=\"}",
            "Encoded authorization failure message: 'abc-_12='. Encoded authorization failure message: second",
        ] {
            assert_eq!(find(text), Some("abc-_12="), "{text}");
        }
        let bare = "aB3_-".repeat(60);
        assert_eq!(find(&format!(" {bare}\n")), Some(bare.as_str()));
    }

    #[test]
    fn what_holds_none() {
        let words = "word ".repeat(100);
        for text in [
            "",
            "no",
            "é",
            "Encoded authorization failure message:",
            "Encoded authorization failure message: é",
            &words,
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
