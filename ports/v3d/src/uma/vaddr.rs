//! The kernel mapping of CPU jobs: the object's own, counted, which keeps the pages where they are.

use drm_core::memory::KernelMap;

use super::bo::V3dBo;
use crate::side::Bo;

impl V3dBo {
    /// `v3d_get_bo_vaddr`. Users share one mapping; an import is mapped by its exporter.
    fn map_kernel(&self) -> Option<KernelMap> {
        let mut guard = self.gem.resv().lock();
        let map = self.cmap.vmap(&mut guard, &self.backing, &self.dmap);
        map.ok().map(|map| map.map().clone())
    }

    /// `v3d_put_bo_vaddr`
    fn unmap_kernel(&self) {
        let mut guard = self.gem.resv().lock();
        self.cmap.vunmap(&mut guard, &self.backing);
    }
}

impl Bo for V3dBo {
    fn node(&self) -> Option<(u64, u64)> {
        let node = self.node.lock();
        node.as_ref().map(|node| (node.start(), node.size()))
    }

    fn get_vaddr(&self) -> Option<KernelMap> {
        self.map_kernel()
    }

    fn put_vaddr(&self) {
        self.unmap_kernel();
    }
}
