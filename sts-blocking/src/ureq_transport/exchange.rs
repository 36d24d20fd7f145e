//! Replies are read by the core's reader, the one that `sts-async` reads them by.
//!
//! ureq's own reader takes more: signs before the size of a chunk, bare line feeds, bytes after the end. Beneath ureq every
//! byte of a reply passes through here. ureq gets a reply of the same status without a body instead, by which it keeps the
//! connection or closes it; the reply itself goes past ureq.

use std::cell::Cell;

use sts_proto::Body;
use sts_proto::http::{Method, Response};
use sts_proto::http1::{Finished, Progress, ReplyReader};
use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::failure::Ours;
use super::running::Running;
use super::whole::Whole;

thread_local! {
    /// The reply to the request of this thread, from when it was read until it is taken. ureq works on the thread that called
    /// it.
    static REPLY: Cell<Option<Response<Body>>> = const { Cell::new(None) };
}

/// Takes the reply that this thread read last. Whether the call succeeded or not: nothing of it stays behind.
pub(super) fn take_reply() -> Option<Response<Body>> {
    REPLY.take()
}

/// Makes connections of the kind, of connections that may be over TLS.
#[derive(Debug)]
pub(super) struct Exchanges;

impl<In: Transport> Connector<In> for Exchanges {
    type Out = Exchange<Whole<In>>;

    fn connect(&self, _: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|inner| Exchange { inner: Whole::new(inner), reader: None }))
    }
}

/// A connection to a server of HTTP.
#[derive(Debug)]
pub(super) struct Exchange<T> {
    inner: T,
    /// Reads the reply to the request that was sent last, until it is complete.
    reader: Option<ReplyReader>,
}

impl<T: Transport> Transport for Exchange<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.reader.is_none() {
            // The first piece of a request begins with its method.
            let output = self.inner.buffers().output();
            let method = output.split(|byte| *byte == b' ').next().unwrap_or_default();
            self.reader = Some(ReplyReader::new(&Method::from_bytes(method).unwrap_or_default()));
        }
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let running = Running::new(timeout);
        let Some(mut reader) = self.reader.take() else {
            return Ok(false);
        };
        let finished = loop {
            let room = self.inner.buffers().input_append_buf().len();
            let has_come = match running.left().and_then(|left| self.inner.await_input(left)) {
                Ok(has_come) => has_come,
                Err(error) => {
                    // ureq may come again: after a wait for an interim reply, it sends the body.
                    self.reader = Some(reader);
                    return Err(error);
                }
            };
            if !has_come {
                break reader.end().map_err(Ours::Reply)?;
            }
            let input = self.inner.buffers().input();
            let (amount, progress) = (input.len(), reader.feed(input));
            self.inner.buffers().input_consume(amount);
            if let Progress::Done(mut finished) = progress.map_err(Ours::Reply)? {
                // TLS may keep a further record that it has read and that had no room here: bytes that nobody asked for, and that no
                // look at the socket finds.
                finished.keep_alive &= amount < room;
                break finished;
            }
        };
        self.finish(finished);
        Ok(true)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

impl<T: Transport> Exchange<T> {
    /// Hands the reply over, and tells ureq what it has to know.
    fn finish(&mut self, Finished { response, keep_alive, .. }: Finished) {
        let connection = if keep_alive { "" } else { "connection: close\r\n" };
        let status = response.status().as_u16();
        let told = format!("HTTP/1.1 {status} \r\n{connection}content-length: 0\r\n\r\n");
        REPLY.set(Some(response));
        let buffers = self.inner.buffers();
        if let Some(room) = buffers.input_append_buf().get_mut(..told.len()) {
            room.copy_from_slice(told.as_bytes());
            buffers.input_appended(told.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::time::Duration;

    use sts_proto::TransportKind;
    use ureq::Timeout;
    use ureq::unversioned::transport::LazyBuffers;

    use super::super::running::within;
    use super::*;

    /// A connection on which these pieces arrive; `None` is a time that passes.
    #[derive(Debug)]
    struct Script {
        buffers: LazyBuffers,
        pieces: VecDeque<Option<Vec<u8>>>,
    }

    impl Transport for Script {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.buffers
        }

        fn transmit_output(&mut self, _: usize, _: NextTimeout) -> Result<(), Error> {
            Ok(())
        }

        fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
            let Some(piece) = self.pieces.pop_front() else { return Ok(false) };
            let piece = piece.ok_or(Error::Timeout(Timeout::Await100))?;
            self.buffers.input_append_buf()[..piece.len()].copy_from_slice(&piece);
            self.buffers.input_appended(piece.len());
            Ok(true)
        }

        fn is_open(&mut self) -> bool {
            true
        }
    }

    fn exchange(request: &str, pieces: &[&str]) -> Exchange<Script> {
        let pieces = pieces.iter().map(|piece| Some(piece.as_bytes().to_vec())).collect();
        let mut exchange =
            Exchange { inner: Script { buffers: LazyBuffers::new(1000, 1000), pieces }, reader: None };
        send(&mut exchange, request);
        exchange
    }

    fn send(exchange: &mut Exchange<Script>, request: &str) {
        exchange.buffers().output()[..request.len()].copy_from_slice(request.as_bytes());
        exchange.transmit_output(request.len(), NextTimeout::default()).unwrap();
    }

    /// What ureq reads.
    fn told(exchange: &mut Exchange<Script>) -> String {
        assert!(exchange.await_input(NextTimeout::default()).unwrap());
        let told = String::from_utf8(exchange.buffers().input().to_vec()).unwrap();
        exchange.buffers().input_consume(told.len());
        told
    }

    fn refusal(reply: &[&str]) -> TransportKind {
        let error =
            exchange("POST / HTTP/1.1\r\n\r\n", reply).await_input(NextTimeout::default()).unwrap_err();
        let Error::Other(error) = error else { panic!("{error:?}") };
        let Ours::Reply(error) = *error.downcast().unwrap() else { panic!("of a tunnel") };
        assert!(take_reply().is_none());
        error.transport_kind().unwrap()
    }

    #[test]
    fn reply_goes_past_ureq() {
        let mut exchange = exchange(
            "POST / HTTP/1.1\r\n\r\n",
            &["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\nA: b\r\nContent-", "Length: 3\r\n\r\na", "bc"],
        );
        assert_eq!(told(&mut exchange), "HTTP/1.1 403 \r\ncontent-length: 0\r\n\r\n");
        let reply = take_reply().unwrap();
        assert_eq!((reply.status().as_u16(), reply.headers()["a"].as_bytes()), (403, &b"b"[..]));
        assert_eq!(reply.body().as_ref(), b"abc");
        assert!(take_reply().is_none());

        // The next request on the same connection, whose reply ends with it.
        exchange.inner.pieces = [Some(b"HTTP/1.1 200 OK\r\n\r\nabc".to_vec())].into();
        send(&mut exchange, "GET / HTTP/1.1\r\n\r\n");
        assert_eq!(told(&mut exchange), "HTTP/1.1 200 \r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(take_reply().unwrap().body().as_ref(), b"abc");
    }

    #[test]
    fn reply_is_read_by_the_method_of_its_request() {
        let reply = ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"];
        told(&mut exchange("HEAD / HTTP/1.1\r\n\r\n", &reply));
        assert!(take_reply().unwrap().body().is_empty());
        assert_eq!(refusal(&reply), TransportKind::Closed);
    }

    #[test]
    fn reply_that_the_core_refuses_is_an_error() {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(refusal(&[chunked, "+3\r\nabc\r\n0\r\n\r\n"]), TransportKind::Protocol);
        assert_eq!(refusal(&[chunked, "3\r\nabc\r\n0\r\n\r\nx"]), TransportKind::Protocol);
        assert_eq!(refusal(&["HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n"]), TransportKind::TooLarge);
        assert_eq!(refusal(&[]), TransportKind::Closed);
    }

    #[test]
    fn wait_that_ends_loses_no_byte() {
        let mut exchange = exchange("POST / HTTP/1.1\r\n\r\n", &["HTTP/1.1 200 OK\r\nContent-"]);
        exchange.inner.pieces.push_back(None);
        let over = within(NextTimeout::default(), Some(Duration::ZERO));
        for timeout in [over, NextTimeout::default(), over] {
            let outcome = exchange.await_input(timeout);
            assert!(matches!(outcome, Err(Error::Timeout(_))), "{outcome:?}");
        }
        exchange.inner.pieces.push_back(Some(b"Length: 1\r\n\r\na".to_vec()));
        send(&mut exchange, "a");
        told(&mut exchange);
        assert_eq!(take_reply().unwrap().body().as_ref(), b"a");
    }
}
