//! Small texts that several tokens need: base64.

#[cfg(feature = "token")]
use base64::Engine as _;
#[cfg(feature = "token")]
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
#[cfg(feature = "token")]
use zeroize::Zeroizing;

/// Base64 with the URL's alphabet, appended, without padding.
#[cfg(feature = "token")]
pub(super) fn push_base64url(bytes: &[u8], out: &mut Zeroizing<String>) {
    // Room for all of it, so that no copy is left behind by growth.
    let mut encoded = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(3) * 4));
    URL_SAFE_NO_PAD.encode_string(bytes, &mut encoded);
    out.push_str(&encoded);
}

/// Base64 with the ordinary alphabet and padding.
#[cfg(feature = "token")]
pub(super) fn base64(bytes: &[u8]) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(3) * 4));
    STANDARD.encode_string(bytes, &mut out);
    out
}

/// The text in base64 with the URL's alphabet and without padding; `None` if it is not exactly that, or no UTF-8.
#[cfg(feature = "token")]
pub(super) fn from_base64url(text: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len().div_ceil(4) * 3));
    URL_SAFE_NO_PAD.decode_vec(text, &mut bytes).ok()?;
    let decoded = String::from_utf8(std::mem::take(&mut *bytes));
    match decoded {
        Ok(text) => Some(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "token")]
    #[test]
    fn base64_has_one_form() {
        for text in ["", "f", "fo", "foo", "\u{7ff}\u{fff}??>>"] {
            let mut out = Zeroizing::new(String::new());
            push_base64url(text.as_bytes(), &mut out);
            assert_eq!(from_base64url(&out).unwrap().as_str(), text);
        }
        // Padding, bits that nobody reads, the other alphabet, white space, no UTF-8.
        for text in ["Zg==", "Zh", "Z", "+w", "Zg\n", " Zg", "_w"] {
            assert!(from_base64url(text).is_none(), "{text}");
        }
        assert_eq!(base64(b"\xff\xfe").as_str(), "//4=");
    }
}
