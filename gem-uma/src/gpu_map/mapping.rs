//! One mapping of an object in one address space.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;

use drm_core::sync::Mutex;
use drm_core::sync::atomic::{AtomicBool, Ordering};

/// What a driver keeps with a mapping: its address space, its place in it.
pub trait GpuMapping: Send + Sync + 'static {
    /// The number of the address space; equal for mappings in the same one only.
    fn space(&self) -> u64;
}

/// A mapping, counted by its holders: the object's list, jobs that use it.
///
/// Holding it tells you that the place in the address space is taken; not that entries are written, nor, for an object that
/// grows, which.
pub struct Mapping<M> {
    data: M,
    active: AtomicBool,
    granules: Mutex<BTreeSet<u64>>,
}

impl<M: fmt::Debug> fmt::Debug for Mapping<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping")
            .field("data", &self.data)
            .field("active", &self.is_active())
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
