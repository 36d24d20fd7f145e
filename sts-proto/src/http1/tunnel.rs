//! A proxy's reply to `CONNECT`: whether it grants the tunnel. RFC 9110, section 9.3.6.

use http::{Method, Uri};

use super::{Progress, ReplyReader};
use crate::error::{Error, TransportKind};
use crate::proxy::Proxy;

/// Reads a proxy's reply to [`connect`](super::connect()).
///
/// Feed the reader the bytes of the connection until the tunnel is granted or an error says why it is not. Errors are
/// final and name the proxy.
///
/// Any 2xx status grants the tunnel, of HTTP/1.0 too; its headers are ignored, as RFC 9110 requires of `Content-Length`
/// and `Transfer-Encoding`. Interim replies (1xx) before it are skipped, and together have the limits of a head:
/// [`MAX_HEAD_BYTES`](super::MAX_HEAD_BYTES). The body of a refusal is not read.
///
/// ```
/// use sts_proto::http1::{TunnelProgress, TunnelReader};
/// use sts_proto::proxy::ProxySettings;
///
/// let settings = ProxySettings::explicit("http://proxy.test:3128")?;
/// let proxy = settings.proxies().next().expect("the proxy that was set");
/// let url = http::Uri::from_static("https://sts.amazonaws.com");
///
/// let mut reader = TunnelReader::new(proxy, &url);
/// assert_eq!(reader.feed(b"HTTP/1.1 200 Connection est")?, TunnelProgress::More);
/// assert_eq!(reader.feed(b"ablished\r\n\r\n")?, TunnelProgress::Granted);
/// # Ok::<(), sts_proto::Error>(())
/// ```
#[derive(Debug)]
pub struct TunnelReader<'a> {
    proxy: &'a Proxy,
    url: &'a Uri,
    reply: ReplyReader,
}

/// How far a [`TunnelReader`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a tunnel that is not granted needs more bytes"]
pub enum TunnelProgress {
    /// More bytes are needed.
    More,
    /// The tunnel is granted: the connection leads to the URL's host from here on.
    Granted,
}

impl<'a> TunnelReader<'a> {
    /// A reader for the reply of `proxy` to a request for a tunnel to the host of `url`.
    #[must_use]
    pub fn new(proxy: &'a Proxy, url: &'a Uri) -> Self {
        Self { proxy, url, reply: ReplyReader::new(&Method::CONNECT) }
    }

    /// Takes the next bytes of the connection.
    ///
    /// # Errors
    /// The error of [`Proxy::refusal`] if the proxy answers with another status than 2xx.
    /// [`TransportKind::Protocol`] if the bytes are no reply of HTTP/1.1, switch to another protocol, or go on after a
    /// reply that grants the tunnel: neither HTTP nor TLS lets the host speak first, so those bytes are not the host's.
    /// [`TransportKind::TooLarge`] if the reply exceeds a limit.
    pub fn feed(&mut self, input: &[u8]) -> Result<TunnelProgress, Error> {
        match self.reply.feed(input) {
            Ok(Progress::More) => Ok(TunnelProgress::More),
            Ok(Progress::Done(finished)) if finished.response.status().is_success() => {
                Ok(TunnelProgress::Granted)
            }
            Ok(Progress::Done(finished)) => {
                let status = finished.response.status();
                let source = format!("the proxy answered {status}");
                Err(self.proxy.refusal(self.url, Some(status.as_u16()), source))
            }
            Err(error) => Err(error.because(format!("it went through the proxy {}", self.proxy))),
        }
    }

    /// Returns the error for a connection that ended before the reply was complete.
    #[must_use]
    pub fn end(self) -> Error {
        let received = self.reply.received();
        let error = match self.reply.end() {
            Err(error) => error,
            // Such a reply would have been complete when it was fed.
            Ok(_) => Error::transport(TransportKind::Closed, "the connection was closed"),
        };
        if received == 0 {
            return self.proxy.refusal(self.url, None, error);
        }
        error.because(format!("after {received} bytes of the reply of the proxy {}", self.proxy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::ProxySettings;

    /// Feeds a reply whole and byte by byte, then the end of the connection; the outcome must be the same.
    fn outcome(reply: &[u8]) -> Result<(), (TransportKind, String)> {
        let settings = ProxySettings::explicit("http://proxy.test:3128").unwrap();
        let proxy = settings.proxies().next().unwrap();
        let url = Uri::from_static("https://sts.example.test");
        let [whole, bytes] = [reply.len().max(1), 1].map(|size| {
            let mut reader = TunnelReader::new(proxy, &url);
            let mut granted = false;
            for piece in reply.chunks(size) {
                // A driver stops here: the bytes after it are the tunnel's.
                assert!(!granted || size == 1);
                if granted {
                    return Err((TransportKind::Protocol, "bytes after the end".to_owned()));
                }
                let progress = reader.feed(piece).map_err(|error| described(&error))?;
                granted = progress == TunnelProgress::Granted;
            }
            if granted { Ok(()) } else { Err(described(&reader.end())) }
        });
        assert_eq!(
            whole.as_ref().map_err(|(kind, _)| kind),
            bytes.as_ref().map_err(|(kind, _)| kind),
            "byte by byte: {}",
            String::from_utf8_lossy(reply)
        );
        whole
    }

    fn described(error: &Error) -> (TransportKind, String) {
        let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        (error.transport_kind().unwrap(), format!("{error}: {source}"))
    }

    #[test]
    fn tunnel_reply_of_2xx_grants_the_tunnel() {
        for reply in [
            "HTTP/1.1 200 Connection established\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\n",
            "HTTP/1.1 200\r\n\r\n",
            "HTTP/1.1 201 Created\r\n\r\n",
            "HTTP/1.1 299 Odd\r\nVia: x\r\nX: y\r\n\r\n",
            "HTTP/1.1 204 No\r\n\r\n",
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
            "HTTP/1.0 200 OK\r\nProxy-Connection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 3\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Wait\r\n\r\nHTTP/1.0 200 OK\r\n\r\n",
        ] {
            assert_eq!(outcome(reply.as_bytes()), Ok(()), "{reply:?}");
        }
    }

    #[test]
    fn tunnel_reply_of_other_status_is_a_refusal() {
        use TransportKind::{Proxy as Failed, ProxyRefused as Refused};
        for (reply, kind, words) in [
            ("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", Refused, "answered 302 when it was asked"),
            ("HTTP/1.1 403 No\r\nContent-Length: 30\r\n\r\nabc", Refused, "answered 403"),
            ("HTTP/1.1 407 No\r\n\r\n<html>", Refused, "wants a user and a password"),
            ("HTTP/1.0 502 Bad\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", Failed, "answered 502"),
            ("HTTP/1.1 503 Busy\r\nTransfer-Encoding: gzip\r\n\r\n", Failed, "answered 503"),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Slow\r\n\r\n", Failed, "answered 429"),
            ("HTTP/1.1 999 Odd\r\n\r\n", Failed, "answered 999"),
        ] {
            // Whatever follows the head of a refusal is left unread, so byte by byte is the same only up to there.
            let head = reply.rsplit_once("\r\n\r\n").map(|(head, _)| format!("{head}\r\n\r\n")).unwrap();
            for reply in [reply, head.as_str()] {
                let (found, text) = outcome(reply.as_bytes()).expect_err(reply);
                assert_eq!(found, kind, "{reply:?}: {text}");
                assert!(text.contains(words) && text.contains("http://proxy.test:3128"), "{reply:?}: {text}");
            }
        }
    }

    #[test]
    fn tunnel_reply_that_is_not_http_is_an_error_of_protocol_or_size() {
        let long = format!("HTTP/1.1 200 {}", "x".repeat(super::super::MAX_HEAD_BYTES));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(101));
        let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(3000);
        for (reply, kind, words) in [
            ("SSH-2.0-OpenSSH\r\n", TransportKind::Protocol, "does not speak HTTP"),
            ("HTTP/2 200\r\n\r\n", TransportKind::Protocol, "does not speak HTTP"),
            ("HTTP/1.1 200 OK\n\n", TransportKind::Protocol, "bare"),
            ("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", TransportKind::Protocol, "folded"),
            ("HTTP/1.1 099 Odd\r\n\r\n", TransportKind::Protocol, "not one of HTTP"),
            ("HTTP/1.1 101 Switching Protocols\r\n\r\n", TransportKind::Protocol, "another protocol"),
            ("HTTP/1.1 200 OK\r\n\r\nabc", TransportKind::Protocol, "after the end"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", TransportKind::Protocol, "after the end"),
            (long.as_str(), TransportKind::TooLarge, "64 KiB"),
            (many.as_str(), TransportKind::TooLarge, "100 headers"),
            (interim.as_str(), TransportKind::TooLarge, "64 KiB"),
        ] {
            let (found, text) = outcome(reply.as_bytes()).expect_err(words);
            assert_eq!(found, kind, "{text}");
            assert!(text.contains(words) && text.contains("the proxy http://proxy.test:3128"), "{text}");
        }
    }

    #[test]
    fn tunnel_reply_cut_short_says_how_much_had_come() {
        let (kind, text) = outcome(b"").unwrap_err();
        assert_eq!(kind, TransportKind::Proxy);
        assert!(text.contains("closed the connection without a reply"), "{text}");
        let reply = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
        for end in 1..reply.len() {
            let (kind, text) = outcome(&reply[..end]).unwrap_err();
            assert_eq!(kind, TransportKind::Closed, "{end}");
            assert!(text.contains(&format!("after {end} bytes of the reply of the proxy")), "{text}");
        }
    }
}
