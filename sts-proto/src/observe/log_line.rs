use std::fmt;
use std::time::Duration;

use super::{CallId, Event, Parameters};
use crate::error::{Error, Violation, escape_controls};
use crate::hint::Advice;
use crate::operation::Model;
use crate::reply::Metadata;
use crate::seconds::Seconds;

/// What became of a call in one line for a log: service, status, time, retries, operation, parameters without those that
/// are secrets, access key id, request id, and the error's sentence if there is one. Before that, for a call whose
/// parameters break rules that only the service can judge, a line with the rules.
///
/// ```text
/// [sts advice] AssumeRole is sent all the same: by the service model of 2026-11-20 (botocore 1.44.8), `RoleSessionName` must have at most 64 characters, and has 65
/// [sts 200 0.123 s, 0 retries] GetAccessKeyInfo(AccessKeyId=AKIAIOSFODNN7EXAMPLE): access key AKIAI44QH8DHBEXAMPLE, request id 7a62c49f
/// ```
///
/// The line has no level: a refusal is worth more notice than a success. The access key id stands in it because it links the
/// line to CloudTrail; no secret does. An observer writes it with whatever the program logs by:
///
/// ```
/// use sts_proto::observe::{Event, LogLine, Observer};
///
/// struct Log;
///
/// impl Observer for Log {
///     fn event(&self, event: &Event<'_>) {
///         if let Some(line) = LogLine::of(event) {
///             eprintln!("{} {line}", if line.is_warning() { "WARN" } else { "DEBUG" });
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LogLine<'e> {
    call: CallId<'e>,
    what: What<'e>,
}

#[derive(Clone, Copy, Debug)]
enum What<'e> {
    Advice {
        advice: &'e [Violation],
        model: Option<Model>,
    },
    Done {
        attempts: u32,
        took: Duration,
        parameters: &'e Parameters,
        metadata: Option<&'e Metadata>,
        error: Option<&'e Error>,
    },
}

impl<'e> LogLine<'e> {
    /// The line of a call that is over, or of one that is sent against advice; `None` of the other events.
    #[must_use]
    pub fn of(event: &Event<'e>) -> Option<Self> {
        match *event {
            Event::Advice { call, advice, model } => {
                Some(Self { call, what: What::Advice { advice, model } })
            }
            Event::Done { call, attempts, took, parameters, metadata, error } => {
                Some(Self { call, what: What::Done { attempts, took, parameters, metadata, error } })
            }
            _ => None,
        }
    }

    /// What the call ended with, if it failed.
    #[must_use]
    pub fn error(&self) -> Option<&'e Error> {
        match self.what {
            What::Done { error, .. } => error,
            What::Advice { .. } => None,
        }
    }

    /// Whether it deserves notice: the call failed, or is sent against advice.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        self.error().is_some() || matches!(self.what, What::Advice { .. })
    }
}

impl fmt::Display for LogLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A raw action and its credentials can have any name.
        let action = escape_controls(self.call.action);
        let (attempts, took, parameters, metadata, error) = match self.what {
            What::Advice { advice, model } => {
                return write!(f, "[sts advice] {action} is sent all the same: {}", Advice { advice, model });
            }
            What::Done { attempts, took, parameters, metadata, error } => {
                (attempts, took, parameters, metadata, error)
            }
        };
        f.write_str("[sts ")?;
        match metadata {
            Some(metadata) => write!(f, "{} ", metadata.status)?,
            None => f.write_str("- ")?,
        }
        let retries = attempts.saturating_sub(1);
        let (took, plural) = (Seconds(took), if retries == 1 { "y" } else { "ies" });
        write!(f, "{took} s, {retries} retr{plural}] {action}({parameters}): ")?;
        let id = metadata.and_then(Metadata::shown_request_id);
        match self.call.access_key_id {
            Some(key) => write!(f, "access key {}, ", escape_controls(key))?,
            None => f.write_str("unsigned, ")?,
        }
        match id {
            Some(id) => write!(f, "request id {id}")?,
            None => f.write_str("no request id")?,
        }
        error.map_or(Ok(()), |error| write!(f, "; {error}"))
    }
}
