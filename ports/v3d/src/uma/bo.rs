//! The object: creation, import, release, and its function table (`v3d_bo.c`).

use drm_core::device::Device;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Gone, Header, Status};
use drm_core::mm::Node;
use drm_core::sync::{Arc, Mutex};
use gem_uma::{
    Backing, BackingOptions, Caching, CpuMap, CpuMapOptions, DeviceMap, New, Share, ShareOptions,
    UmaObject,
};

use super::mmu;
use crate::device::V3d;

/// `struct v3d_bo`
#[derive(Debug, UmaObject)]
#[uma(free_before = Self::free_own, status = Self::status_own, rss = none)]
pub struct V3dBo {
    /// The GEM object.
    #[uma(gem)]
    pub gem: Header,
    /// The pages.
    #[uma(backing)]
    pub backing: Backing,
    /// The table mapped for the device.
    #[uma(device_map)]
    pub dmap: DeviceMap,
    /// Kernel and user mappings.
    #[uma(cpu_map)]
    pub cmap: CpuMap,
    /// Export and import.
    #[uma(share)]
    pub share: Share,
    /// The place in the GPU's space; from the end of creation to the release.
    pub(super) node: Mutex<Option<Node>>,
}

impl V3dBo {
    pub(super) fn v3d(&self) -> Arc<V3d> {
        let dev = self.gem.dev();
        dev.driver_as::<V3d>()
            .expect("objects of this type are made by v3d devices alone")
    }
}

impl V3dBo {
    /// `v3d_create_object`: `EINVAL` for size 0.
    pub fn new(new: New) -> Result<Self> {
        if new.size() == 0 {
            return Err(Errno::EINVAL);
        }
        Ok(Self {
            backing: Backing::new(&new, BackingOptions::as_base_class().dirty(true)),
            dmap: DeviceMap::new(&new),
            cmap: CpuMap::new(
                &new,
                CpuMapOptions::as_base_class().caching(Caching::WriteCombined),
            ),
            share: Share::new(&new, ShareOptions::default()),
            gem: new.into_gem(),
            node: Mutex::default(),
        })
    }
}

impl V3dBo {
    /// `v3d_free_object`. An object that got no place was not counted.
    fn free_own(&self, _gone: &Gone) {
        mmu::remove_ptes(self);

        let v3d = self.v3d();
        if let Some(node) = self.node.lock().take() {
            v3d.uncount_bo(self.gem.pages());
            v3d.remove_node(node);
        }
    }

    /// `v3d_gem_status`: an import is never resident, since it has no page array.
    fn status_own(&self) -> Option<Status> {
        let mut status = Status::empty();
        if self.backing.is_resident() {
            status |= Status::RESIDENT;
        }
        Some(status)
    }
}

/// `v3d_bo_create_finish`: pages and table for good, then a place, then entries.
pub(super) fn create_finish(bo: &V3dBo) -> Result {
    let v3d = bo.v3d();
    let table = bo.dmap.lock_table(&bo.backing)?;

    let pages = bo.gem.pages();
    *bo.node.lock() = Some(v3d.insert_node(pages)?);
    v3d.count_bo(pages);

    mmu::insert_ptes(bo, &table)
}

/// `v3d_bo_create`
pub(super) fn create(dev: &Device, size: u64) -> Result<Gem<V3dBo>> {
    let bo = gem_uma::create(dev, size, V3dBo::new)?;
    match create_finish(&bo) {
        Ok(()) => Ok(bo),
        Err(error) => Err(error),
    }
}
