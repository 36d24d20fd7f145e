//! Bytes in, bytes out: a call over a plain `TcpStream`, by nothing but the core. Whatever reads and writes takes its
//! place: a vsock, a pipe, a ring of buffers.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http1::{self, Progress, ReplyReader};
use sts_proto::operation::AssumeRole;
use sts_proto::step::{Answer, Resume, Step, Transmit};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Credentials, Encoder, Error, RetryPolicy, TransportKind};
use sts_tests::server::{Answer as Served, Server};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start()?;
    let user = server.user();
    // The first attempt fails, and the second one does not.
    server.answer_next(Served::reply(503, &[], "busy"));

    let endpoint = EndpointOptions::new().region("us-east-1").url(server.url()).resolve()?;
    let caller = Arc::new(Caller::new(Encoder::new(endpoint), RetryPolicy::default()));
    let key = Arc::new(Credentials::new(user.access_key_id(), user.secret_access_key())?);
    let role = AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "raw-stream");
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };

    let address = server.url().trim_start_matches("http://").parse()?;
    let mut step = Call::new(caller, role, Some(key), deadlines, 7).start(OffsetDateTime::now_utc());
    let reply = loop {
        step = match step {
            Step::Send(transmit, then) => {
                let answer = exchange(&address, &transmit);
                then.resume(OffsetDateTime::now_utc(), answer)
            }
            Step::Wait(wait, then) => {
                thread::sleep(wait);
                then.resume(OffsetDateTime::now_utc(), ())
            }
            Step::Done(outcome) => break outcome?,
        };
    };
    println!("{}, after {} attempts", reply.assumed_role_user.arn, reply.metadata.attempts);
    Ok(())
}

/// One request and its reply, on a connection of its own.
fn exchange(address: &SocketAddr, transmit: &Transmit) -> Answer {
    let bytes = http1::request(&transmit.request)?;
    let until = Instant::now() + transmit.timeout;
    let mut stream = TcpStream::connect_timeout(address, transmit.timeout).map_err(failure)?;
    stream.set_write_timeout(Some(transmit.timeout)).map_err(failure)?;
    stream.write_all(bytes.as_ref()).map_err(failure)?;
    let mut reader = ReplyReader::new(transmit.request.method());
    let mut buffer = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1)))).map_err(failure)?;
        let count = stream.read(&mut buffer).map_err(failure)?;
        if count == 0 {
            return Ok(reader.end()?.response);
        }
        if let Progress::Done(finished) = reader.feed(&buffer[..count])? {
            return Ok(finished.response);
        }
        if left.is_zero() {
            return Err(failure(ErrorKind::TimedOut.into()));
        }
    }
}

fn failure(error: io::Error) -> Error {
    Error::transport(TransportKind::of_io(&error), error)
}
