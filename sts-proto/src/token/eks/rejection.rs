//! Why a token is refused.

use std::fmt;

use super::{MAX_TOKEN_BYTES, PREFIX};
use crate::error::Error;

/// Why a token is refused before STS is asked. Holds no piece of the token.
///
/// As an [`Error`] it is one of the kind [`InvalidInput`](crate::ErrorKind::InvalidInput).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// It has more than [`MAX_TOKEN_BYTES`].
    TooLong {
        /// The number of bytes.
        length: usize,
    },
    /// It does not begin with [`PREFIX`].
    Prefix,
    /// What follows is not base64 with the URL's alphabet and without padding, or no UTF-8.
    Base64,
    /// What is in it is no URL, or has characters that have no place in one.
    Url,
    /// The URL is not `https`.
    Scheme,
    /// The host is none of STS's: another name, another port, or a user before it.
    Host,
    /// The path is not `/`.
    Path,
    /// There is a parameter that such a URL has not.
    UnknownParameter,
    /// A parameter stands there twice, be it in other letters.
    Repeated {
        /// The parameter in lower case.
        name: &'static str,
    },
    /// A parameter is not there.
    Missing {
        /// The parameter in lower case.
        name: &'static str,
    },
    /// The action is not `GetCallerIdentity`.
    Action,
    /// The API version is not STS's.
    Version,
    /// The algorithm is not `AWS4-HMAC-SHA256`.
    Algorithm,
    /// The credential is not an access key id with a scope of STS on the day of the signature.
    Credential,
    /// `X-Amz-Date` is no moment in the form `20150830T123600Z`.
    Date,
    /// `X-Amz-Expires` is no number from 0 to 900.
    Expires,
    /// The headers that are signed are not `host` and `x-k8s-aws-id`, each once.
    SignedHeaders,
    /// The security token is empty.
    SecurityToken,
    /// The signature is not 64 hexadecimal digits.
    Signature,
    /// It was signed more than 15 minutes ago.
    Expired {
        /// How long ago, in seconds.
        age_seconds: i64,
    },
    /// It was signed more than 15 minutes in the future.
    NotYetValid {
        /// How far, in seconds.
        ahead_seconds: i64,
    },
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { length } => {
                write!(f, "has {length} bytes, and at most {MAX_TOKEN_BYTES} are taken")
            }
            Self::Prefix => write!(f, "does not begin with {PREFIX}"),
            Self::Base64 => f.write_str("is not base64 in the URL's alphabet"),
            Self::Url => f.write_str("holds no URL"),
            Self::Scheme => f.write_str("holds a URL that is not https"),
            Self::Host => f.write_str("holds a URL of a host that is not one of STS"),
            Self::Path => f.write_str("holds a URL with a path"),
            Self::UnknownParameter => f.write_str("holds a URL with a parameter that does not belong there"),
            Self::Repeated { name } => write!(f, "holds a URL with more than one {name}"),
            Self::Missing { name } => write!(f, "holds a URL without {name}"),
            Self::Action => f.write_str("is for another action than GetCallerIdentity"),
            Self::Version => f.write_str("is for another version of the API"),
            Self::Algorithm => f.write_str("is signed with another algorithm than AWS4-HMAC-SHA256"),
            Self::Credential => f.write_str("has a credential scope that is not one of STS on that day"),
            Self::Date => f.write_str("has an x-amz-date that is no moment"),
            Self::Expires => f.write_str("has an x-amz-expires that is not between 0 and 900"),
            Self::SignedHeaders => {
                f.write_str("does not sign the headers host and x-k8s-aws-id, and only these")
            }
            Self::SecurityToken => f.write_str("has an empty x-amz-security-token"),
            Self::Signature => f.write_str("has a signature that is not 64 hexadecimal digits"),
            Self::Expired { age_seconds } => {
                write!(f, "has expired: it was signed {age_seconds} seconds ago")
            }
            Self::NotYetValid { ahead_seconds } => {
                write!(f, "is not valid yet: it was signed {ahead_seconds} seconds in the future")
            }
        }
    }
}

impl std::error::Error for Rejection {}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::setting("Token", rejection.to_string())
    }
}
