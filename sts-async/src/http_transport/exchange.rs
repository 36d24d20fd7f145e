//! One request and its reply on a connection.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_lite::{AsyncRead, AsyncWrite, AsyncWriteExt, future, ready};
use sts_proto::http::{Method, Response, Uri};
use sts_proto::http1::{Finished, Progress, ReplyReader, TunnelProgress, TunnelReader};
use sts_proto::proxy::Proxy;
use sts_proto::{Body, Error, TransportKind};

use super::stream::Stream;
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

/// Sends a request and reads its reply. The connection comes back only after a whole reply: a dropped future closes it.
pub(super) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: Stream<S>,
    method: &Method,
    request: &Body,
) -> Result<Done<Stream<S>>, Broken> {
    let mut reader = ReplyReader::new(method);
    let outcome = send(&mut stream, request, |bytes| match reader.feed(bytes)? {
        Progress::More => Ok(None),
        Progress::Done(finished) => Ok(Some(finished)),
    });
    let outcome = outcome.await;
    let received = reader.received();
    let Finished { response, keep_alive, .. } = match outcome {
        Ok(Some(finished)) => finished,
        Ok(None) => reader.end().map_err(|error| Broken { error, received })?,
        Err(Failure::Io(error)) => return Err(Broken::of_io(error, received)),
        Err(Failure::Reply(error)) => return Err(Broken { error, received }),
    };
    Ok(Done { response, reusable: keep_alive.then_some(stream) })
}

/// Asks a proxy for a tunnel to the host of a URL.
pub(super) async fn request_tunnel<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: Stream<S>,
    proxy: &Proxy,
    url: &Uri,
    request: &Body,
) -> Result<Stream<S>, Error> {
    let mut reader = TunnelReader::new(proxy, url);
    let outcome = send(&mut stream, request, |bytes| match reader.feed(bytes)? {
        TunnelProgress::More => Ok(None),
        TunnelProgress::Granted => Ok(Some(())),
    });
    match outcome.await {
        Ok(Some(())) => Ok(stream),
        Ok(None) => Err(reader.end()),
        Err(Failure::Reply(error)) => Err(error),
        Err(Failure::Io(error)) => {
            let broken = Broken::of_io(error, 0);
            Err(if broken.is_stale() { reader.end() } else { broken.into_error(Some(proxy)) })
        }
    }
}

enum Failure {
    Io(io::Error),
    /// The reply is not one that can be used.
    Reply(Error),
}

/// Writes a request and gives what comes back to `feed` until that has a result; `None` at the end of the connection.
async fn send<S: AsyncRead + AsyncWrite + Unpin, T>(
    stream: &mut Stream<S>,
    request: &Body,
    mut feed: impl FnMut(&[u8]) -> Result<Option<T>, Error>,
) -> Result<Option<T>, Failure> {
    stream.expect_reply();
    let turns = stream.turns();
    let mut exchange = pin!(async {
        stream.write_all(request.as_ref()).await.map_err(Failure::Io)?;
        stream.flush().await.map_err(Failure::Io)?;
        future::poll_fn(|context| poll_reply(stream, &mut feed, context)).await
    });
    future::poll_fn(|context| turns.poll_with(exchange.as_mut(), context)).await
}

/// Reads what there is of the reply.
///
/// The buffer is on the stack, so that a call that waits for its reply takes no memory for it.
fn poll_reply<S: AsyncRead + AsyncWrite + Unpin, T>(
    stream: &mut Stream<S>,
    feed: &mut impl FnMut(&[u8]) -> Result<Option<T>, Error>,
    context: &mut Context<'_>,
) -> Poll<Result<Option<T>, Failure>> {
    let mut buffer = ReadBuffer([0; READ_BYTES]);
    loop {
        let read = match ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer.0)) {
            Ok(0) => return Poll::Ready(Ok(None)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Poll::Ready(Err(Failure::Io(error))),
        };
        match feed(buffer.0.get(..read).unwrap_or_default()) {
            Ok(None) => {}
            Ok(found) => return Poll::Ready(Ok(found)),
            Err(error) => return Poll::Ready(Err(Failure::Reply(error))),
        }
    }
}
