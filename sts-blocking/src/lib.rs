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
//! - `ureq`: the built-in transport without TLS; both of the above bring it.

#![forbid(unsafe_code)]

pub use builder::ClientBuilder;
pub use client::{Call, Client};
#[cfg(feature = "json")]
pub use sts_proto::authorization;
pub use sts_proto::settings::Timeouts;
pub use sts_proto::step::MfaPrompt;
pub use sts_proto::{
    Body, Cause, Credentials, Encoder, Error, ErrorCode, ErrorKind, Hint, Metadata, Presign, Reply, Retry,
    RetryPolicy, RetryReason, Secret, ServiceError, TransportKind, UserAgent, Validation, compatible,
    endpoint, http, observe, operation, proxy, shape, sigv4, source, step, time,
};
pub use transport::Transport;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub use ureq_transport::{CaBundle, Roots, Tls};
#[cfg(feature = "ureq")]
pub use ureq_transport::{UreqOptions, UreqTransport};

mod builder;
mod client;
mod driver;
mod host;
mod network;
mod transport;
#[cfg(feature = "ureq")]
mod ureq_transport;

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
