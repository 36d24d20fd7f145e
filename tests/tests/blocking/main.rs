//! The blocking client over real sockets, against the local STS that verifies signatures.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use sts_blocking::endpoint::EndpointOptions;
use sts_blocking::http::header::{HeaderName, HeaderValue};
use sts_blocking::operation::*;
use sts_blocking::{
    Client, ClientBuilder, Credentials, Error, ErrorCode, ErrorKind, Presign, RetryPolicy, RetryReason,
    Timeouts, Transport, TransportKind, UreqTransport, Validation,
};
use sts_tests::server::{Answer, Server};

mod calls;
mod connections;
mod scoped;
mod settings;

const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

/// An assertion with what a role needs, base64 encoded: the server reads it and does not verify its signature.
const SAML: &str = "PFJlc3BvbnNlPjxOYW1lSUQ+Ym9iPC9OYW1lSUQ+PC9SZXNwb25zZT4=";

fn server() -> Server {
    Server::start().expect("a port on loopback")
}

fn user(server: &Server) -> Credentials {
    Credentials::new(server.user().access_key_id(), server.user().secret_access_key())
        .expect("well-formed credentials")
}

fn builder(server: &Server) -> ClientBuilder {
    Client::builder().region("us-east-1").endpoint_url(server.url()).credentials(user(server))
}

fn client(server: &Server) -> Client {
    builder(server).build().expect("complete settings")
}
