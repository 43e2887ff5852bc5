//! What the driver keeps with the pair of a space and an object.

use drm_core::sync::{Arc, Mutex};

use crate::bo::BufferObject;

/// The use of the pages that a pair has for as long as it lives (`drm_gpuvm_bo` and the pin that goes with it).
pub struct Pair<B: BufferObject>(Mutex<Option<Arc<B::Mapped>>>);

impl<B: BufferObject> Default for Pair<B> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<B: BufferObject> Pair<B> {
    /// Keeps what keeps the pages, unless the pair has some: then what was brought comes back beside what it has.
    pub(super) fn keep(&self, mapped: B::Mapped) -> (Arc<B::Mapped>, Option<B::Mapped>) {
        let mut kept = self.0.lock();
        if let Some(kept) = &*kept {
            return (Arc::clone(kept), Some(mapped));
        }
        let mapped = Arc::new(mapped);
        *kept = Some(Arc::clone(&mapped));
        (mapped, None)
    }

    /// What the pair keeps.
    pub(super) fn kept(&self) -> Option<Arc<B::Mapped>> {
        self.0.lock().clone()
    }
}
