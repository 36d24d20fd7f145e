//! AWS STS by blocking calls.
//!
//! ```no_run
//! use sts_blocking::Client;
//! use sts_blocking::operation::{AssumeRole, GetCallerIdentity};
//!
//! let client = Client::builder().region("eu-west-1").credentials_from_env().build()?;
//! let role = client.send(AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "build-42"))?;
//!
//! let client = client.with_credentials(role.credentials.clone());
//! println!("I am {}", client.send(GetCallerIdentity::new())?.arn);
//! # Ok::<(), sts_blocking::Error>(())
//! ```
//!
//! Everything but the IO is [`sts_proto`]'s: operations, errors, signing, endpoints. This crate moves the bytes: by
//! ureq, or by any [`Transport`] of yours.
//!
//! # Limits
//! Every call has a deadline. The defaults:
//!
//! ```
//! use std::time::Duration;
//! use sts_blocking::Timeouts;
//!
//! let timeouts = Timeouts::default();
//! assert_eq!(timeouts.connect, Duration::from_secs(5));
//! assert_eq!(timeouts.attempt, Duration::from_secs(15));
//! assert_eq!(timeouts.total, Duration::from_secs(60));
//! ```
//!
//! Replies are bounded by [`sts_proto::reply::MAX_REPLY_BYTES`].
//!
//! # Features
//! - `rustls` (default): TLS by rustls on ring, with Mozilla's roots.
//! - `native-tls`: TLS by the platform's library.
//! - `platform-verifier`: the platform's roots for rustls too, where `ClientBuilder::platform_roots` asks for them.
//! - `json`: a typed view of decoded authorization messages.
//! - `token`: what people build on STS, such as EKS tokens and console URLs.
//! - `sources` (default): `Client::from_env`, with the sources of credentials whose answers are JSON: containers, instance
//!   metadata, credential_process, SSO.
//! - `login`: the cache of `aws login`, too.
//! - `ureq`: the built-in transport without TLS; the first two bring it.
//! - `cli`: the program `sts`; see `docs/CLI.md`.

#![forbid(unsafe_code)]
// Of clocks only, see clippy.toml. In tests a panic is a failed test.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub use builder::ClientBuilder;
pub use client::{Call, Client};
pub use environment::config_from_env;
pub use host::file::read as read_file;
pub use provider::Provider;
pub use role_pool::RolePool;
pub use roles::{AssumeRoleProvider, WebIdentityProvider};
pub use sts_proto::settings::{Report as SettingsReport, Timeouts};
pub use sts_proto::step::MfaPrompt;
#[cfg(feature = "token")]
pub use sts_proto::token;
pub use sts_proto::{
    Body, Cause, Credentials, Encoder, Error, ErrorCode, ErrorKind, Hint, LoweredDuration, Metadata, Presign,
    Reply, Retry, RetryMode, RetryPolicy, RetryReason, Secret, ServiceError, TransportKind, UserAgent,
    Validation, arn, authorization, compatible, config, endpoint, http, key_id, observe, operation, pool,
    proxy, refresh, shape, sigv4, source, step, time, timestamp,
};
pub use transport::Transport;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub use ureq_transport::{CaBundle, Roots, Tls};
#[cfg(feature = "ureq")]
pub use ureq_transport::{UreqOptions, UreqTransport};

mod builder;
mod client;
mod driver;
mod environment;
mod host;
mod log;
mod network;
mod provider;
mod role_pool;
mod roles;
mod signer;
mod terminal;
mod transport;
#[cfg(feature = "ureq")]
mod ureq_transport;

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
