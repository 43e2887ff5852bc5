//! What reclaim counts: pages and evictions, told by objects without a lock in common.

use super::atomic::{AtomicU32, AtomicU64, Ordering};

/// Pages of the objects of some kind.
///
/// # Invariants
///
/// Never below 0: an object is taken away only after it was added, and by the lock of its own class both are in that order.
#[derive(Debug, Default)]
pub(crate) struct PageCount(AtomicU64);

impl PageCount {
    pub(crate) fn add(&self, pages: u64) {
        self.0.fetch_add(pages, Ordering::SeqCst);
    }

    pub(crate) fn sub(&self, pages: u64) {
        self.0.fetch_sub(pages, Ordering::SeqCst);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// How often something happened.
#[derive(Debug, Default)]
pub(crate) struct Times(AtomicU32);

impl Times {
    /// Once more; the count stays at its end rather than beginning again.
    pub(crate) fn once_more(&self) {
        let _full = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_add(1));
    }

    pub(crate) fn get(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}
