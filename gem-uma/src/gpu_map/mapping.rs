//! One mapping of an object in one address space.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;

use drm_core::errno::{Errno, Result};
use drm_core::resv::Resv;
use drm_core::sync::Mutex;
use drm_core::sync::atomic::{AtomicBool, Ordering};

use crate::reclaim::VmReclaim;

/// What a driver keeps with a mapping: its address space, its place in it.
///
/// A driver that never evicts implements [`GpuMapping::space`] alone.
pub trait GpuMapping: Send + Sync + 'static {
    /// The number of the address space; equal for mappings in the same one only.
    fn space(&self) -> u64;

    /// The reservation that the address space is under, if it has one. Eviction tries it, unless it is the object's own.
    fn resv(&self) -> Option<&Resv> {
        None
    }

    /// The list of the address space, if the driver keeps one for each.
    fn reclaim(&self) -> Option<&VmReclaim> {
        None
    }

    /// Clears the entries, and the TLB, so that pages can go. Locks are only tried, nothing is allocated: fences may depend
    /// on it. The place in the address space stays taken.
    ///
    /// `EBUSY` when a lock is taken. `EOPNOTSUPP` where a driver never evicts.
    fn try_unmap(&self) -> Result {
        Err(Errno::EOPNOTSUPP)
    }
}

/// A mapping, counted by its holders: the object's list, jobs that use it.
///
/// Holding it tells you that the place in the address space is taken; not that entries are written, nor, for an object that
/// grows, which.
pub struct Mapping<M> {
    data: M,
    active: AtomicBool,
    evicted: AtomicBool,
    granules: Mutex<BTreeSet<u64>>,
}

impl<M: fmt::Debug> fmt::Debug for Mapping<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping")
            .field("data", &self.data)
            .field("active", &self.is_active())
            .field("evicted", &self.is_evicted())
            .finish_non_exhaustive()
    }
}

impl<M> Deref for Mapping<M> {
    type Target = M;
    fn deref(&self) -> &M {
        &self.data
    }
}

impl<M> Mapping<M> {
    /// A mapping of which no entry is written.
    #[must_use]
    pub fn new(data: M) -> Self {
        Self {
            data,
            active: AtomicBool::new(false),
            evicted: AtomicBool::new(false),
            granules: Mutex::default(),
        }
    }

    /// Whether entries are written.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::SeqCst)
    }

    /// Says that entries are written, or all cleared; whether they were.
    pub fn set_active(&self, active: bool) -> bool {
        if !active {
            self.granules.lock().clear();
        }
        self.active.swap(active, Ordering::SeqCst)
    }

    /// Whether the object was evicted here: entries are cleared until the address space is revalidated, whether or not the pages
    /// came back for somebody else.
    #[must_use]
    pub fn is_evicted(&self) -> bool {
        self.evicted.load(Ordering::SeqCst)
    }

    pub(super) fn set_evicted(&self, evicted: bool) {
        self.evicted.store(evicted, Ordering::SeqCst);
        self.set_active(!evicted);
    }

    /// Whether this mapping shows granule `n`: another mapping of the same object may, when this one does not.
    #[must_use]
    pub fn has_granule(&self, n: u64) -> bool {
        self.granules.lock().contains(&n)
    }

    /// Says that this mapping shows granule `n` from now on; whether that is new.
    pub fn add_granule(&self, n: u64) -> bool {
        self.active.store(true, Ordering::SeqCst);
        self.granules.lock().insert(n)
    }

    /// The granules that this mapping shows, in order.
    #[must_use]
    pub fn granules(&self) -> Vec<u64> {
        self.granules.lock().iter().copied().collect()
    }
}
