use std::fmt;

use super::code::{self, ErrorCode};
use super::escape_controls;
use super::redact::Redaction;
use crate::reply::Metadata;

/// The most characters of a service's message that `Display` shows.
const MESSAGE_SHOWN: usize = 2048;

/// The service's refusal of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    pub(crate) code: ErrorCode,
    pub(crate) code_text: String,
    pub(crate) message: Option<String>,
    pub(crate) fault: Option<Fault>,
    pub(crate) details: Vec<(String, String)>,
    pub(crate) metadata: Metadata,
}

/// Who is to blame, in the service's opinion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The request is wrong.
    Sender,
    /// The service is not well.
    Receiver,
}

impl ServiceError {
    /// The code, with or without the suffix `Exception` that some services add.
    #[must_use]
    pub fn code(&self) -> &ErrorCode {
        &self.code
    }

    /// The code exactly as it was sent.
    #[must_use]
    pub fn code_text(&self) -> &str {
        &self.code_text
    }

    /// The message as it was sent, with white space at its ends, where there is one. It is meant for people and AWS changes it at
    /// will.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Whose fault it is, where the service says so.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Everything else that stood in the error, as names and texts in the order sent; at most
    /// [`MAX_DETAILS`](crate::reply::MAX_DETAILS).
    #[must_use]
    pub fn details(&self) -> &[(String, String)] {
        &self.details
    }

    /// What came with the reply.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The encoded part of an AccessDenied message, to be given to
    /// [`DecodeAuthorizationMessage`](crate::operation::DecodeAuthorizationMessage).
    ///
    /// ```
    /// use sts_proto::operation::{GetCallerIdentity, Operation};
    ///
    /// let response = http::Response::builder().status(403).body(
    ///     "<Error><Code>AccessDenied</Code><Message>You are not authorized to perform this operation. \
    ///      Encoded authorization failure message: 4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefgh</Message></Error>",
    /// ).unwrap();
    /// let error = GetCallerIdentity::new().decode(&response).unwrap_err();
    /// let encoded = error.service().unwrap().encoded_authorization_message();
    /// assert_eq!(encoded, Some("4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefgh"));
    /// ```
    #[must_use]
    pub fn encoded_authorization_message(&self) -> Option<&str> {
        const BEFORE: &str = "Encoded authorization failure message:";
        let (_, rest) = self.message()?.split_once(BEFORE)?;
        rest.split_ascii_whitespace().next()
    }

    /// Takes secrets of ours out of what the service said.
    pub(super) fn redact(&mut self, redaction: Redaction<'_>) {
        redaction.clean(&mut self.code_text);
        if let ErrorCode::Unknown(code) = &mut self.code {
            redaction.clean(code);
        }
        self.message.iter_mut().for_each(|message| redaction.clean(message));
        for (name, value) in &mut self.details {
            redaction.clean(name);
            redaction.clean(value);
        }
        self.metadata.redact(redaction);
    }

    pub(crate) fn is_throttling(&self) -> bool {
        self.code.is_throttling() || code::is_throttling_status(self.metadata.status)
    }

    pub(crate) fn is_retryable(&self) -> bool {
        self.is_throttling() || self.code.is_transient() || code::is_transient_status(self.metadata.status)
    }

    /// `SignatureDoesNotMatch` stands for a wrong secret as well, so its message decides.
    pub(crate) fn is_clock_skew(&self) -> bool {
        match self.code {
            ErrorCode::SignatureDoesNotMatch | ErrorCode::InvalidSignature | ErrorCode::AuthFailure => {
                self.message.as_deref().is_some_and(|message| {
                    says(message, "Signature expired") || says(message, "Signature not yet current")
                })
            }
            _ => self.code.is_clock_skew(),
        }
    }
}

/// Whether these words stand in a service's message. A search of its own for each text would be a kilobyte of a program.
#[inline(never)]
pub(crate) fn says(message: &str, words: &str) -> bool {
    message.contains(words)
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Printable(&self.code_text))?;
        if let Some(message) = self.message().map(str::trim).filter(|message| !message.is_empty()) {
            write!(f, ": {}", Printable(message))?;
        }
        self.metadata.fmt_suffix(f)
    }
}

/// A text from the wire for people's eyes: escaped, and cut at [`MESSAGE_SHOWN`].
pub(super) struct Printable<'a>(pub(super) &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(MESSAGE_SHOWN) {
            Some((end, _)) => write!(f, "{}…", escape_controls(&self.0[..end])),
            None => f.write_str(&escape_controls(self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, message: &str, status: u16) -> ServiceError {
        let metadata = Metadata { status, ..Metadata::default() };
        ServiceError {
            code: ErrorCode::from_wire(code),
            code_text: code.to_owned(),
            message: Some(message.to_owned()),
            fault: None,
            details: Vec::new(),
            metadata,
        }
    }

    #[test]
    fn messages_are_escaped_and_cut() {
        let text = error("AccessDenied", &format!("a\u{1b}[31m\n{}", "x".repeat(5000)), 403).to_string();
        assert!(text.starts_with("AccessDenied: a\\u{1b}[31m\\nxx"), "{text}");
        assert!(error("AccessDenied", "a\u{202e}b'c\"é", 403).to_string().contains("a\\u{202e}b'c\"é"));
        assert!(text.contains('…') && text.chars().count() < MESSAGE_SHOWN + 100);
    }

    #[test]
    fn a_wrong_secret_is_not_a_wrong_clock() {
        assert!(!error("SignatureDoesNotMatch", "The request signature we calculated", 403).is_clock_skew());
        assert!(
            error("SignatureDoesNotMatch", "Signature expired: 1 is now earlier than 2", 403).is_clock_skew()
        );
        assert!(error("RequestExpired", "", 400).is_clock_skew());
    }

    #[test]
    fn throttles_and_faults_are_retryable() {
        assert!(error("Throttling", "Rate exceeded", 400).is_retryable());
        assert!(error("Strange", "", 503).is_retryable());
        assert!(error("IDPCommunicationError", "", 400).is_retryable());
        assert!(!error("AccessDenied", "", 403).is_retryable());
    }
}
