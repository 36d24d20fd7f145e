//! Replies that a test puts in the place of the server's own, and the log of what was asked.

use std::collections::VecDeque;
use std::time::Duration;

use super::request::Request;

/// Requests that the log holds; the oldest is forgotten first.
pub(super) const LOG_LIMIT: usize = 1000;
/// Bytes of targets, headers and bodies that the log holds.
pub(super) const LOG_BYTES_LIMIT: usize = 32 * 1024 * 1024;

/// What to do with a request instead of answering it as STS would.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// A reply with exactly these headers; a `Content-Length` is added unless they hold one. The connection lasts
    /// unless a `Connection: close` is among them.
    Reply {
        /// The status code.
        status: u16,
        /// The headers, as they shall be spelled.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// These bytes, whatever they are, and then the end of the connection.
    Raw(Vec<u8>),
    /// The end of the connection, without a byte.
    Close,
    /// Another answer, this much later.
    Late {
        /// How long the client waits for it.
        after: Duration,
        /// What it then gets.
        answer: Box<Self>,
    },
}

impl Answer {
    /// A reply with exactly these headers; a `Content-Length` is added unless they hold one.
    #[must_use]
    pub fn reply(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::Reply { status, headers, body: body.as_ref().to_vec() }
    }

    /// These bytes, whatever they are, and then the end of the connection.
    #[must_use]
    pub fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self::Raw(bytes.as_ref().to_vec())
    }

    /// The same answer, this much later.
    #[must_use]
    pub fn late(self, after: Duration) -> Self {
        Self::Late { after, answer: Box::new(self) }
    }
}

/// The last requests, bounded in number and in bytes.
#[derive(Debug, Default)]
pub(super) struct Log {
    requests: VecDeque<Request>,
    bytes: usize,
}

impl Log {
    pub(super) fn push(&mut self, request: Request) {
        self.bytes += size(&request);
        self.requests.push_back(request);
        while self.requests.len() > LOG_LIMIT || self.bytes > LOG_BYTES_LIMIT {
            let Some(oldest) = self.requests.pop_front() else { break };
            self.bytes -= size(&oldest);
        }
    }

    pub(super) fn to_vec(&self) -> Vec<Request> {
        self.requests.iter().cloned().collect()
    }
}

fn size(request: &Request) -> usize {
    let headers: usize = request.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    // The target stands in `path` and `query` once more.
    2 * request.target.len() + headers + request.body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: usize) -> Request {
        Request {
            method: "POST".to_owned(),
            target: "/".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            headers: vec![],
            body: vec![0; body],
            connection: 1,
        }
    }

    #[test]
    fn the_log_is_bounded() {
        let mut log = Log::default();
        (0..=LOG_LIMIT).for_each(|n| log.push(request(n)));
        assert_eq!((log.to_vec().len(), log.to_vec()[0].body.len()), (LOG_LIMIT, 1));
        (0..40).for_each(|_| log.push(request(1024 * 1024)));
        assert_eq!(log.to_vec().len(), 31);
    }
}
