//! A reply from the bytes of a connection, however they are sliced.

use http::{Method, Response};

use super::Fault;
use super::body::BodyReader;
use super::head::{Head, HeadBytes};
use crate::body::Body;
use crate::error::Error;

/// Reads one reply.
///
/// Feed it what comes from the connection, in pieces of any size, until it is [`Progress::Done`]; at the end of the
/// connection, call [`end`](Self::end). After an error, the connection is of no more use.
#[derive(Debug)]
pub struct ReplyReader {
    method: Method,
    head_bytes: HeadBytes,
    body: Option<(Head, BodyReader)>,
}

/// What came of feeding.
#[derive(Debug)]
#[must_use = "a reply that is not done needs more bytes"]
pub enum Progress {
    /// More bytes are needed.
    More,
    /// The reply is complete. The reader is of no more use.
    Done(Finished),
}

/// A complete reply.
#[derive(Debug)]
#[non_exhaustive]
pub struct Finished {
    /// The reply.
    pub response: Response<Body>,
    /// Whether the connection can be used for another request.
    pub keep_alive: bool,
}

impl ReplyReader {
    /// For the reply to a request of that method.
    #[must_use]
    pub fn new(method: &Method) -> Self {
        Self { method: method.clone(), head_bytes: HeadBytes::default(), body: None }
    }

    /// How many bytes of the reply's head and body have been kept; what frames chunks is not counted. Zero tells that the server has not answered at all, in which case a
    /// kept connection may have been closed by it long ago.
    #[must_use]
    pub fn received(&self) -> usize {
        self.head_bytes.len() + self.body.as_ref().map_or(0, |(_, body)| body.len())
    }

    /// Takes the next bytes of the connection.
    ///
    /// # Errors
    /// [`ErrorKind::Transport`](crate::ErrorKind::Transport): the bytes are no reply of HTTP/1.1, leave open where it
    /// ends, exceed a limit, or go on after its end.
    pub fn feed(&mut self, input: &[u8]) -> Result<Progress, Error> {
        self.read(input).map_err(Error::from)
    }

    /// Takes note of the end of the connection.
    ///
    /// # Errors
    /// [`TransportKind::Closed`](crate::TransportKind::Closed): the reply is not complete.
    pub fn end(mut self) -> Result<Finished, Error> {
        match &self.body {
            Some((_, body)) if body.ends_with_the_connection() => {
                self.finish().ok_or_else(|| Fault::Closed { received: 0 }.into())
            }
            _ => Err(Fault::Closed { received: self.received() }.into()),
        }
    }

    fn read(&mut self, mut input: &[u8]) -> Result<Progress, Fault> {
        while self.body.is_none() && !input.is_empty() {
            let (taken, is_complete) = self.head_bytes.feed(input)?;
            input = &input[taken..];
            if is_complete && let Some(head) = self.head_bytes.parse(&self.method)? {
                let body = BodyReader::new(head.framing);
                self.body = Some((head, body));
            }
        }
        let Some((_, body)) = &mut self.body else { return Ok(Progress::More) };
        let taken = body.feed(input)?;
        if !body.is_done() {
            return Ok(Progress::More);
        }
        if taken < input.len() && !self.is_refused_tunnel() {
            return Err(Fault::AfterTheEnd);
        }
        Ok(self.finish().map_or(Progress::More, Progress::Done))
    }

    /// Then a page may follow, which nobody reads.
    fn is_refused_tunnel(&self) -> bool {
        let is_refusal = |(head, _): &(Head, BodyReader)| !head.response.status().is_success();
        self.method == Method::CONNECT && self.body.as_ref().is_some_and(is_refusal)
    }

    fn finish(&mut self) -> Option<Finished> {
        let (head, mut body) = self.body.take()?;
        let response = head.response.map(|()| Body::from(body.take()));
        Some(Finished { response, keep_alive: head.keep_alive })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TransportKind;
    use crate::http1::MAX_CHUNK_FRAMING_BYTES;

    /// Reads the same bytes whole, byte by byte and in pieces of three: the outcome must be the same.
    fn read(bytes: &[u8]) -> Result<(u16, Vec<u8>, bool), (TransportKind, String)> {
        let outcomes = [bytes.len().max(1), 1, 3].map(|size| outcome(bytes, size));
        assert_eq!(outcomes[0], outcomes[1], "byte by byte: {}", String::from_utf8_lossy(bytes));
        assert_eq!(outcomes[0], outcomes[2], "by three: {}", String::from_utf8_lossy(bytes));
        outcomes[0].clone()
    }

    fn outcome(bytes: &[u8], size: usize) -> Result<(u16, Vec<u8>, bool), (TransportKind, String)> {
        let mut reader = ReplyReader::new(&Method::POST);
        let mut finished = None;
        for piece in bytes.chunks(size) {
            if finished.is_some() {
                return Err(described(&Fault::AfterTheEnd.into()));
            }
            match reader.feed(piece).map_err(|error| described(&error))? {
                Progress::More => {}
                Progress::Done(done) => finished = Some(done),
            }
        }
        let finished = match finished {
            Some(finished) => finished,
            None => reader.end().map_err(|error| described(&error))?,
        };
        let status = finished.response.status().as_u16();
        Ok((status, finished.response.into_body().into_vec(), finished.keep_alive))
    }

    fn described(error: &Error) -> (TransportKind, String) {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        (error.transport_kind().expect("a transport error"), cause.unwrap_or_default())
    }

    fn fault(bytes: &str) -> String {
        read(bytes.as_bytes()).expect_err(bytes).1
    }

    #[test]
    fn every_framing() {
        let ok = |bytes: &str| read(bytes.as_bytes()).expect(bytes);
        assert_eq!(ok("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), (200, b"abc".to_vec(), true));
        assert_eq!(ok("HTTP/1.1 403 \r\ncontent-length: 0\r\n\r\n"), (403, vec![], true));
        assert_eq!(ok("HTTP/1.1 200 OK\r\n\r\nabc"), (200, b"abc".to_vec(), false));
        assert_eq!(ok("HTTP/1.1 204 No\r\n\r\n"), (204, vec![], true));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n";
        assert_eq!(ok(&format!("{chunked}3\r\nabc\r\n00\r\n\r\n")), (200, b"abc".to_vec(), true));
        let body = "3;name=\"va lue\"\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Trailer: 1\r\nY: 2\r\n\r\n";
        assert_eq!(ok(&format!("{chunked}{body}")), (200, b"abc0123456789".to_vec(), true));
        assert_eq!(
            ok(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
            ),
            (200, b"a".to_vec(), true)
        );
    }

    #[test]
    fn who_keeps_the_connection() {
        let kept = |version: &str, header: &str| {
            read(format!("HTTP/{version} 200 OK\r\nContent-Length: 0\r\n{header}\r\n").as_bytes()).unwrap().2
        };
        assert!(
            kept("1.1", "") && kept("1.1", "Connection: x\r\n") && kept("1.0", "Connection: Keep-Alive\r\n")
        );
        assert!(!kept("1.1", "Connection: x, CLOSE\r\n") && !kept("1.0", ""));
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        let head = |headers: &str| fault(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\nabc"));
        assert!(head("Content-Length: 3\r\nContent-Length: 3").contains("two content-lengths"));
        assert!(head("Content-Length: 3, 3").contains("no number"));
        for length in ["+3", "-3", "0x3", "3 3", "", "3.0"] {
            assert!(head(&format!("Content-Length: {length}")).contains("no number"), "{length}");
        }
        assert!(head("Content-Length: 3\r\nTransfer-Encoding: chunked").contains("and a transfer-encoding"));
        for coding in ["gzip", "gzip, chunked", "chunked, chunked", "identity", "xchunked"] {
            assert!(head(&format!("Transfer-Encoding: {coding}")).contains("not `chunked`"), "{coding}");
        }
        assert!(head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked").contains("not `chunked`"));
        assert!(head("A: b\r\n c").contains("folded"));
        assert!(head("A: b\nB: c").contains("bare"));
        assert!(head("A: b\rB: c").contains("bare"));
        assert!(head("A : b").contains("not one of HTTP"));
        assert!(head("Content-Length: 2").contains("after the end"));
        assert!(fault("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").contains("transfer-encoding"));
        assert!(fault("HTTP/1.1 101 Go\r\n\r\n").contains("another protocol"));
        for version in ["HTTP/1.2", "HTTP/1.", "HTTP/1.11"] {
            assert!(fault(&format!("{version} 200\r\n\r\n")).contains("not one of HTTP"), "{version}");
        }
    }

    #[test]
    fn what_is_not_http_is_refused_at_its_first_wrong_byte() {
        for (bytes, wrong) in [
            ("SSH-2.0-OpenSSH_9.9\r\n", 0),
            ("\x15\x03\x03\0\x02\x02\x46", 0),
            ("<html>\n", 0),
            ("\r\nHTTP/1.1 200 OK\r\n\r\n", 0),
            ("\n", 0),
            ("http/1.1 200 OK\r\n\r\n", 0),
            ("HTTPS", 4),
            ("HTTP 1.1 200 OK", 4),
            ("HTTP/2 200\r\n\r\n", 5),
            ("HTTP/1\r\n\r\n", 6),
            ("HTTP/1.1 100 Continue\r\n\r\nSSH-2.0\r\n", 25),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/3", 30),
        ] {
            let (right, rest) = bytes.as_bytes().split_at(wrong);
            // Every slicing in two, and byte by byte: nothing is wrong before that byte, which is not waited behind.
            for cut in 0..=wrong {
                let mut reader = ReplyReader::new(&Method::POST);
                assert!(matches!(reader.feed(&right[..cut]), Ok(Progress::More)), "{bytes:?} {cut}");
                assert!(matches!(reader.feed(&right[cut..]), Ok(Progress::More)), "{bytes:?} {cut}");
                let found = described(&reader.feed(&rest[..1]).expect_err(bytes));
                assert_eq!(found.0, TransportKind::Protocol, "{bytes:?}");
                assert!(found.1.contains("does not speak"), "{bytes:?}: {}", found.1);
            }
            assert!(fault(bytes).contains("does not speak"), "{bytes:?}");
        }
    }

    #[test]
    fn chunks_that_are_refused() {
        let body =
            |body: &str| fault(&format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}"));
        for size in ["", "+3", "-3", "0x3", " 3", "3 ", "g", ";x", "\n"] {
            assert!(body(&format!("{size}\r\nabc\r\n0\r\n\r\n")).contains("chunk is malformed"), "{size:?}");
        }
        assert!(body("3\nabc\r\n0\r\n\r\n").contains("chunk"));
        assert!(body("3\r\nabcd\r\n0\r\n\r\n").contains("chunk"));
        assert!(body(&format!("3;{}\r\nabc", "x".repeat(300))).contains("chunk"));
        assert!(body("0\r\n\r\nx").contains("after the end"));
        assert!(body("0\r\nA: b\nC: d\r\n\r\n").contains("bare"));
        assert!(body("0\r\nA: b\r\n c\r\n\r\n").contains("folded"));
    }

    #[test]
    fn limits() {
        let large = format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(70_000));
        assert_eq!(outcome(large.as_bytes(), 1000).unwrap_err().0, TransportKind::TooLarge);
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(101));
        assert_eq!(outcome(many.as_bytes(), 1000).unwrap_err().0, TransportKind::TooLarge);
        let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(3000);
        assert_eq!(outcome(interim.as_bytes(), 1000).unwrap_err().0, TransportKind::TooLarge);
        for head in ["Content-Length: 1048577", "Content-Length: 99999999999999999999999999"] {
            let reply = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n");
            assert_eq!(outcome(reply.as_bytes(), 1000).unwrap_err().0, TransportKind::TooLarge);
        }
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        for body in ["ffffffffffffffffffffffff\r\n", "100001\r\n"] {
            assert_eq!(
                outcome(format!("{chunked}{body}").as_bytes(), 7).unwrap_err().0,
                TransportKind::TooLarge
            );
        }
        let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat((1 << 20) + 1));
        assert_eq!(outcome(endless.as_bytes(), 5000).unwrap_err().0, TransportKind::TooLarge);
        // 15 bytes with its line ends, and then 255.
        for chunk in ["1;name=value\r\nx\r\n".to_owned(), format!("1;{}\r\nx\r\n", "x".repeat(249))] {
            let framing = chunk.len() - 1;
            let fits = MAX_CHUNK_FRAMING_BYTES / framing;
            let reply = |chunks: usize| format!("{chunked}{}", chunk.repeat(chunks));
            let mut reader = ReplyReader::new(&Method::POST);
            assert!(matches!(reader.feed(reply(fits).as_bytes()), Ok(Progress::More)));
            let error = described(&reader.feed(chunk.as_bytes()).unwrap_err());
            assert_eq!(error.0, TransportKind::TooLarge);
            assert!(error.1.contains("chunks take more than"), "{}", error.1);
        }
        // Nobody's replies come in such chunks, and still one of 200 KiB would pass.
        let small = format!("{chunked}{}0\r\n\r\n", "1\r\nx\r\n".repeat(200 << 10));
        assert_eq!(outcome(small.as_bytes(), 5000).unwrap().1.len(), 200 << 10);
        let trailers = format!("{chunked}0\r\n{}", "A: b\r\n".repeat(20_000));
        assert_eq!(outcome(trailers.as_bytes(), 5000).unwrap_err().0, TransportKind::TooLarge);
    }

    #[test]
    fn every_cut_says_how_much_had_come() {
        let reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n";
        for end in 0..reply.len() {
            let (kind, cause) = read(&reply.as_bytes()[..end]).unwrap_err();
            assert_eq!(kind, TransportKind::Closed, "{end}");
            assert!(cause.contains("closed after"), "{cause}");
        }
    }

    #[test]
    fn a_reply_to_connect_ends_with_its_head() {
        let feed = |reply: &[u8]| ReplyReader::new(&Method::CONNECT).feed(reply);
        for reply in [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert!(matches!(feed(reply.as_bytes()), Ok(Progress::Done(done)) if done.keep_alive));
        }
        // A host that speaks before it is spoken to is not one of HTTP or TLS.
        assert!(feed(b"HTTP/1.1 200 OK\r\n\r\nabc").is_err());
        let refusal = feed(b"HTTP/1.1 407 No\r\nContent-Length: 30\r\n\r\nabc").unwrap();
        assert!(matches!(refusal, Progress::Done(done) if done.response.status() == 407 && !done.keep_alive));
    }

    #[test]
    fn a_reply_to_head_has_no_body() {
        let mut reader = ReplyReader::new(&Method::HEAD);
        let progress = reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n").unwrap();
        assert!(matches!(progress, Progress::Done(done) if done.response.body().is_empty()));
    }
}
