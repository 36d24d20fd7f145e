use std::time::Duration;

use crate::error::Error;

/// How long things may take. Every one is finite and none may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Until a connection is ready for a request: the name, TCP, a proxy with its tunnel, and TLS together. 5 seconds by
    /// default.
    pub connect: Duration,
    /// Until one request is answered, connecting included; 15 seconds by default.
    pub attempt: Duration,
    /// Until a call is over, whatever happens in it; 60 seconds by default.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            attempt: Duration::from_secs(15),
            total: Duration::from_secs(60),
        }
    }
}

impl Timeouts {
    /// The longest that anything may take: a day. What is set to more is that.
    pub const LONGEST: Duration = Duration::from_secs(86_400);

    /// The same, each cut at [`LONGEST`](Self::LONGEST).
    pub(super) fn bounded(self) -> Self {
        Self {
            connect: self.connect.min(Self::LONGEST),
            attempt: self.attempt.min(Self::LONGEST),
            total: self.total.min(Self::LONGEST),
        }
    }

    /// Another time to connect.
    #[must_use]
    pub fn connect(self, connect: Duration) -> Self {
        Self { connect, ..self }
    }

    /// Another time for an attempt.
    #[must_use]
    pub fn attempt(self, attempt: Duration) -> Self {
        Self { attempt, ..self }
    }

    /// Another time for a call.
    #[must_use]
    pub fn total(self, total: Duration) -> Self {
        Self { total, ..self }
    }

    pub(super) fn check(self) -> Result<(), Error> {
        let Self { connect, attempt, total } = self;
        let all = [("Timeouts.connect", connect), ("Timeouts.attempt", attempt), ("Timeouts.total", total)];
        match all.into_iter().find(|(_, timeout)| timeout.is_zero()) {
            Some((name, _)) => Err(zero(name)),
            None => Ok(()),
        }
    }
}

pub(super) fn zero(name: &'static str) -> Error {
    Error::setting(name, "must not be zero")
}
