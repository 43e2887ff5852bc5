//! What the driver keeps with the pair of a space and an object.

use drm_core::sync::atomic::{AtomicBool, Ordering};
use drm_core::sync::{Arc, Mutex};

use crate::bo::BufferObject;

/// The use of the pages that a pair has for as long as it lives, and whether its entries are written.
pub struct Pair<B: BufferObject> {
    kept: Mutex<Option<Arc<B::Mapped>>>,
    /// Under the lock of the space's operations.
    cleared: AtomicBool,
}

impl<B: BufferObject> Default for Pair<B> {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            cleared: AtomicBool::new(false),
        }
    }
}

impl<B: BufferObject> Pair<B> {
    /// Keeps what keeps the pages, unless the pair has some: then what was brought comes back beside what it has.
    pub(super) fn keep(&self, mapped: B::Mapped) -> (Arc<B::Mapped>, Option<B::Mapped>) {
        let mut kept = self.kept.lock();
        if let Some(kept) = &*kept {
            return (Arc::clone(kept), Some(mapped));
        }
        let mapped = Arc::new(mapped);
        *kept = Some(Arc::clone(&mapped));
        (mapped, None)
    }

    /// What the pair keeps.
    pub(super) fn kept(&self) -> Option<Arc<B::Mapped>> {
        self.kept.lock().clone()
    }

    /// Whether the entries of its mappings are cleared, because the object was evicted.
    pub(super) fn is_cleared(&self) -> bool {
        self.cleared.load(Ordering::SeqCst)
    }

    pub(super) fn set_cleared(&self, cleared: bool) {
        self.cleared.store(cleared, Ordering::SeqCst);
    }
}
