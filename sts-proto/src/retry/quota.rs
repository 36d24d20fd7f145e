use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the calls of one client have left for retries.
#[derive(Debug)]
pub(crate) struct Quota {
    left: Mutex<u32>,
    full: u32,
}

impl Quota {
    pub(crate) fn new(full: u32) -> Self {
        Self { left: Mutex::new(full), full }
    }

    pub(crate) fn take(&self, cost: u32) -> bool {
        let mut left = self.left();
        match left.checked_sub(cost) {
            Some(rest) => {
                *left = rest;
                true
            }
            None => false,
        }
    }

    pub(crate) fn give(&self, amount: u32) {
        let mut left = self.left();
        *left = left.saturating_add(amount).min(self.full);
    }

    /// A number is never half written.
    pub(crate) fn left(&self) -> MutexGuard<'_, u32> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_spent_and_filled_to_the_brim_only() {
        let quota = Quota::new(20);
        assert!(quota.take(14) && !quota.take(14) && quota.take(5));
        quota.give(100);
        assert_eq!(*quota.left(), 20);
    }
}
