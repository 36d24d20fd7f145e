//! The time that is left, for work in several steps.

use std::time::{Duration, Instant};

use ureq::Error;
use ureq::unversioned::transport::{NextTimeout, time};

/// What a time is rounded to: this part of it, or up to twice as much.
const PART: u32 = 128;

/// A time that runs while it is used up in several steps.
pub(super) struct Running {
    timeout: NextTimeout,
    since: Instant,
}

impl Running {
    pub(super) fn new(timeout: NextTimeout) -> Self {
        Self { timeout, since: Instant::now() }
    }

    /// What is left of it.
    pub(super) fn left(&self) -> Result<NextTimeout, Error> {
        let left = exact(self.timeout.after).map(|after| after.saturating_sub(self.since.elapsed()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(Error::Timeout(self.timeout.reason));
        }
        Ok(within(self.timeout, left))
    }
}

/// A time that ends.
pub(super) fn exact(after: time::Duration) -> Option<Duration> {
    match after {
        time::Duration::Exact(after) => Some(after),
        time::Duration::NotHappening => None,
    }
}

pub(super) fn within(timeout: NextTimeout, after: Option<Duration>) -> NextTimeout {
    NextTimeout { after: after.map_or(time::Duration::NotHappening, time::Duration::Exact), ..timeout }
}

/// A power of two of nanoseconds, so that times that are nearly the same have the same.
fn unit(after: Duration) -> Duration {
    let part = u64::try_from((after / PART).as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(1 << (part | 1).ilog2())
}

/// The time without what is less than its unit.
pub(super) fn rounded(after: Duration) -> Duration {
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(nanos(after) - nanos(after) % nanos(unit(after)))
}

#[cfg(test)]
mod tests {
    use ureq::Timeout;

    use super::*;

    #[test]
    fn no_time_is_rounded_to_none() {
        for nanos in (0..64).flat_map(|bit| [1u64 << bit, (1 << bit) | 1, u64::MAX >> bit]) {
            let time = Duration::from_nanos(nanos);
            let rounded = rounded(time);
            assert!(
                !rounded.is_zero() && rounded <= time && time - rounded < time / 64 + Duration::from_nanos(1)
            );
        }
        assert!(rounded(Duration::MAX) <= Duration::MAX);
    }

    #[test]
    fn a_time_runs() {
        let running = Running::new(within(NextTimeout::default(), Some(Duration::from_millis(20))));
        assert!(exact(running.left().unwrap().after).unwrap() <= Duration::from_millis(20));
        std::thread::sleep(Duration::from_millis(21));
        assert!(matches!(running.left(), Err(Error::Timeout(Timeout::Global))));
        assert!(exact(Running::new(NextTimeout::default()).left().unwrap().after).is_none());
    }
}
