//! The codes that STS answers with: those of its service model, AWS's common ones, and those of the retry rules.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $wire:literal,)*) => {
        /// The code of a refusal.
        ///
        /// AWS prints some codes with the suffix `Exception` in one place and without it in another; both are
        /// read as the same code.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
            /// A code that is not in this list, as it was sent.
            Unknown(String),
        }

        impl ErrorCode {
            /// Every code of this list.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as AWS documents it; an unknown one as it was sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)*
                    Self::Unknown(code) => code,
                }
            }
        }
    };
}

codes! {
    // The service model of API version 2011-06-15.
    /// The token or assertion that was traded in has expired (400), or the credentials that signed have (403).
    ExpiredToken = "ExpiredTokenException",
    /// The trade-in token of GetDelegatedAccessToken has expired.
    ExpiredTradeInToken = "ExpiredTradeInTokenException",
    /// STS could not reach the identity provider; it may be able to in a moment.
    IdpCommunicationError = "IDPCommunicationError",
    /// The identity provider says that the claim is no good, or has expired.
    IdpRejectedClaim = "IDPRejectedClaim",
    /// The session asked of GetScopedCredentials would outlive the session that asks: ask for less, or give no duration.
    InsufficientSessionLifetime = "InsufficientSessionLifetime",
    /// The encoded message of DecodeAuthorizationMessage is not one that AWS made.
    InvalidAuthorizationMessage = "InvalidAuthorizationMessageException",
    /// A context assertion in `ProvidedContexts` is malformed, has expired, or is from an untrusted provider.
    InvalidContextAssertion = "InvalidContextAssertion",
    /// The web identity token or SAML assertion cannot be validated.
    InvalidIdentityToken = "InvalidIdentityToken",
    /// The credentials that signed GetScopedCredentials belong to no valid session.
    InvalidSubjectCredentials = "InvalidSubjectCredentials",
    /// The token asked of GetWebIdentityToken would be too large; use fewer or shorter tags.
    JwtPayloadSizeExceeded = "JWTPayloadSizeExceededException",
    /// A policy is not well-formed.
    MalformedPolicyDocument = "MalformedPolicyDocument",
    /// The account has not enabled outbound web identity federation.
    OutboundWebIdentityFederationDisabled = "OutboundWebIdentityFederationDisabledException",
    /// Session policies and tags exceed what a session token can hold.
    PackedPolicyTooLarge = "PackedPolicyTooLarge",
    /// STS is not activated in this region for the account.
    RegionDisabled = "RegionDisabledException",
    /// The token asked of GetWebIdentityToken would outlive the session that asks.
    SessionDurationEscalation = "SessionDurationEscalationException",

    // AWS's common errors, and what STS is seen to send.
    /// The caller is not allowed to do this.
    AccessDenied = "AccessDenied",
    /// The credentials were not accepted.
    AuthFailure = "AuthFailure",
    /// The signature lacks a part.
    IncompleteSignature = "IncompleteSignature",
    /// The service failed.
    InternalError = "InternalError",
    /// The service failed.
    InternalFailure = "InternalFailure",
    /// The access key id does not exist.
    InvalidAccessKeyId = "InvalidAccessKeyId",
    /// There is no such operation.
    InvalidAction = "InvalidAction",
    /// The access key id or the session token does not exist, or not in this partition.
    InvalidClientTokenId = "InvalidClientTokenId",
    /// Two parameters do not go together.
    InvalidParameterCombination = "InvalidParameterCombination",
    /// A parameter's value is no good.
    InvalidParameterValue = "InvalidParameterValue",
    /// The query string is malformed.
    InvalidQueryParameter = "InvalidQueryParameter",
    /// The signature is wrong.
    InvalidSignature = "InvalidSignatureException",
    /// The session token is no good.
    InvalidToken = "InvalidToken",
    /// The request could not be read.
    MalformedInput = "MalformedInput",
    /// The query string could not be read.
    MalformedQueryString = "MalformedQueryString",
    /// The request names no operation.
    MissingAction = "MissingAction",
    /// The request is not signed, and must be.
    MissingAuthenticationToken = "MissingAuthenticationToken",
    /// A required parameter is missing.
    MissingParameter = "MissingParameter",
    /// The caller is not allowed to do this.
    NotAuthorized = "NotAuthorized",
    /// The account has not opted in to the region or service.
    OptInRequired = "OptInRequired",
    /// The signature is too old.
    RequestExpired = "RequestExpired",
    /// The signature is from the future.
    RequestInTheFuture = "RequestInTheFuture",
    /// The signature's time is too far from the service's.
    RequestTimeTooSkewed = "RequestTimeTooSkewed",
    /// The service is overloaded or down.
    ServiceUnavailable = "ServiceUnavailable",
    /// The signature is wrong, or its time is.
    SignatureDoesNotMatch = "SignatureDoesNotMatch",
    /// There is no such operation.
    UnknownOperation = "UnknownOperationException",
    /// The access key id does not exist.
    UnrecognizedClient = "UnrecognizedClientException",
    /// A parameter breaks a constraint.
    ValidationError = "ValidationError",

    // The transient and throttling codes of the AWS SDKs' retry rules.
    /// The caller uses too much bandwidth.
    BandwidthLimitExceeded = "BandwidthLimitExceeded",
    /// The caller sends too many requests.
    Ec2Throttled = "EC2ThrottledException",
    /// A limit is exceeded.
    LimitExceeded = "LimitExceededException",
    /// An earlier request is still being worked on.
    PriorRequestNotComplete = "PriorRequestNotComplete",
    /// The caller uses more than was provisioned.
    ProvisionedThroughputExceeded = "ProvisionedThroughputExceededException",
    /// The caller sends too many requests.
    RequestLimitExceeded = "RequestLimitExceeded",
    /// The caller sends too many requests.
    RequestThrottled = "RequestThrottled",
    /// The service waited too long for the request.
    RequestTimeout = "RequestTimeout",
    /// The caller should slow down.
    SlowDown = "SlowDown",
    /// The caller sends too many requests.
    Throttled = "ThrottledException",
    /// The caller sends too many requests ("Rate exceeded").
    Throttling = "Throttling",
    /// The caller sends too many requests.
    TooManyRequests = "TooManyRequestsException",
    /// Another transaction is under way.
    TransactionInProgress = "TransactionInProgressException",
}

impl ErrorCode {
    /// Reads a code as it was sent.
    #[must_use]
    pub fn from_wire(code: &str) -> Self {
        let stem = without_suffix(code);
        Self::KNOWN
            .iter()
            .find(|known| without_suffix(known.as_str()) == stem)
            .cloned()
            .unwrap_or_else(|| Self::Unknown(code.to_owned()))
    }

    /// Whether it asks the caller to slow down.
    ///
    /// Source: the AWS SDKs' and Tools' reference guide, "Retry behavior".
    #[must_use]
    pub fn is_throttling(&self) -> bool {
        matches!(
            self,
            Self::BandwidthLimitExceeded
                | Self::Ec2Throttled
                | Self::LimitExceeded
                | Self::PriorRequestNotComplete
                | Self::ProvisionedThroughputExceeded
                | Self::RequestLimitExceeded
                | Self::RequestThrottled
                | Self::SlowDown
                | Self::Throttled
                | Self::Throttling
                | Self::TooManyRequests
                | Self::TransactionInProgress
        )
    }

    /// Whether it may pass by itself. `IDPCommunicationError` is STS's own addition to the common list.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::IdpCommunicationError | Self::RequestTimeout)
    }

    /// Whether something has expired that the caller can renew.
    #[must_use]
    pub fn is_expired_token(&self) -> bool {
        matches!(self, Self::ExpiredToken | Self::ExpiredTradeInToken)
    }

    /// Whether it says that a parameter's value is no good.
    pub(crate) fn is_about_parameters(&self) -> bool {
        matches!(
            self,
            Self::InvalidParameterValue
                | Self::MalformedInput
                | Self::MalformedPolicyDocument
                | Self::ValidationError
        )
    }

    /// Whether it can only mean that the clocks differ.
    pub(super) fn is_clock_skew(&self) -> bool {
        matches!(self, Self::RequestExpired | Self::RequestInTheFuture | Self::RequestTimeTooSkewed)
    }
}

/// Statuses that may pass by themselves, whatever the body says.
pub(super) fn is_transient_status(status: u16) -> bool {
    matches!(status, 500 | 502 | 503 | 504)
}

/// The status that asks the caller to slow down, whatever the body says.
pub(super) fn is_throttling_status(status: u16) -> bool {
    status == 429
}

fn without_suffix(code: &str) -> &str {
    code.strip_suffix("Exception").unwrap_or(code)
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", super::service::Printable(self.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_with_and_without_the_suffix() {
        for known in ErrorCode::KNOWN {
            let stem = without_suffix(known.as_str());
            assert_eq!(ErrorCode::from_wire(stem), *known);
            assert_eq!(ErrorCode::from_wire(&format!("{stem}Exception")), *known);
        }
        assert_eq!(ErrorCode::from_wire("NoSuchCode"), ErrorCode::Unknown("NoSuchCode".into()));
        assert_eq!(ErrorCode::from_wire("NoSuchCode").as_str(), "NoSuchCode");
    }

    #[test]
    fn no_two_codes_are_the_same_but_for_the_suffix() {
        let stems: std::collections::BTreeSet<_> =
            ErrorCode::KNOWN.iter().map(|code| without_suffix(code.as_str())).collect();
        assert_eq!(stems.len(), ErrorCode::KNOWN.len());
    }
}
