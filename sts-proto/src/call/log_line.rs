use std::fmt;
use std::time::Duration;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::reply::Reply;

/// What became of a call in one line for a log, without its level: a refusal is worth more notice than a success.
///
/// The access key id stands in it because it links the line to CloudTrail; no secret does.
#[derive(Debug)]
pub struct LogLine<'a, T> {
    /// AWS's name of the operation.
    pub action: &'a str,
    /// How long the call took.
    pub took: Duration,
    /// What it was signed with.
    pub credentials: Option<&'a Credentials>,
    /// Its result.
    pub outcome: &'a Result<Reply<T>, Error>,
}

impl<T> fmt::Display for LogLine<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = self.took.as_secs_f64();
        let key = self.credentials.map_or("none", Credentials::access_key_id);
        match self.outcome {
            Ok(Reply { metadata, .. }) => write!(
                f,
                "{}: HTTP {} in {took:.3} s, attempt {}, request id {}, access key {key}",
                self.action,
                metadata.status,
                metadata.attempts,
                metadata.request_id.as_deref().unwrap_or("none"),
            ),
            Err(error) => write!(f, "{error}; after {took:.3} s, access key {key}"),
        }
    }
}
