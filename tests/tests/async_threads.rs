//! Whose threads there are: none of ours. A test of its own, because a process has one list of threads.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_lite::future;
use sts_async::operation::GetCallerIdentity;
use sts_async::{AsyncRead, AsyncWrite, Client, Connector, Credentials, HttpTransport};
use sts_tests::server::Server;

/// The threads of this process but the local server's, by name.
fn threads() -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        // A thread may end while they are listed.
        let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        if !name.is_empty() && !name.starts_with("sts-") {
            *names.entry(name.trim().to_owned()).or_default() += 1;
        }
    }
    names
}

async fn calls<C: Connector>(connector: C, server: &Server) {
    let user = server.user();
    let credentials = Credentials::new(user.access_key_id(), user.secret_access_key()).unwrap();
    let client: Client<HttpTransport<C>> = Client::with_connector(connector)
        .region("us-east-1")
        .endpoint_url(server.url())
        .credentials(credentials)
        .build()
        .unwrap();
    for _ in 0..5 {
        client.send(GetCallerIdentity::new()).await.unwrap();
    }
}

#[test]
fn no_thread_is_ours() {
    let server = Server::start().unwrap();
    // A thread bears its parent's name until it has begun, as the server's have once it answers.
    future::block_on(calls(Eager, &server));
    let before = threads();

    // A caller's connector.
    future::block_on(calls(Eager, &server));
    assert_eq!(threads(), before);

    // Tokio, in one thread, with an address that needs no resolution.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(calls(sts_async::tokio::TokioConnector, &server));
    assert_eq!(threads(), before);

    // smol: the reactor, and no more.
    future::block_on(calls(sts_async::smol::SmolConnector, &server));
    let mut with_reactor = before;
    with_reactor.insert("async-io".to_owned(), 1);
    assert_eq!(threads(), with_reactor);
}

/// Sockets without a reactor: asks again and again.
struct Eager;

struct EagerStream(TcpStream);

impl Connector for Eager {
    type Stream = EagerStream;

    async fn connect(&self, host: &str, port: u16) -> io::Result<EagerStream> {
        let address = (host, port).to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let stream = TcpStream::connect(address)?;
        stream.set_nonblocking(true)?;
        Ok(EagerStream(stream))
    }

    async fn sleep(&self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            future::yield_now().await;
        }
    }
}

fn asked<T>(context: &Context<'_>, result: io::Result<T>) -> Poll<io::Result<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
        result => Poll::Ready(result),
    }
}

impl AsyncRead for EagerStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        asked(context, self.0.read(buffer))
    }
}

impl AsyncWrite for EagerStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        asked(context, self.0.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
