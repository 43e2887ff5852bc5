//! Looking inside, for scenarios. No code of the driver uses this.

pub(crate) mod shmem;
pub(crate) mod uma;

use drm_core::device::File;
use drm_core::gem::Gem;
use drm_core::mm::NodeInfo;
use drm_core::sync::Arc;

use crate::Probed;
use crate::domain::Domain;
use crate::drv::FilePriv;

/// How to look inside the objects of a side.
pub(crate) type Inspect = fn(&Gem) -> Option<BoState>;

/// What is inside an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoState {
    /// Bytes of the object.
    pub size: u64,
    /// Users of its pages.
    pub pages_use: u32,
    /// Users of its kernel mapping.
    pub vmap_use: u32,
    /// Physical address of each page; `None` without pages.
    pub pages: Option<Vec<u64>>,
    /// Whether it has a scatter table.
    pub sgt: bool,
    /// Device address.
    pub start: u64,
    /// Bytes that are mapped, or were asked for.
    pub mapped: u64,
}

impl Probed {
    /// What is inside an object; `None` for one that is not the driver's.
    #[must_use]
    pub fn inspect(&self, object: &Gem) -> Option<BoState> {
        (self.inspect)(object)
    }

    /// The paging domain of a file.
    #[must_use]
    pub fn domain(&self, file: &File) -> Option<Arc<Domain>> {
        Some(Arc::clone(FilePriv::of(file).ok()?.domain()))
    }

    /// What is taken of the device addresses of a file; empty once it is closed.
    #[must_use]
    pub fn va_nodes(&self, file: &File) -> Vec<NodeInfo> {
        let va = FilePriv::of(file).and_then(FilePriv::va);
        va.map(|va| va.nodes()).unwrap_or_default()
    }

    /// What the last ioctl of a file returned, where that was more than 0: an answer that [`drm_core::device::File::ioctl`] cannot
    /// give.
    #[must_use]
    pub fn returned(&self, file: &File) -> u64 {
        FilePriv::of(file).map_or(0, FilePriv::returned)
    }

    /// References to the IOMMU group of core `index`; 0 beyond the cores.
    #[must_use]
    pub fn group_refs(&self, index: usize) -> usize {
        self.rocket
            .cores()
            .get(index)
            .map_or(0, |core| core.group_refs())
    }
}
