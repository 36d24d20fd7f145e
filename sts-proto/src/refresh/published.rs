use std::ops::Range;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::credentials::Credentials;

/// What most callers get, without asking the machine: credentials, and when they are served as they are.
///
/// Readers and the one who publishes hold the lock for as long as it takes to copy a pointer.
#[derive(Debug)]
pub(super) struct Published {
    /// In milliseconds since 1970. Written after the credentials that they belong to, and read before them: whoever sees
    /// a moment sees those or later ones.
    from: AtomicI64,
    until: AtomicI64,
    credentials: RwLock<Option<Arc<Credentials>>>,
}

impl Published {
    pub(super) fn new() -> Self {
        Self {
            from: AtomicI64::new(i64::MIN),
            until: AtomicI64::new(i64::MIN),
            credentials: RwLock::new(None),
        }
    }

    pub(super) fn get(&self, now: i64) -> Option<Arc<Credentials>> {
        if now >= self.until.load(Ordering::Acquire) || now < self.from.load(Ordering::Acquire) {
            return None;
        }
        self.credentials.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, credentials: Option<&Arc<Credentials>>, when: Range<i64>) {
        let is_same = {
            let current = self.credentials.read().unwrap_or_else(PoisonError::into_inner);
            match (current.as_ref(), credentials) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (None, None) => true,
                _ => false,
            }
        };
        if !is_same {
            // What is replaced is wiped after the lock is free again.
            let mut credentials = credentials.cloned();
            let mut current = self.credentials.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut *current, &mut credentials);
            drop(current);
        }
        self.from.store(when.start, Ordering::Release);
        self.until.store(when.end, Ordering::Release);
    }
}
