//! Looking inside, as the recordings' white-box operations do. No code of the driver uses this.

mod shmem;
mod uma;

use drm_core::gem::Gem;
use drm_core::sync::Weak;

use crate::side::Mapping;
use crate::vm::LimaVm;

/// What is inside an object.
#[derive(Clone, Debug, Default)]
pub struct BoState {
    /// Users of its pages.
    pub pages_use: u32,
    /// Users of its kernel mapping.
    pub vmap_use: u32,
    /// Whether that kernel mapping is there.
    pub vaddr: bool,
    /// madvise state, which this driver never changes.
    pub madv: i32,
    /// Physical address of each page; `None` when it has no pages at all.
    pub pages: Option<Vec<Option<u64>>>,
    /// Bus address of each page, by the table that is mapped for the device; `None` without a table.
    pub table: Option<Vec<u64>>,
    /// CPU mappings are write-combined.
    pub wc: bool,
    /// Pages are marked dirty when they are given back.
    pub dirty: bool,
    /// Bytes that are backed of a heap; 0 for what is none.
    pub heap_size: u64,
    /// Address spaces that map it, in the order in which they came.
    pub mappings: Vec<(Weak<LimaVm>, Mapping)>,
}

/// What is inside an object of any side; `None` for one of another driver.
#[must_use]
pub fn state(object: &Gem) -> Option<BoState> {
    shmem::state(object).or_else(|| uma::state(object))
}
