//! AWS STS on any async executor.
//!
//! ```no_run
//! # #[cfg(feature = "tokio")]
//! # async fn example() -> Result<(), sts_async::Error> {
//! use sts_async::operation::{AssumeRole, GetCallerIdentity};
//! use sts_async::tokio::Client; // or `sts_async::smol::Client`
//!
//! let client = Client::builder().region("eu-west-1").credentials_from_env().build()?;
//! let role = client.send(AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "build-42")).await?;
//!
//! let client = client.with_credentials(role.credentials.clone());
//! println!("I am {}", client.send(GetCallerIdentity::new()).await?.arn);
//! # Ok(())
//! # }
//! ```
//!
//! Everything but the IO is [`sts_proto`]'s: operations, errors, signing, endpoints. This crate moves the bytes, at one of
//! three levels:
//!
//! - [`tokio`] or [`smol`]: sockets and timers of that runtime. Neither is on by default, and both can be on at once.
//! - A [`Connector`] of yours: streams with the traits of futures-io, and a timer. [`HttpTransport`] speaks HTTP/1.1, TLS
//!   and proxies over them.
//! - A [`Transport`] of yours: another HTTP client, or a test double.
//!
//! No thread is started here and no global is kept: what runs besides is the runtime's. A future can be dropped at any
//! point; that closes the connection that it used and leaves the client as it was. Whether futures are `Send` is decided
//! by the transport or connector: those of the two runtimes are.
//!
//! # Limits
//! Every call has a deadline. The defaults:
//!
//! ```
//! use std::time::Duration;
//! use sts_async::Timeouts;
//!
//! let timeouts = Timeouts::default();
//! assert_eq!(timeouts.connect, Duration::from_secs(5));
//! assert_eq!(timeouts.attempt, Duration::from_secs(15));
//! assert_eq!(timeouts.total, Duration::from_secs(60));
//! ```
//!
//! A deadline is looked at before the work, and the work yields to the executor after a few reads: a peer that sends as fast as
//! it is read outlasts no deadline, and keeps no other task of the thread from running.
//!
//! Replies are bounded by [`sts_proto::reply::MAX_REPLY_BYTES`], their heads by [`sts_proto::http1::MAX_HEAD_BYTES`], and what
//! is around their chunks by [`sts_proto::http1::MAX_CHUNK_FRAMING_BYTES`]. With TLS and its handshake, eight times the largest
//! reply is read for one.
//!
//! # Features
//! - `rustls` (default): TLS by rustls on ring, with Mozilla's roots.
//! - `tokio`: sockets and timers of tokio.
//! - `smol`: sockets and timers of smol, which work under any executor.
//! - `json`: a typed view of decoded authorization messages.
//! - `token`: what people build on STS, such as EKS tokens and console URLs.
//! - `sources` (default): `Client::from_env`, with the sources of credentials whose answers are JSON: containers, instance
//!   metadata, credential_process, SSO.
//! - `login`: the cache of `aws login`, too.
//! - `aws-credential-types`: a [`Provider`] signs for clients of the AWS SDK for Rust.
//! - `object_store`: a [`Provider`] signs for the crate object_store.

#![forbid(unsafe_code)]
// Of clocks only, see clippy.toml. In tests a panic is a failed test.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub use builder::ClientBuilder;
pub use client::{Call, Client};
pub use connector::Connector;
pub use environment::config_from_env;
#[cfg(feature = "rustls")]
pub use http_transport::{CaBundle, Roots};
pub use http_transport::{HttpOptions, HttpTransport, MAX_IDLE_AGE, MAX_IDLE_PER_HOST};
pub use provider::Provider;
pub use role_pool::RolePool;
pub use roles::{AssumeRoleProvider, WebIdentityProvider};
#[cfg(any(feature = "aws-credential-types", feature = "object_store"))]
pub use send_transport::{SendCredentials, SendTransport};
pub use sts_proto::settings::{Report as SettingsReport, Timeouts};
pub use sts_proto::step::{Answer, MfaPrompt};
#[cfg(feature = "token")]
pub use sts_proto::token;
pub use sts_proto::{
    Body, BoxError, Cause, Credentials, Encoder, Error, ErrorCode, ErrorKind, Hint, LoweredDuration,
    Metadata, Presign, Reply, Retry, RetryMode, RetryPolicy, RetryReason, Secret, ServiceError,
    TransportKind, UserAgent, Validation, arn, authorization, compatible, config, endpoint, http, key_id,
    observe, operation, pool, proxy, refresh, shape, sigv4, source, step, time, timestamp,
};
pub use transport::Transport;

/// The traits of a [`Connector`]'s streams.
pub use futures_lite::{AsyncRead, AsyncWrite};

#[cfg(feature = "aws-credential-types")]
pub mod aws_credential_types;
#[cfg(feature = "object_store")]
pub mod object_store;
#[cfg(feature = "smol")]
pub mod smol;
#[cfg(feature = "tokio")]
pub mod tokio;

mod builder;
mod client;
mod connector;
mod driver;
mod environment;
mod host;
mod http_transport;
mod log;
mod provider;
mod role_pool;
mod roles;
#[cfg(any(feature = "aws-credential-types", feature = "object_store"))]
mod send_transport;
mod signer;
mod terminal;
mod transport;
