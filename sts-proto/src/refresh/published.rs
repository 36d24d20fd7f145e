use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::credentials::Credentials;

/// What most callers get, without asking the machine: credentials, and when they are served as they are.
///
/// Readers and the one who publishes hold a lock for as long as it takes to copy a pointer. What costs is that two
/// threads count the same `Arc`: its cache line goes to and fro. So there are several lanes, each with a copy of its own.
#[derive(Debug)]
pub(super) struct Published {
    /// In milliseconds since 1970. Written after the credentials that they belong to, and read before them: whoever sees
    /// a moment sees those or later ones.
    from: AtomicI64,
    until: AtomicI64,
    /// The first one has what was published itself, and not a copy.
    lanes: [Lane; LANES],
}

/// A power of two. More copies of a secret would help none but programs whose every thread does nothing else.
const LANES: usize = 8;

/// On cache lines of its own; processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Lane(RwLock<Option<Arc<Credentials>>>);

impl Lane {
    fn get(&self) -> Option<Arc<Credentials>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was there before is wiped after the lock is free again.
    fn set(&self, mut credentials: Option<Arc<Credentials>>) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut *current, &mut credentials);
        drop(current);
    }
}

impl Published {
    pub(super) fn new() -> Self {
        Self { from: AtomicI64::new(i64::MIN), until: AtomicI64::new(i64::MIN), lanes: Default::default() }
    }

    pub(super) fn get(&self, now: i64) -> Option<Arc<Credentials>> {
        if now >= self.until.load(Ordering::Acquire) || now < self.from.load(Ordering::Acquire) {
            return None;
        }
        self.lanes.get(lane())?.get()
    }

    /// By one at a time.
    pub(super) fn set(&self, credentials: Option<&Arc<Credentials>>, when: Range<i64>) {
        let [first, others @ ..] = &self.lanes;
        if first.get().as_ref().map(Arc::as_ptr) != credentials.map(Arc::as_ptr) {
            first.set(credentials.cloned());
            for lane in others {
                lane.set(credentials.map(|credentials| Arc::new(Credentials::clone(credentials))));
            }
        }
        self.from.store(when.start, Ordering::Release);
        self.until.store(when.end, Ordering::Release);
    }
}

/// A lane for whoever calls: mostly the same one for a thread, and another one for another thread.
///
/// Threads have stacks in different places, which tells them apart without a thread's id or a static, neither of which is
/// here. All that hangs on it is time: any lane will do.
fn lane() -> usize {
    /// By the golden ratio, which spreads places at equal distances evenly.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let here = 0_u8;
    // The depth of calls hardly counts, in pieces of 64 KiB.
    let piece = ptr::from_ref(&here).addr() as u64 >> 16;
    (piece.wrapping_mul(SPREAD) >> (u64::BITS - LANES.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn credentials(id: &str) -> Arc<Credentials> {
        Arc::new(Credentials::new(id, "secret").unwrap())
    }

    #[test]
    fn every_lane_has_what_was_published_last() {
        let published = Published::new();
        let lanes = || published.lanes.iter().map(Lane::get).collect::<Vec<_>>();
        assert!(published.get(0).is_none());
        for id in ["AKIAONE", "AKIATWO"] {
            let given = credentials(id);
            published.set(Some(&given), 0..10);
            let found = lanes();
            assert!(found.iter().flatten().all(|found| *found == given), "{found:?}");
            // Each has a count of its own.
            let places: BTreeSet<_> = found.iter().flatten().map(Arc::as_ptr).collect();
            assert_eq!(places.len(), LANES);
            // The same again leaves them as they are.
            published.set(Some(&given), 5..10);
            assert_eq!(lanes().iter().flatten().map(Arc::as_ptr).collect::<BTreeSet<_>>(), places);
            assert_eq!((published.get(4), published.get(5)), (None, Some(given)));
        }
        published.set(None, 0..0);
        assert!(lanes().iter().all(Option::is_none));
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri gives threads no stacks in places of their own")]
    fn threads_have_lanes_of_their_own() {
        // All at once: a stack is used again as soon as its thread has ended.
        let barrier = std::sync::Barrier::new(LANES);
        let used = std::thread::scope(|scope| {
            let lane = || {
                barrier.wait();
                let lane = lane();
                barrier.wait();
                lane
            };
            let threads: Vec<_> = (0..LANES).map(|_| scope.spawn(lane)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<BTreeSet<_>>()
        });
        assert!(used.len() >= 2 && used.iter().all(|lane| *lane < LANES), "{used:?}");
    }
}
