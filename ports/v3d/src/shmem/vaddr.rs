//! The driver's own kernel mapping for CPU jobs: made of the page array without lock, count or check.

use drm_core::memory::{KernelMap, Page};

use super::bo::V3dBo;
use crate::side::Bo;

impl V3dBo {
    /// `v3d_get_bo_vaddr`. A second call forgets the first mapping; an import has no page array to map.
    fn map_kernel(&self) {
        let v3d = self.v3d();
        let fields = self.base.racy();
        let Some(pages) = &fields.pages else {
            v3d.machine()
                .oops("Segfault with no mm: vmap of a page array that is null");
            return;
        };
        let pages: Vec<Page> = pages.iter().flatten().cloned().collect();
        let map = KernelMap::new(v3d.machine().ram(), &pages).ok();
        v3d.machine().counters().vmaps.add(1);
        *self.vaddr.lock() = map;
    }

    /// `v3d_put_bo_vaddr`
    pub(super) fn unmap_kernel(&self) {
        if let Some(map) = self.vaddr.lock().take() {
            map.unmap();
            self.v3d().machine().counters().vunmaps.add(1);
        }
    }
}

impl Bo for V3dBo {
    fn node(&self) -> Option<(u64, u64)> {
        let node = self.node.lock();
        node.as_ref().map(|node| (node.start(), node.size()))
    }

    fn get_vaddr(&self) -> Option<KernelMap> {
        self.map_kernel();
        self.vaddr.lock().clone()
    }

    fn put_vaddr(&self) {
        self.unmap_kernel();
    }
}
