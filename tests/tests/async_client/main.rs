//! The async client over real sockets of both runtimes, against the local STS that verifies signatures.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use sts_async::endpoint::EndpointOptions;
use sts_async::http::{Request, Response};
use sts_async::operation::*;
use sts_async::{
    Answer as Outcome, Body, Client, ClientBuilder, Credentials, Error, ErrorCode, ErrorKind, HttpTransport,
    MAX_IDLE_PER_HOST, Presign, RetryPolicy, RetryReason, Timeouts, Transport, TransportKind,
};
use sts_tests::server::{Answer, Limits, Server};

use support::{Halting, Runtime, on_both, polled};

mod calls;
mod connections;
mod futures;
#[path = "../support/runtime.rs"]
mod support;

const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

/// An assertion with what a role needs, base64 encoded: the server reads it and does not verify its signature.
const SAML: &str = "PFJlc3BvbnNlPjxOYW1lSUQ+Ym9iPC9OYW1lSUQ+PC9SZXNwb25zZT4=";

fn server() -> Server {
    Server::start().expect("a port on loopback")
}

fn user(server: &Server) -> Credentials {
    Credentials::new(server.user().access_key_id(), server.user().secret_access_key()).unwrap()
}

fn builder<R: Runtime>(server: &Server) -> ClientBuilder<HttpTransport<R>> {
    Client::builder().region("us-east-1").endpoint_url(server.url()).credentials(user(server))
}

fn client<R: Runtime>(server: &Server) -> Client<HttpTransport<R>> {
    builder(server).build().unwrap()
}

fn anybody() -> Credentials {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", "s").unwrap()
}
