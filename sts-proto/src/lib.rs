//! The AWS Security Token Service without IO: typed operations become signed `http::Request`s, `http::Response`s
//! become typed results. Sockets, clocks, environment and threads are the caller's.
//!
//! # In scope
//! All operations of STS's API version 2011-06-15, checked for what can never become right; Signature Version 4 for any request;
//! STS's endpoints; replies and errors of STS and of servers that imitate it.
//!
//! # Out of scope
//! Moving bytes: `sts-blocking` does it, or any HTTP client does. SigV4a, IAM Roles Anywhere and Cognito.
//!
//! # How it is used
//! 1. Resolve an [`Endpoint`](endpoint::Endpoint) and make an [`Encoder`] of it.
//! 2. Make a request of an operation with [`Encoder::encode`], giving credentials and the time.
//! 3. Send it by any means.
//! 4. Give the response to [`Operation::decode`](operation::Operation::decode).
//!
//! ```
//! use sts_proto::endpoint::EndpointOptions;
//! use sts_proto::operation::{AssumeRole, Operation};
//! use sts_proto::{Credentials, Encoder};
//! use time::OffsetDateTime;
//!
//! # fn send(_: http::Request<sts_proto::Body>) -> http::Response<Vec<u8>> {
//! #     http::Response::new(br#"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId>
//! #         <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
//! #         <Expiration>2026-11-20T18:08:48Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>A:s
//! #         </AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser>
//! #         </AssumeRoleResult></AssumeRoleResponse>"#.to_vec())
//! # }
//! // 1.
//! let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve()?);
//! let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")?;
//! // 2.
//! let operation = AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "build-42").duration_seconds(900);
//! let request = encoder.encode(&operation, Some(&credentials), OffsetDateTime::now_utc())?;
//! // 3.
//! let response = send(request);
//! // 4.
//! let reply = operation.decode(&response)?;
//! let temporary: &Credentials = &reply.credentials; // what the next request is signed with
//! # let _ = temporary;
//! # Ok::<(), sts_proto::Error>(())
//! ```
//!
//! # Time
//! Whoever calls passes the wall-clock time to every function that needs it. Nothing here reads a clock.
//!
//! # What `Err` means
//! Whatever makes a request fails with [`ErrorKind::InvalidInput`] only, before anything is sent, and reports at once every
//! rule that keeps it from being sent. What a network or a server did comes out of
//! [`decode`](operation::Operation::decode) and of drivers, as one of the other four kinds.
//!
//! # Secrets
//! Secret keys, session tokens, JWTs, SAML assertions, MFA codes, external ids and policies are [`Secret`]s and
//! [`Body`]s: not in `Debug`, not in errors, not in URLs, and wiped from memory when they are dropped. What the `http`
//! crate holds, the header values of an outgoing request and the URL of a presigned one, is marked sensitive where
//! the crate can, but not wiped.
//!
//! # Features
//! - `http1`: HTTP/1.1 as bytes, for callers that own a raw stream, by httparse. Off by default.
//! - `json`: a typed view of decoded authorization messages, by serde_json. Off by default.
//! - `token`: what people build on STS, such as EKS tokens, Vault logins and console URLs, by serde_json, base64 and sha1.
//!   Off by default.
//! - `sources`: the sources of credentials whose answers are JSON: containers, instance metadata, credential_process, SSO;
//!   by sha1. Off by default.
//! - `login`: the cache of `aws login`, too, by p256. Off by default.
//!
//! # Service model
//! The version of AWS's service model that the operations follow is [`operation::MODEL`]. What is sent against its maxima,
//! patterns and enumerations, and why, is described at [`Validation`].
//! ```
//! use sts_proto::operation::MODEL;
//!
//! assert_eq!(format!("botocore {}, {}", MODEL.botocore, MODEL.date), "botocore 1.44.8, 2026-11-20");
//! ```
//!
//! # Limits
//! ```
//! use sts_proto::{reply, sigv4::Signer};
//!
//! assert_eq!(reply::MAX_REPLY_BYTES, 1_048_576); // a larger reply is an error
//! assert_eq!(reply::MAX_DEPTH, 32); // of elements in elements
//! assert_eq!(reply::MAX_DETAILS, 32); // pairs kept of an error document
//! assert_eq!(Signer::KEPT_KEYS, 8); // derived keys
//! ```

#![forbid(unsafe_code)]
// Of clocks only, see clippy.toml. In tests a panic is a failed test.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub use body::Body;
pub use constraint::Validation;
pub use credentials::{Credentials, Secret};
pub use encoder::{Encoder, Presign};
pub use error::{
    BoxError, Error, ErrorCode, ErrorKind, Fault, Rule, ServiceError, TransportKind, Violation,
    escape_controls,
};
pub use hint::{Cause, Hint};
pub use reply::{LoweredDuration, Metadata, Reply};
pub use retry::{Retry, RetryMode, RetryPolicy, RetryReason};
pub use user_agent::UserAgent;

/// The crate whose requests and responses are exchanged.
pub use http;
/// The crate whose `OffsetDateTime` is the time.
pub use time;

pub mod arn;
pub mod authorization;
pub mod call;
pub mod certificate;
pub mod compatible;
pub mod config;
pub mod endpoint;
pub mod form;
#[cfg(feature = "http1")]
pub mod http1;
pub mod key_id;
pub mod observe;
pub mod operation;
pub mod pool;
pub mod proxy;
pub mod refresh;
pub mod reply;
pub mod settings;
pub mod shape;
pub mod sigv4;
pub mod source;
pub mod step;
pub mod timestamp;
#[cfg(any(feature = "sources", feature = "token"))]
pub mod token;

mod body;
mod constraint;
mod credentials;
mod encoder;
mod error;
mod hint;
mod lanes;
mod retry;
mod seconds;
mod user_agent;
mod wipe;
mod xml;
