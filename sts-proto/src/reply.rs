//! From an `http::Response` to a typed result.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use http::HeaderMap;
use http::header::HeaderName;
use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::{OffsetDateTime, UtcOffset};

pub(crate) use fault::ReplyFault;

use crate::credentials::Credentials;
use crate::error::redact::{self, Redaction};
use crate::error::{Error, ErrorCode};
use crate::hint::Hint;
use crate::operation::Operation;
use crate::retry::{self, Retry};
use crate::xml::Cursor;

pub(crate) use document::set_request_id;

mod document;
mod fault;
mod json;

/// The largest reply that is read. STS's own replies stay below 50 KiB.
pub const MAX_REPLY_BYTES: usize = 1 << 20;

/// The deepest nesting of elements that is read. STS's own replies go four deep.
pub const MAX_DEPTH: usize = 32;

/// The most pairs that [`ServiceError::details`](crate::ServiceError::details) keeps.
pub const MAX_DETAILS: usize = 32;

/// The most characters of a request id that `Display` shows; AWS's have 36.
const ID_SHOWN: usize = 128;

/// The first year in which credentials may expire: an earlier one is damage, such as seconds where milliseconds are due.
const EARLIEST_YEAR: i32 = 2000;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
static S3_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
static EXTENDED_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");
static CLOUDFRONT_ID: HeaderName = HeaderName::from_static("x-amz-cf-id");
static RETRY_AFTER: HeaderName = HeaderName::from_static("x-amz-retry-after");

/// A result with what came along with it.
///
/// It dereferences to the result, so `client.send(GetCallerIdentity::new())?.arn` reads on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply<T> {
    /// The operation's result.
    pub output: T,
    /// Request id, date and so on.
    pub metadata: Metadata,
}

impl<T> Reply<T> {
    /// The result alone.
    pub fn into_output(self) -> T {
        self.output
    }
}

impl<T> Deref for Reply<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.output
    }
}

/// What comes with every reply, be it a result or a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// The HTTP status.
    pub status: u16,
    /// The id that AWS support asks for: from the body, else from `x-amzn-requestid` or `x-amz-request-id`.
    pub request_id: Option<String>,
    /// `x-amz-id-2`, which some AWS-like services send.
    pub extended_request_id: Option<String>,
    /// `x-amz-cf-id`, where CloudFront stands between.
    pub cloudfront_id: Option<String>,
    /// The server's clock when it answered; `None` where there is no `Date` header or it cannot be read.
    pub date: Option<OffsetDateTime>,
    /// What `x-amz-retry-after` asks a retry to wait at least.
    pub retry_after: Option<Duration>,
    /// Whether a cache on the way answered: the reply has an `Age`.
    pub is_from_cache: bool,
    /// How many times the request was sent. Whoever repeats it counts; a reply by itself is 1.
    pub attempts: u32,
    /// Why it was sent again, and how long the call waited before; one less than there were attempts.
    pub retries: Vec<Retry>,
    /// How long the call waited for the limit that adaptive mode sets on its client's rate.
    pub rate_limited: Duration,
    /// What the session was shortened from and to, where the call may do that and had to.
    pub lowered_duration: Option<LoweredDuration>,
}

/// A session that is shorter than was asked for, since the role or a chain of roles allows no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoweredDuration {
    /// The `DurationSeconds` that the operation had.
    pub requested: u32,
    /// The `DurationSeconds` of the request that was granted.
    pub granted: u32,
}

impl Metadata {
    /// How long the call waited before its attempts, in all.
    #[must_use]
    pub fn waited(&self) -> Duration {
        retry::waited(&self.retries, self.rate_limited)
    }

    pub(crate) fn read<B>(response: &http::Response<B>) -> Self {
        let headers = response.headers();
        Self {
            status: response.status().as_u16(),
            request_id: header(headers, &REQUEST_ID).or_else(|| header(headers, &S3_REQUEST_ID)),
            extended_request_id: header(headers, &EXTENDED_REQUEST_ID),
            cloudfront_id: header(headers, &CLOUDFRONT_ID),
            date: headers.get(http::header::DATE).and_then(|value| http_date(value.to_str().ok()?)),
            retry_after: headers.get(&RETRY_AFTER).and_then(milliseconds),
            is_from_cache: headers.contains_key(http::header::AGE),
            attempts: 1,
            retries: Vec::new(),
            rate_limited: Duration::ZERO,
            lowered_duration: None,
        }
    }

    /// The same without what the server named its reply.
    #[cfg(feature = "token")]
    pub(crate) fn without_ids(self) -> Self {
        Self { request_id: None, extended_request_id: None, cloudfront_id: None, ..self }
    }

    /// Takes the secrets of the request out of what the server named its reply.
    pub(crate) fn redact(&mut self, redaction: Redaction<'_>) {
        let Self { request_id, extended_request_id, cloudfront_id, .. } = self;
        [request_id, extended_request_id, cloudfront_id]
            .into_iter()
            .flatten()
            .for_each(|id| redaction.clean(id));
    }

    /// As much of the request id as is for people's eyes.
    pub(crate) fn shown_request_id(&self) -> Option<&str> {
        let id = self.request_id.as_deref()?;
        Some(id.char_indices().nth(ID_SHOWN).map_or(id, |(end, _)| &id[..end]))
    }

    /// What an error's sentence ends with.
    pub(crate) fn fmt_suffix(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " (HTTP {}", self.status)?;
        if let Some(id) = self.shown_request_id() {
            write!(f, ", request id {id}")?;
        }
        f.write_str(")")
    }
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|id| document::is_id(id)).map(str::to_owned)
}

/// What is no number of milliseconds is ignored.
fn milliseconds(value: &http::HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).map(Duration::from_millis)
}

/// RFC 9110, section 5.6.7. The length is bounded because RFC 2822 dates may hold nested comments.
fn http_date(text: &str) -> Option<OffsetDateTime> {
    if text.len() > 32 { None } else { OffsetDateTime::parse(text.trim(), &Rfc2822).ok() }
}

/// A timestamp of STS: `2026-01-02T03:04:05Z`, perhaps with a fraction of a second or an offset.
pub(crate) fn timestamp(name: &'static str, text: &str) -> Result<OffsetDateTime, ReplyFault> {
    let at = usual_timestamp(text).or_else(|| OffsetDateTime::parse(text, &Rfc3339).ok());
    at.and_then(expiration).ok_or(ReplyFault::Value { name })
}

/// The time in UTC, if it can be an expiration: not before [`EARLIEST_YEAR`], and in UTC not after the year 9999. There is
/// no earlier last year: how far ahead credentials may expire is the service's to say.
pub(crate) fn expiration(at: OffsetDateTime) -> Option<OffsetDateTime> {
    at.checked_to_offset(UtcOffset::UTC).filter(|at| at.year() >= EARLIEST_YEAR)
}

/// The form that STS writes, which is read without a parser for all the others: `2026-01-02T03:04:05Z`.
fn usual_timestamp(text: &str) -> Option<OffsetDateTime> {
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if !marks.iter().all(|&(at, mark)| bytes[at] == mark) {
        return None;
    }
    let digit = |at: usize| bytes[at].is_ascii_digit().then(|| bytes[at] - b'0');
    let pair = |at: usize| Some(10 * digit(at)? + digit(at + 1)?);
    let year = 100 * i32::from(pair(0)?) + i32::from(pair(2)?);
    let date = time::Date::from_calendar_date(year, pair(5)?.try_into().ok()?, pair(8)?).ok()?;
    Some(date.with_hms(pair(11)?, pair(14)?, pair(17)?).ok()?.assume_utc())
}

/// What an operation makes of a whole reply to a request that was signed with these credentials.
///
/// The one entrance of replies of STS: nothing of what the server sent leaves it, but for the result, unless the secrets of the
/// request are taken out.
pub(crate) fn decode<O: Operation>(
    operation: &O,
    credentials: Option<&Credentials>,
    response: &http::Response<impl AsRef<[u8]>>,
) -> Result<Reply<O::Output>, Error> {
    let secrets = |found: &mut dyn FnMut(&str)| {
        operation.secrets(found);
        redact::of_credentials(credentials, found);
    };
    let redaction = Redaction::new(&secrets);
    let mut metadata = Metadata::read(response);
    let body = response.body().as_ref();
    let outcome = if body.len() > MAX_REPLY_BYTES {
        Err(ReplyFault::TooLarge { length: body.len() })
    } else if response.status().is_success() {
        success(operation, body, &mut metadata)
    } else {
        match document::refusal(body, &mut metadata) {
            Ok(refusal) => {
                metadata.redact(redaction);
                let error =
                    Error::refused(refusal.into_error(metadata, redaction)).during(operation.action());
                let is_about_parameters = error.code().is_some_and(ErrorCode::is_about_parameters);
                let advice = if is_about_parameters { operation.advice() } else { Vec::new() };
                return Err(error.with_hint(Hint::from_advice(&advice, operation.model())));
            }
            Err(fault) => Err(fault),
        }
    };
    metadata.redact(redaction);
    match outcome {
        Ok(output) => Ok(Reply { output, metadata }),
        Err(mut fault) => {
            fault.redact(redaction);
            Err(Error::response(fault, metadata).during(operation.action()))
        }
    }
}

fn success<O: Operation>(
    operation: &O,
    body: &[u8],
    metadata: &mut Metadata,
) -> Result<O::Output, ReplyFault> {
    let mut cursor = document::enter(body)?;
    if cursor.name().strip_suffix(b"Response") != Some(operation.action().as_bytes()) {
        return Err(ReplyFault::wrong_root(operation.action(), cursor.name_text()));
    }
    let output = operation.read_reply(&mut cursor, metadata)?;
    cursor.finish()?;
    Ok(output)
}

/// Looks for the result element through whatever wraps it, and for the request id on the way; leaves the root.
pub(crate) fn read_result<T>(
    cursor: &mut Cursor<'_>,
    metadata: &mut Metadata,
    action: &str,
    mut read: impl FnMut(&mut Cursor<'_>) -> Result<T, ReplyFault>,
) -> Result<T, ReplyFault> {
    let mut output = None;
    let mut wrappers = 0usize;
    loop {
        if cursor.child()? {
            if cursor.name().strip_suffix(b"Result") == Some(action.as_bytes()) {
                if output.is_some() {
                    return Err(ReplyFault::TwoResults);
                }
                output = Some(read(cursor)?);
            } else if document::is_request_id(cursor.name()) {
                set_request_id(&cursor.text()?, metadata);
            } else {
                wrappers += 1;
            }
        } else if wrappers == 0 {
            return output.ok_or_else(|| ReplyFault::NoResult { action: action.to_owned() });
        } else {
            wrappers -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_of_all_servers_are_read() {
        for text in ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.711621Z", "2026-01-02T05:04:05+02:00"] {
            assert_eq!(timestamp("Expiration", text).unwrap().unix_timestamp(), 1_767_323_045, "{text}");
        }
        for text in [
            "",
            "1767323045",
            "2026-01-02",
            "1926-01-02T03:04:05Z",
            "10000-01-02T03:04:05Z",
            "9999-12-31T23:59:59-01:00",
            "x",
        ] {
            assert!(timestamp("Expiration", text).is_err(), "{text}");
        }
        for text in ["2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
            assert!(timestamp("Expiration", text).is_ok(), "{text}");
        }
    }

    #[test]
    fn waits_of_any_length_have_a_sum() {
        let retry = Retry { reason: crate::RetryReason::Transient, wait: Duration::MAX };
        let metadata = Metadata { retries: vec![retry, retry], ..Metadata::default() };
        assert_eq!(metadata.waited(), Duration::MAX);
    }

    #[test]
    fn dates_of_http_are_read() {
        assert_eq!(http_date("Fri, 20 Nov 2026 17:08:48 GMT").unwrap().unix_timestamp(), 1_795_194_528);
        assert_eq!(http_date(&"(".repeat(100)), None);
        assert_eq!(http_date("yesterday"), None);
    }
}
