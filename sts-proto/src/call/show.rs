//! How a call is shown: what it has done so far, and nothing of its operation, which may hold secrets.

use std::fmt;

use super::{Backoff, Call, Sent, State};

impl<O> fmt::Debug for State<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("invocation_id", &self.invocation_id.as_str())
            .field("attempts", &self.attempts)
            .field("elapsed", &self.elapsed)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

impl<O> fmt::Debug for Call<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<O> fmt::Debug for Sent<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)
    }
}

impl<O> fmt::Debug for Backoff<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
