//! What can go wrong, in one type.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

pub use code::ErrorCode;
pub use plain::escape_controls;
pub use service::{Fault, ServiceError};
pub use transport::TransportKind;
pub use violation::{Rule, Violation};

pub(crate) use service::says;

use crate::hint::Hint;
use crate::reply::{Metadata, ReplyFault};
use crate::retry::{self, Retry};
use crate::source::Report;

use redact::Redaction;

mod code;
pub(crate) mod plain;
pub(crate) mod redact;
mod service;
mod show;
mod transport;
mod violation;

/// What a cause of an error may be: any error that can cross threads.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

type SharedError = Arc<dyn std::error::Error + Send + Sync>;

/// Why a call gave no result.
///
/// [`kind`](Self::kind) tells the cases apart. `Display` is one complete sentence that needs no walk along
/// [`source`](std::error::Error::source); it never holds a secret. What a kind carries is read by
/// [`violations`](Self::violations), [`service`](Self::service), [`transport_kind`](Self::transport_kind) and
/// [`metadata`](Self::metadata); what to do next by the predicates, such as
/// [`is_retryable`](Self::is_retryable).
///
/// It is cheap to clone, but for its texts: one error can be given to everybody who waited for the same thing.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    /// The operation that failed, where one was under way.
    action: Option<Cow<'static, str>>,
    detail: Detail,
    /// What it most likely comes from.
    hint: Option<Hint>,
    attempts: u32,
    retries: Vec<Retry>,
    /// Where credentials were looked for, if they were.
    report: Option<Arc<Report>>,
    rate_limited: Duration,
}

#[derive(Clone)]
enum Detail {
    InvalidInput(Vec<Violation>),
    Transport { kind: TransportKind, because: Option<Cow<'static, str>>, source: SharedError },
    Response { fault: ReplyFault, metadata: Metadata },
    Service(ServiceError),
    Credentials { source: Cow<'static, str>, words: Cow<'static, str>, cause: Option<SharedError> },
}

/// The five kinds of [`Error`], by who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Your input breaks a rule and nothing was sent. Mend what [`Error::violations`] lists.
    InvalidInput,
    /// The wire failed: no reply arrived, or not all of it. Try again, or look at the network.
    Transport,
    /// A reply arrived, but not one that STS gives. Look at what stands between you and STS: a proxy, a captive
    /// portal, a wrong endpoint.
    Response,
    /// STS said no. Read [`Error::service`] for its code and message.
    Service,
    /// A source of credentials has none although it is set up, or no source has any. Look at the machine's
    /// configuration; [`Error::report`] tells where was looked.
    Credentials,
}

impl Error {
    /// A failure of a transport, for those who write one.
    ///
    /// `kind` decides whether the call is tried again.
    pub fn transport(kind: TransportKind, source: impl Into<BoxError>) -> Self {
        Self::of_transport(kind, source.into())
    }

    // The makers of errors are small shells around functions that are there once: they are called in very many places.
    #[cold]
    #[inline(never)]
    fn of_transport(kind: TransportKind, source: BoxError) -> Self {
        Self::new(Detail::Transport { kind, because: None, source: source.into() })
    }

    /// The same failure of a transport, with words that say more than its kind does and go on after a colon. They
    /// must not hold a secret. Control characters in them are escaped. An error of another kind stays as it is.
    #[must_use]
    pub fn because(mut self, words: impl Into<Cow<'static, str>>) -> Self {
        if let Detail::Transport { because, .. } = &mut self.0.detail {
            *because = Some(escape_controls(words));
        }
        self
    }

    /// An input that breaks the rules listed.
    pub(crate) fn invalid_input(violations: Vec<Violation>) -> Self {
        let hint = violations.iter().find_map(|violation| Hint::of_rule(violation.rule()));
        let mut error = Self::new(Detail::InvalidInput(violations));
        error.0.hint = hint;
        error
    }

    /// A setting that cannot be used as it is, for those who write a driver: its name, and a sentence that goes on
    /// from the name. Control characters in it are escaped.
    pub fn setting(name: &'static str, rule: impl Into<Cow<'static, str>>) -> Self {
        Self::of_setting(name, rule.into())
    }

    #[cold]
    #[inline(never)]
    fn of_setting(name: &'static str, rule: Cow<'static, str>) -> Self {
        Self::invalid_input(vec![Violation::new(name, Rule::Setting(rule))])
    }

    /// A failure of a source of credentials, for those who write one: its name, and words that go on after a colon and
    /// hold no secret. Control characters are escaped.
    pub fn credentials(source: impl Into<Cow<'static, str>>, words: impl Into<Cow<'static, str>>) -> Self {
        Self::of_credentials(source.into(), words.into())
    }

    #[cold]
    #[inline(never)]
    fn of_credentials(source: Cow<'static, str>, words: Cow<'static, str>) -> Self {
        let [source, words] = [source, words].map(escape_controls);
        Self::new(Detail::Credentials { source, words, cause: None })
    }

    /// The same failure of a source, with what lies behind it. An error of another kind stays as it is.
    #[must_use]
    pub fn caused_by(mut self, error: impl Into<BoxError>) -> Self {
        if let Detail::Credentials { cause, .. } = &mut self.0.detail {
            *cause = Some(error.into().into());
        }
        self
    }

    pub(crate) fn response(fault: ReplyFault, metadata: Metadata) -> Self {
        Self::new(Detail::Response { fault, metadata })
    }

    pub(crate) fn refused(service: ServiceError) -> Self {
        Self::new(Detail::Service(service))
    }

    pub(crate) fn unless_empty(violations: Vec<Violation>) -> Result<(), Self> {
        if violations.is_empty() { Ok(()) } else { Err(Self::invalid_input(violations)) }
    }

    fn new(detail: Detail) -> Self {
        Self(Box::new(Inner {
            action: None,
            detail,
            hint: None,
            attempts: 0,
            retries: Vec::new(),
            report: None,
            rate_limited: Duration::ZERO,
        }))
    }

    /// The same error, naming the operation that was under way.
    #[must_use]
    pub fn during(mut self, action: &str) -> Self {
        self.0.action = Some(Cow::Owned(escape_controls(action).into_owned()));
        self
    }

    /// More words of a source's failure. An error of another kind stays as it is.
    #[cfg(feature = "sources")]
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        if let Detail::Credentials { words, .. } = &mut self.0.detail {
            *words = escape_controls(format!("{words}; {note}"));
        }
        self
    }

    pub(crate) fn with_hint(mut self, hint: Option<Hint>) -> Self {
        self.0.hint = hint.or(self.0.hint);
        self
    }

    /// Takes secrets of ours out of what a reply said, for one that was read without them.
    pub(crate) fn redact(&mut self, redaction: Redaction<'_>) {
        match &mut self.0.detail {
            Detail::Service(service) => service.redact(redaction),
            Detail::Response { fault, metadata } => {
                fault.redact(redaction);
                metadata.redact(redaction);
            }
            _ => {}
        }
    }

    /// The same error, at the end of a call with these attempts.
    pub(crate) fn after(mut self, attempts: u32, retries: Vec<Retry>, rate_limited: Duration) -> Self {
        self.0.attempts = attempts;
        self.0.retries = retries;
        self.0.rate_limited = rate_limited;
        self
    }

    /// The same error, with where credentials were looked for.
    #[must_use]
    pub fn with_report(mut self, report: Arc<Report>) -> Self {
        self.0.report = Some(report);
        self
    }

    /// Where credentials were looked for and what was found there, if it was in looking for some that the error arose.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.0.report.as_deref()
    }

    pub(crate) fn shared_report(&self) -> Option<Arc<Report>> {
        self.0.report.clone()
    }

    /// How many times the request was sent; 0 if it was not, or if nobody counted.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Why it was sent again, and how long the call waited before.
    #[must_use]
    pub fn retries(&self) -> &[Retry] {
        &self.0.retries
    }

    /// How long the call waited before its attempts, in all.
    #[must_use]
    pub fn waited(&self) -> Duration {
        retry::waited(&self.0.retries, self.0.rate_limited)
    }

    /// What it most likely comes from and what to do, where that could be told; part of `Display` as well.
    #[must_use]
    pub fn hint(&self) -> Option<&Hint> {
        self.0.hint.as_ref()
    }

    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.0.detail {
            Detail::InvalidInput(_) => ErrorKind::InvalidInput,
            Detail::Transport { .. } => ErrorKind::Transport,
            Detail::Response { .. } => ErrorKind::Response,
            Detail::Service(_) => ErrorKind::Service,
            Detail::Credentials { .. } => ErrorKind::Credentials,
        }
    }

    /// The operation that was under way, by AWS's name, where one was.
    #[must_use]
    pub fn action(&self) -> Option<&str> {
        self.0.action.as_deref()
    }

    /// Every rule that the input breaks; empty for the other kinds.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        match &self.0.detail {
            Detail::InvalidInput(violations) => violations,
            _ => &[],
        }
    }

    /// Where the wire failed, if it did.
    #[must_use]
    pub fn transport_kind(&self) -> Option<TransportKind> {
        match &self.0.detail {
            Detail::Transport { kind, .. } => Some(*kind),
            _ => None,
        }
    }

    /// The service's refusal, if it is one.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceError> {
        match &self.0.detail {
            Detail::Service(service) => Some(service),
            _ => None,
        }
    }

    /// The code of the service's refusal, if it is one.
    #[must_use]
    pub fn code(&self) -> Option<&ErrorCode> {
        self.service().map(ServiceError::code)
    }

    /// What came with the reply, if one arrived: status, request id, date.
    #[must_use]
    pub fn metadata(&self) -> Option<&Metadata> {
        match &self.0.detail {
            Detail::Response { metadata, .. } => Some(metadata),
            Detail::Service(service) => Some(service.metadata()),
            _ => None,
        }
    }

    /// Whether the same call can succeed if it is sent again as it is, after a while.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.0.detail {
            Detail::InvalidInput(_) | Detail::Credentials { .. } => false,
            Detail::Transport { kind, .. } => kind.is_retryable(),
            Detail::Response { metadata, .. } => {
                code::is_transient_status(metadata.status) || code::is_throttling_status(metadata.status)
            }
            Detail::Service(service) => service.is_retryable(),
        }
    }

    /// Whether the service asks the caller to slow down.
    #[must_use]
    pub fn is_throttling(&self) -> bool {
        match &self.0.detail {
            Detail::Response { metadata, .. } => code::is_throttling_status(metadata.status),
            Detail::Service(service) => service.is_throttling(),
            _ => false,
        }
    }

    /// Whether the credentials, or the token traded in, have expired: get fresh ones.
    #[must_use]
    pub fn is_expired_token(&self) -> bool {
        self.code().is_some_and(ErrorCode::is_expired_token)
    }

    /// Whether the service refuses the credentials themselves, as expired or invalid, so that others may help. That the
    /// caller may not do something is no such refusal.
    #[must_use]
    pub fn refuses_credentials(&self) -> bool {
        use ErrorCode::{ExpiredToken, InvalidSubjectCredentials, InvalidToken};
        self.code()
            .is_some_and(|code| matches!(code, ExpiredToken | InvalidSubjectCredentials | InvalidToken))
    }

    /// Whether the caller may not do this.
    #[must_use]
    pub fn is_access_denied(&self) -> bool {
        self.code().is_some_and(|code| *code == ErrorCode::AccessDenied)
    }

    /// Whether the service dislikes the time of the signature: the local clock is off.
    #[must_use]
    pub fn is_clock_skew(&self) -> bool {
        self.service().is_some_and(ServiceError::is_clock_skew)
    }

    /// Whether a deadline passed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.transport_kind() == Some(TransportKind::Timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transport_error_says_what_failed_and_keeps_its_cause() {
        let error = Error::transport(TransportKind::Connect, "connection refused").during("AssumeRole");
        assert_eq!(error.to_string(), "AssumeRole got no reply: no connection could be made");
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "connection refused");
        assert!(error.is_retryable() && !Error::transport(TransportKind::Tls, "x").is_retryable());
        let error = Error::transport(TransportKind::ProxyRefused, "407").because("it wants a password");
        assert_eq!(error.to_string(), "the request got no reply: the proxy refused: it wants a password");
        assert!(!error.is_retryable() && Error::transport(TransportKind::Proxy, "x").is_retryable());
    }

    #[test]
    fn an_error_is_one_pointer_wide_and_crosses_threads() {
        fn crosses<T: Send + Sync + 'static>() {}
        crosses::<Error>();
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }
}
