//! A refusal: what becomes an `ErrorResponse`.

/// Why a request is refused, in the words of the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// What a signature should have covered, for the log.
    pub(super) expected: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), expected: None }
    }

    /// The request broke HTTP's own rules; STS has no code for that.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(super) fn malformed_input(message: impl Into<String>) -> Self {
        Self::new(400, "MalformedInput", message)
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    pub(super) fn access_denied(message: impl Into<String>) -> Self {
        Self::new(403, "AccessDenied", message)
    }

    /// What the service says for a failure of this status.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            500 => {
                Self::new(status, "InternalFailure", "We encountered an internal error. Please try again.")
            }
            503 => Self::new(status, "ServiceUnavailable", "Service is unavailable. Please try again."),
            _ => Self::new(status, "UnknownError", "UnknownError"),
        }
    }

    /// Adds to the log what was expected.
    pub(super) fn expecting(self, expected: String) -> Self {
        Self { expected: Some(expected), ..self }
    }

    pub(super) fn incomplete_signature(message: impl Into<String>) -> Self {
        Self::new(400, "IncompleteSignature", message)
    }

    pub(super) fn signature_does_not_match(message: impl Into<String>) -> Self {
        Self::new(403, "SignatureDoesNotMatch", message)
    }

    pub(super) fn invalid_client_token_id() -> Self {
        Self::new(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
    }

    /// Who is to blame, as `<Type>` says it.
    pub(super) fn side(&self) -> &'static str {
        if self.status < 500 { "Sender" } else { "Receiver" }
    }
}
