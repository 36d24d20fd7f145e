//! A tunnel through a proxy: RFC 9110, section 9.3.6, and the user's name and password by RFC 7617.

use zeroize::Zeroizing;

use crate::body::Body;
use crate::proxy::Proxy;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The bytes that ask a proxy for a tunnel to a host: a name, an IPv4 address, or an IPv6 address in brackets.
///
/// The proxy's reply is read by a [`TunnelReader`](super::TunnelReader).
///
/// ```
/// use sts_proto::http1;
/// use sts_proto::proxy::ProxySettings;
///
/// let settings = ProxySettings::explicit("http://alice:secret@proxy.test:3128")?;
/// let proxy = settings.proxies().next().expect("the one that was set");
/// assert_eq!(
///     http1::connect(proxy, "sts.amazonaws.com", 443).as_ref(),
///     b"CONNECT sts.amazonaws.com:443 HTTP/1.1\r\nHost: sts.amazonaws.com:443\r\n\
///       Proxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n\r\n"
/// );
/// # Ok::<(), sts_proto::Error>(())
/// ```
#[must_use]
pub fn connect(proxy: &Proxy, host: &str, port: u16) -> Body {
    let credentials = proxy.credentials().map(|(user, password)| {
        let mut pair = Zeroizing::new(Vec::with_capacity(user.len() + 1 + password.expose().len()));
        for part in [user, ":", password.expose()] {
            pair.extend_from_slice(part.as_bytes());
        }
        base64(&pair)
    });
    let target = format!("{host}:{port}");
    let room = 2 * target.len() + credentials.as_ref().map_or(0, |text| text.len()) + 80;
    // Large enough, so that no copy is left behind by growth.
    let mut out = Zeroizing::new(Vec::with_capacity(room));
    for part in ["CONNECT ", &target, " HTTP/1.1\r\nHost: ", &target, "\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    if let Some(credentials) = credentials {
        out.extend_from_slice(b"Proxy-Authorization: Basic ");
        out.extend_from_slice(&credentials);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    Body::from(out)
}

fn base64(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len().div_ceil(3) * 4));
    for group in bytes.chunks(3) {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * i)) as usize & 63];
            out.push(if i > group.len() { b'=' } else { digit });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_rfc_4648() {
        for (text, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ] {
            assert_eq!(base64(text.as_bytes()).as_slice(), encoded.as_bytes());
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xbf]).as_slice(), b"+/+/");
    }
}
