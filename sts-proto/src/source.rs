//! Where credentials come from, one source a file, and the chain over them.
//!
//! A source looks for credentials by asking its driver for files, replies and commands, through [`Context`]. Your own
//! can stand in a chain beside those that are here:
//!
//! ```
//! use sts_proto::source::{Chain, Context, Found, Looking, Source};
//! use sts_proto::step::{Ask, ReadFile, Resume, Seq, Step};
//! use sts_proto::{Body, Credentials, Error};
//! # use std::{sync::Arc, time::Duration};
//! # use sts_proto::{Encoder, RetryPolicy, call::{Caller, Deadlines}, endpoint::EndpointOptions, time::OffsetDateTime};
//!
//! /// A file with an access key id in the first line and the secret in the second.
//! #[derive(Debug)]
//! struct TwoLines;
//!
//! impl Source for TwoLines {
//!     fn name(&self) -> &'static str {
//!         "two lines"
//!     }
//!
//!     fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
//!         Box::pin(async move {
//!             let Ok(file) = context.ask().read(ReadFile::new("key.txt", 1024)).await else {
//!                 return Ok(Found::nothing("there is no `key.txt`"));
//!             };
//!             let text = std::str::from_utf8(file.as_ref()).unwrap_or_default();
//!             let (id, secret) = text.trim().split_once('\n').unwrap_or_default();
//!             Ok(Found::Credentials(Credentials::new(id, secret)?))
//!         })
//!     }
//! }
//!
//! # let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve()?);
//! # let caller = Arc::new(Caller::new(encoder, RetryPolicy::default()));
//! # let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };
//! # let now = OffsetDateTime::UNIX_EPOCH;
//! let chain = Chain::new().with(TwoLines);
//! // What drivers do:
//! let step = Seq::start(now, |ask| async move { chain.load(&Context::new(ask, caller, deadlines, 7)).await });
//! let Step::Read(_, then) = step else { panic!("it reads the file") };
//! let Step::Done(loaded) = then.resume(now, Ok(Body::from(b"AKID\nsecret\n".to_vec()))) else { panic!("that is all") };
//! assert_eq!(loaded?.credentials.source(), Some("two lines"));
//! # Ok::<(), Error>(())
//! ```

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::credentials::Credentials;
use crate::error::Error;

pub use assumed_role::AssumedRole;
pub use chain::{Chain, Loaded};
#[cfg(feature = "sources")]
pub use container::Container;
pub use context::Context;
pub use given::Given;
#[cfg(feature = "sources")]
pub use instance_metadata::InstanceMetadata;
#[cfg(feature = "login")]
pub use login::Login;
#[cfg(feature = "sources")]
pub use process::{Process, Splitting};
#[cfg(feature = "sources")]
pub use profile::Profile;
pub use report::{Look, Outcome, Report};
pub use saml::Saml;
pub use scoped::Scoped;
#[cfg(feature = "sources")]
pub use sso::Sso;
pub use token_source::{MAX_TOKEN_FILE_BYTES, TokenSource};
pub use web_identity::WebIdentity;

pub mod environment;

mod assumed_role;
mod base;
#[cfg(feature = "sources")]
mod cache;
mod chain;
#[cfg(feature = "sources")]
mod container;
mod context;
#[cfg(feature = "sources")]
mod document;
#[cfg(feature = "sources")]
mod fetch;
mod given;
#[cfg(feature = "sources")]
mod instance_metadata;
#[cfg(any(feature = "sources", feature = "token"))]
#[cfg_attr(
    not(feature = "sources"),
    allow(dead_code, reason = "documents of tokens are read and not changed")
)]
pub(crate) mod json;
#[cfg(feature = "login")]
mod login;
#[cfg(feature = "sources")]
mod process;
#[cfg(feature = "sources")]
mod profile;
mod report;
#[cfg(feature = "sources")]
mod role_cache;
mod saml;
mod scoped;
mod session;
#[cfg(feature = "sources")]
mod sso;
#[cfg(feature = "sources")]
mod standard;
#[cfg(test)]
mod testing;
mod token_source;
mod web_identity;

/// A place that credentials can come from.
pub trait Source: fmt::Debug + Send + Sync {
    /// Its name, for reports and messages.
    fn name(&self) -> &'static str;

    /// Looks for credentials there.
    ///
    /// A place that is not set up gives [`Found::Nothing`], and the next one is looked at. A place that is set up and
    /// gives none is an error, which ends the chain: another source's credentials would be another identity's.
    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a>;

    /// A service refused what it gave, with that access key id, as expired or invalid. Says whether another look can give
    /// something else; a source that keeps nothing is not asked again.
    fn refused(&self, context: &Context, access_key_id: &str) -> bool {
        let _ = (context, access_key_id);
        false
    }
}

impl<S: Source + ?Sized> Source for Arc<S> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        (**self).look(context)
    }

    fn refused(&self, context: &Context, access_key_id: &str) -> bool {
        (**self).refused(context, access_key_id)
    }
}

/// A look into a source. What it awaits comes from its [`Context`].
pub type Looking<'a> = Pin<Box<dyn Future<Output = Result<Found, Error>> + Send + 'a>>;

/// What is in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Credentials.
    Credentials(Credentials),
    /// It is not set up, for this reason.
    Nothing(Cow<'static, str>),
}

impl Found {
    /// Not set up, for this reason: a clause such as "`AWS_ACCESS_KEY_ID` is not set".
    pub fn nothing(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Nothing(why.into())
    }
}

impl From<Credentials> for Found {
    fn from(credentials: Credentials) -> Self {
        Self::Credentials(credentials)
    }
}
