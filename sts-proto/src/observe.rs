//! What happens in the calls of a client, as typed events without secrets: for logs, metrics and tests.
//!
//! ```
//! use std::sync::atomic::{AtomicU64, Ordering};
//! use sts_proto::observe::{Event, Observer};
//!
//! /// Counts retries.
//! #[derive(Default)]
//! struct Retries(AtomicU64);
//!
//! impl Observer for Retries {
//!     fn event(&self, event: &Event<'_>) {
//!         if let Event::Retry { .. } = event {
//!             self.0.fetch_add(1, Ordering::Relaxed);
//!         }
//!     }
//! }
//! ```

use std::fmt::{self, Write};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

pub use log_line::LogLine;

use crate::constraint::{Integer, List, Members, Shape, Text};
use crate::error::{Error, Violation, escape_controls};
use crate::operation::{Model, Operation};
#[cfg(doc)]
use crate::refresh::Cached;
use crate::reply::Metadata;
use crate::retry::Retry;

mod log_line;

/// The most characters that [`Parameters`] shows.
const SHOWN: usize = 1024;

/// Gets told what happens. Called in the middle of calls, so it should be quick.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event<'_>);

    /// Whether it wants to be told now: a log can be switched off. While nobody does, what costs time is not worked out,
    /// such as the parameters of a call.
    fn is_active(&self) -> bool {
        true
    }
}

impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn event(&self, event: &Event<'_>) {
        (**self).event(event);
    }

    fn is_active(&self) -> bool {
        (**self).is_active()
    }
}

/// What happened. Nothing in it is a secret.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'e> {
    /// A call is about to be sent although rules speak against its parameters that only the service can judge, see
    /// [`Operation::advice`]. Once a call, before its first attempt; not for a call that breaks none.
    #[non_exhaustive]
    Advice {
        /// Which call.
        call: CallId<'e>,
        /// The rules, without the values.
        advice: &'e [Violation],
        /// The service model that the rules are from; `None` for operations of other servers than AWS's.
        model: Option<Model>,
    },
    /// A request is about to be sent.
    #[non_exhaustive]
    Attempt {
        /// Which call.
        call: CallId<'e>,
        /// Which attempt, counted from 1.
        attempt: u32,
        /// How long it may take.
        timeout: Duration,
    },
    /// A reply came, of whatever status.
    #[non_exhaustive]
    Reply {
        /// Which call.
        call: CallId<'e>,
        /// Which attempt.
        attempt: u32,
        /// Status, request id and so on.
        metadata: &'e Metadata,
        /// How long it took.
        took: Duration,
    },
    /// No reply came.
    #[non_exhaustive]
    Failure {
        /// Which call.
        call: CallId<'e>,
        /// Which attempt.
        attempt: u32,
        /// Why.
        error: &'e Error,
        /// How long it took to find out.
        took: Duration,
    },
    /// The call waits and tries again.
    #[non_exhaustive]
    Retry {
        /// Which call.
        call: CallId<'e>,
        /// Which attempt it was that failed.
        attempt: u32,
        /// Why, and how long it waits.
        retry: Retry,
    },
    /// The call waits because adaptive mode limits the rate of its client.
    #[non_exhaustive]
    Limited {
        /// Which call.
        call: CallId<'e>,
        /// Which attempt it waits with, counted from 1.
        attempt: u32,
        /// How long it waits.
        wait: Duration,
    },
    /// The call is over.
    #[non_exhaustive]
    Done {
        /// Which call.
        call: CallId<'e>,
        /// How many attempts it took; 0 where nothing was sent.
        attempts: u32,
        /// How long it took, waits included.
        took: Duration,
        /// Its parameters, without those that are secrets.
        parameters: &'e Parameters,
        /// What came with its last reply; `None` where it ended without one.
        metadata: Option<&'e Metadata>,
        /// The error that it ended with, if it did.
        error: Option<&'e Error>,
    },
    /// Credentials that are kept were refreshed, or should have been: by a [`Cached`], and so by a driver's `Provider`. What
    /// was sent for it has events of its own.
    #[non_exhaustive]
    Refresh {
        /// The source that gave them, or that failed.
        source: &'e str,
        /// What came of it.
        outcome: Refreshed,
        /// The access key that is served now, if there is one.
        access_key_id: Option<&'e str>,
        /// How long it took.
        took: Duration,
        /// When the next one is due, by the server's clock; `None` for credentials without expiry.
        next_refresh_at: Option<OffsetDateTime>,
        /// Why it failed, if it did.
        error: Option<&'e Error>,
    },
    /// A role's credentials could not be written to the AWS CLI's cache. They are used all the same, and the role is assumed
    /// again the next time.
    #[non_exhaustive]
    CacheNotWritten {
        /// The path of the file.
        file: &'e Path,
        /// Why.
        error: &'e io::Error,
    },
}

/// What came of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refreshed {
    /// There are new credentials.
    Renewed,
    /// It failed, and older credentials are served, be they good or expired.
    Kept,
    /// It failed, and so did whoever asked.
    Failed,
}

/// Which call an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallId<'e> {
    /// The operation by AWS's name.
    pub action: &'e str,
    /// The id that all attempts of the call carry, as `amz-sdk-invocation-id`.
    pub invocation_id: &'e str,
    /// The access key that signs, where the call is signed. Not a secret: it links the event to CloudTrail.
    pub access_key_id: Option<&'e str>,
}

/// The parameters of an operation for people's eyes: sensitive ones by their length, and all cut at 1,024 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameters(String);

impl Parameters {
    /// Of an operation.
    ///
    /// ```
    /// use sts_proto::observe::Parameters;
    /// use sts_proto::operation::AssumeRole;
    ///
    /// let operation = AssumeRole::new("arn:aws:iam::123456789012:role/r", "session").token_code("123456").tag("a", "b");
    /// assert_eq!(
    ///     Parameters::of(&operation).to_string(),
    ///     "RoleArn=arn:aws:iam::123456789012:role/r, RoleSessionName=session, Tags[0].Key=a, Tags[0].Value=b, \
    ///      TokenCode=[6 characters]"
    /// );
    /// ```
    pub fn of(operation: &impl Operation) -> Self {
        let mut walk = Walk { out: String::new(), path: String::new() };
        operation.members(&mut walk);
        Self(walk.out)
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parameters({})", self.0)
    }
}

/// The walk that tells.
struct Walk {
    out: String,
    path: String,
}

impl Walk {
    fn put(&mut self, name: &str, value: impl fmt::Display) {
        if self.out.len() >= SHOWN {
            if !self.out.ends_with('…') {
                self.out.push('…');
            }
            return;
        }
        let separator = if self.out.is_empty() { "" } else { ", " };
        let _ = write!(self.out, "{separator}{}{name}={value}", self.path);
    }

    fn inside(&mut self, part: fmt::Arguments<'_>, shape: &impl Shape) {
        let outer = self.path.len();
        let _ = self.path.write_fmt(part);
        shape.members(self);
        self.path.truncate(outer);
    }
}

impl Members for Walk {
    fn text(&mut self, rule: &'static Text, value: Option<&str>) {
        let Some(value) = value else { return };
        if rule.sensitive {
            self.put(rule.name, format_args!("[{} characters]", value.chars().count()));
        } else {
            // No value is longer than what is shown in all.
            let shown = value.char_indices().nth(SHOWN).map_or(value, |(end, _)| &value[..end]);
            self.put(rule.name, escape_controls(shown));
        }
    }

    fn integer(&mut self, rule: &'static Integer, value: Option<u32>) {
        if let Some(value) = value {
            self.put(rule.name, value);
        }
    }

    fn structure<T: Shape>(&mut self, name: &'static str, _required: bool, value: Option<&T>) {
        if let Some(value) = value {
            self.inside(format_args!("{name}."), value);
        }
    }

    fn list<T: Shape>(&mut self, rule: &'static List, items: &[T]) {
        let dot = if T::IS_STRUCTURE { "." } else { "" };
        for (i, item) in items.iter().enumerate() {
            self.inside(format_args!("{}[{i}]{dot}", rule.name), item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{AssumeRole, RawAction};

    #[test]
    fn what_is_long_is_cut_and_what_is_secret_is_counted() {
        let operation = AssumeRole::new("a", "b\n").policy("sEcReT").tags(vec![("k", "v"); 500]);
        let text = Parameters::of(&operation).to_string();
        assert!(
            text.starts_with("RoleArn=a, RoleSessionName=b\\n, Policy=[6 characters], Tags[0].Key=k"),
            "{text}"
        );
        assert!(text.ends_with('…') && text.len() < SHOWN + 100);
        let long = Parameters::of(&AssumeRole::new("x".repeat(100_000), "s")).to_string();
        assert!(long.len() < SHOWN + 100);
        // Which of its values are secrets is not known of a raw action.
        assert_eq!(Parameters::of(&RawAction::new("X").parameter("Key", "sEcReT")).to_string(), "");
    }
}
