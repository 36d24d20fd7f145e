//! One request and its reply on a connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_lite::{AsyncRead, AsyncWrite, AsyncWriteExt, future, ready};
use sts_proto::http::{Method, Response};
use sts_proto::http1::{Finished, Progress, ReplyReader};
use sts_proto::proxy::Proxy;
use sts_proto::{Body, Error, TransportKind};

use super::tls;

/// Most replies of STS fit in.
const READ_BYTES: usize = 4 << 10;

/// A reply, and the connection if it can be used again.
pub(super) struct Done<S> {
    pub(super) response: Response<Body>,
    pub(super) reusable: Option<S>,
}

/// A connection that failed.
pub(super) struct Broken {
    pub(super) error: Error,
    /// How many bytes of a reply had come.
    pub(super) received: usize,
}

impl Broken {
    /// Whether a connection that had been kept was closed by the server before it saw the request.
    pub(super) fn is_stale(&self) -> bool {
        self.received == 0 && self.error.transport_kind() == Some(TransportKind::Closed)
    }

    fn of_io(error: io::Error, received: usize) -> Self {
        let kind = if tls::is_of_tls(&error) { TransportKind::Tls } else { TransportKind::of_io(&error) };
        Self { error: Error::transport(kind, error), received }
    }

    /// The error, saying how far things went. What failed on the way through a proxy may be the proxy's doing.
    pub(super) fn into_error(self, proxy: Option<&Proxy>) -> Error {
        let Self { error, received } = self;
        let is_closed = error.transport_kind() == Some(TransportKind::Closed);
        match (is_closed, proxy) {
            (true, None) => error.because(format!("after {received} bytes of it")),
            (true, Some(proxy)) => {
                error.because(format!("after {received} bytes of it, through the proxy {proxy}"))
            }
            (false, Some(proxy)) => error.because(format!("it went through the proxy {proxy}")),
            (false, None) => error,
        }
    }
}

/// What a reply passes through on its way, secrets and all.
struct ReadBuffer([u8; READ_BYTES]);

impl Drop for ReadBuffer {
    fn drop(&mut self) {
        // Not byte after byte, as zeroize does it, and seen by somebody as far as the compiler can tell.
        self.0.fill(0);
        zeroize::optimization_barrier(&self.0);
    }
}

/// The connection goes in and comes out only behind a whole reply: whoever drops the future closes it.
pub(super) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    method: &Method,
    request: &Body,
) -> Result<Done<S>, Broken> {
    let written = match stream.write_all(request.as_ref()).await {
        Ok(()) => stream.flush().await,
        Err(error) => Err(error),
    };
    written.map_err(|error| Broken::of_io(error, 0))?;
    let mut reader = ReplyReader::new(method);
    let finished = future::poll_fn(|context| poll_reply(&mut stream, &mut reader, context)).await?;
    let Finished { response, keep_alive, .. } = match finished {
        Some(finished) => finished,
        None => {
            let received = reader.received();
            reader.end().map_err(|error| Broken { error, received })?
        }
    };
    Ok(Done { response, reusable: keep_alive.then_some(stream) })
}

/// Reads what there is of the reply; `None` at the end of the connection.
///
/// The buffer is on the stack, so that a call that waits for its reply takes no memory for it.
fn poll_reply<S: AsyncRead + Unpin>(
    stream: &mut S,
    reader: &mut ReplyReader,
    context: &mut Context<'_>,
) -> Poll<Result<Option<Finished>, Broken>> {
    let mut buffer = ReadBuffer([0; READ_BYTES]);
    loop {
        let received = reader.received();
        let read = match ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer.0)) {
            Ok(0) => return Poll::Ready(Ok(None)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Poll::Ready(Err(Broken::of_io(error, received))),
        };
        match reader.feed(buffer.0.get(..read).unwrap_or_default()) {
            Ok(Progress::More) => {}
            Ok(Progress::Done(finished)) => return Poll::Ready(Ok(Some(finished))),
            Err(error) => return Poll::Ready(Err(Broken { error, received })),
        }
    }
}
