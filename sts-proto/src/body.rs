//! What requests and replies carry.

use std::fmt;

use zeroize::Zeroizing;

use crate::wipe;

/// The bytes of a request or of a reply.
///
/// STS bodies hold secrets both ways: JWTs, SAML assertions, MFA codes and policies go out, secret keys and
/// session tokens come back. So the bytes are wiped when the value is dropped, and `Debug` shows their number
/// only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body(Vec<u8>);

impl Body {
    /// Takes the bytes out. From here on the caller is responsible for wiping them.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }

    /// The number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<Zeroizing<Vec<u8>>> for Body {
    fn from(mut bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(std::mem::take(&mut *bytes))
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        wipe::bytes(&mut self.0);
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_length_only() {
        let request = http::Request::new(Body::from(b"TokenCode=123456".to_vec()));
        let text = format!("{request:?}");
        assert!(text.contains("Body(16 bytes)"), "{text}");
        assert!(!text.contains("123456") && !text.contains("49, 50"), "{text}");
    }

    #[test]
    fn bytes_survive_the_way_out() {
        assert_eq!(Body::from(b"abc".to_vec()).into_vec(), b"abc");
    }
}
