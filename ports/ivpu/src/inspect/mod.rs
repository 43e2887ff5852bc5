//! Looking inside, for scenarios. No code of the driver uses this.

pub(crate) mod shmem;
pub(crate) mod uma;

use drm_core::device::File;
use drm_core::gem::Gem;
use drm_core::sync::Arc;

use crate::Probed;
use crate::context::Context;
use crate::file::Private;

/// How to look inside the objects of a side.
pub(crate) type Inspect = fn(&Gem) -> Option<BoState>;

/// What is inside an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoState {
    /// Bytes.
    pub size: u64,
    /// Users of its pages.
    pub pages_use: u32,
    /// Users of its kernel mapping.
    pub vmap_use: u32,
    /// Bus address of each page, where they are known; `None` without pages, or for an import without a table.
    pub pages: Option<Vec<u64>>,
    /// Whether it has a scatter table.
    pub sgt: bool,
    /// Whether CPU mappings are write-combined.
    pub wc: bool,
    /// Where the NPU sees it, or did.
    pub vpu_addr: u64,
    /// The SSID of its context, while it has one.
    pub ssid: Option<u32>,
    /// Whether it believes to be mapped there.
    pub mmu_mapped: bool,
}

impl Probed {
    /// What is inside an object; `None` for one that is not the driver's.
    #[must_use]
    pub fn inspect(&self, object: &Gem) -> Option<BoState> {
        (self.inspect)(object)
    }

    /// The context of a file; `None` once it is closed.
    #[must_use]
    pub fn context(&self, file: &File) -> Option<Arc<Context>> {
        Some(Arc::clone(Private::of(file).ok()?.context()))
    }

    /// The objects of a file's command queues.
    #[must_use]
    pub fn queues(&self, file: &File) -> Vec<Gem> {
        let Ok(private) = Private::of(file) else {
            return Vec::new();
        };
        let queues = private.queues.lock();
        queues.values().map(|queue| queue.object()).collect()
    }
}
