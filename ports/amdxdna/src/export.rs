//! The dma-buf operations of the driver's own (`amdxdna_dmabuf_ops`): the core's, but for `mmap`.

use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::gem::{Gem, IosysMap};
use drm_core::mmap::NewVma;
use drm_core::prime::{Attachment, Direction, DmaBuf, DmaBufOps};
use drm_core::resv::ResvGuard;
use drm_core::sync::Arc;

/// How an exported object is mapped.
pub(crate) type Mmap = fn(&Gem, &mut NewVma) -> Result;

/// An exported object.
pub(crate) struct Exported {
    pub(crate) object: Gem,
    pub(crate) mmap: Mmap,
}

impl DmaBufOps for Exported {
    fn object(&self) -> Option<&Gem> {
        Some(&self.object)
    }

    fn attach(&self, _attach: &Attachment) -> Result {
        let mut guard = self.object.gem().resv().lock();
        self.object.pin(&mut guard)
    }

    fn detach(&self, _attach: &Attachment) {
        let mut guard = self.object.gem().resv().lock();
        self.object.unpin(&mut guard);
    }

    fn map(
        &self,
        attach: &Attachment,
        guard: &mut ResvGuard,
        _direction: Direction,
    ) -> Result<Arc<SgTable>> {
        let table = self.object.get_sg_table(guard)?;
        table.map(attach.device())?;
        Ok(Arc::new(table))
    }

    fn caches_mapping(&self) -> bool {
        true
    }

    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        self.object.vmap(guard)
    }

    fn vunmap(&self, guard: &mut ResvGuard, map: &IosysMap) {
        self.object.vunmap(guard, map);
    }

    /// `amdxdna_gem_dmabuf_mmap`.
    fn mmap(&self, _dma_buf: &DmaBuf, vma: &mut NewVma) -> Result {
        (self.mmap)(&self.object, vma)
    }
}
