//! The size of a granule, and where its pages come from.

use drm_core::memory::Gfp;

/// How a [`super::SparseBacking`] behaves.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct SparseOptions {
    pub(super) granule: u64,
    pub(super) dirty: bool,
    pub(super) gfp: Gfp,
}

impl Default for SparseOptions {
    /// Granules of 2 MiB, pages marked dirty when given back, from anywhere.
    fn default() -> Self {
        Self {
            granule: 512,
            dirty: true,
            gfp: Gfp::KERNEL,
        }
    }
}

impl SparseOptions {
    /// Pages in a granule, rounded up to a power of two.
    pub fn granule_pages(mut self, pages: u64) -> Self {
        self.granule = pages.max(1).next_power_of_two();
        self
    }

    /// Whether pages are marked dirty when they are given back.
    pub fn dirty(mut self, dirty: bool) -> Self {
        self.dirty = dirty;
        self
    }

    /// Where pages come from; what an allocation may do is said with each call.
    pub fn gfp(mut self, gfp: Gfp) -> Self {
        self.gfp = gfp;
        self
    }
}
