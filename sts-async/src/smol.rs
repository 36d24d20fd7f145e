//! Sockets and timers of smol, by async-net and async-io. Feature `smol`.
//!
//! They work under any executor, `futures_lite::future::block_on` included. What they bring: one thread for the reactor,
//! which starts with the first socket or timer, and threads that resolve host names and end when they have been idle for
//! a while. Addresses, such as `127.0.0.1`, are not resolved.
//!
//! ```no_run
//! use sts_async::operation::GetCallerIdentity;
//! use sts_async::smol::Client;
//!
//! let client = Client::builder().region("eu-west-1").credentials_from_env().build()?;
//! let identity = futures_lite::future::block_on(client.send(GetCallerIdentity::new()))?;
//! println!("I am {}", identity.arn);
//! # Ok::<(), sts_async::Error>(())
//! ```

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_io::{Async, Timer};
use async_net::TcpStream;

use crate::connector::Connector;
use crate::http_transport::HttpTransport;

/// A client over these sockets.
pub type Client = crate::Client<HttpTransport<SmolConnector>>;

/// Connects by async-net and waits by async-io.
#[derive(Clone, Copy, Debug, Default)]
pub struct SmolConnector;

impl Connector for SmolConnector {
    type Stream = TcpStream;

    async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let stream = TcpStream::connect((host, port)).await?;
        // A request is written at once, and nothing comes after it.
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn has_unsolicited_data(&self, stream: &TcpStream) -> bool {
        let socket = Arc::<Async<std::net::TcpStream>>::from(stream.clone());
        let peeked = socket.get_ref().peek(&mut [0]);
        peeked.err().is_none_or(|error| error.kind() != io::ErrorKind::WouldBlock)
    }

    async fn sleep(&self, time: Duration) {
        Timer::after(time).await;
    }
}
