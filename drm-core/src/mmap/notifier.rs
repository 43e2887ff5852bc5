//! Who watches a range of an address space: drivers whose device sees a process's own mappings (`mmu_interval_notifier`).

use std::collections::BTreeMap;
use std::fmt;

use crate::sync::{Arc, Mutex};

/// Why entries of a range stop being valid (`enum mmu_notifier_event`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalidation {
    /// The range is unmapped (`MMU_NOTIFY_UNMAP`).
    Unmap,
    /// Its protection changes (`MMU_NOTIFY_PROTECTION_VMA`).
    Protection,
    /// Its pages are dropped, the mapping stays (`MMU_NOTIFY_CLEAR`).
    Clear,
    /// The address space ends with its process (`MMU_NOTIFY_RELEASE`).
    Release,
}

/// What a watcher does (`struct mmu_interval_notifier_ops`).
pub trait IntervalNotifier: Send + Sync {
    /// Entries of the range are about to become invalid. May wait; the mappings are still there.
    fn invalidate(&self, event: Invalidation);
}

#[derive(Default)]
struct State {
    next: u64,
    watched: BTreeMap<u64, (u64, u64, Arc<dyn IntervalNotifier>)>,
}

/// The watchers of one address space. A clone is the same.
///
/// Told of `munmap`, `mprotect`, `madvise` and the end of the process; not of what a driver zaps itself.
#[derive(Clone, Default)]
pub struct Notifiers(Arc<Mutex<State>>);

impl fmt::Debug for Notifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifiers")
            .field("watched", &self.count())
            .finish()
    }
}

impl Notifiers {
    /// Watches `len` bytes from `start` (`mmu_interval_notifier_insert`).
    pub fn insert(&self, start: u64, len: u64, notifier: Arc<dyn IntervalNotifier>) -> Interval {
        let mut state = self.0.lock();
        let id = state.next;
        state.next += 1;
        state.watched.insert(id, (start, start + len, notifier));
        Interval {
            of: self.clone(),
            id,
        }
    }

    /// Ranges that are watched.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.lock().watched.len()
    }

    /// Tells everybody who watches a byte of `start..end`, in the order in which they came.
    pub(super) fn invalidate(&self, start: u64, end: u64, event: Invalidation) {
        let hit: Vec<_> = {
            let state = self.0.lock();
            let watched = state.watched.values();
            watched
                .filter(|(from, to, _)| *from < end && *to > start)
                .map(|(_, _, notifier)| Arc::clone(notifier))
                .collect()
        };
        for notifier in hit {
            notifier.invalidate(event);
        }
    }
}

/// A range that is watched; dropping it ends that (`mmu_interval_notifier_remove`).
#[derive(Debug)]
#[must_use = "nobody watches the range any more when this is dropped"]
pub struct Interval {
    of: Notifiers,
    id: u64,
}

impl Drop for Interval {
    fn drop(&mut self) {
        let watched = self.of.0.lock().watched.remove(&self.id);
        drop(watched);
    }
}
