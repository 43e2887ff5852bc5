//! Export with operations of the driver's own, and import that bypasses the core (`amdxdna_gem_prime_export`, `_import`).

use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Header, IosysMap};
use drm_core::mmap::NewVma;
use drm_core::prime::{Attachment, Direction, DmaBuf, DmaBufOps, export_with};
use drm_core::resv::ResvGuard;
use drm_core::sync::Arc;
use gem_shmem::legacy;

use super::Objects;
use super::gem::{AmdxdnaObject, Attached, to_xdna_obj};
use crate::uapi::DEV;
use crate::umap::UserMaps;

impl AmdxdnaObject {
    /// `EOPNOTSUPP` for a piece of the heap, and for what is made of user memory or of a descriptor.
    pub(super) fn export_buffer(&self, writable: bool) -> Result<DmaBuf> {
        if self.kind() == DEV || self.private_buffer.get().is_some() {
            return Err(Errno::EOPNOTSUPP);
        }
        if let Some(attached) = self.attached.get() {
            return Ok(attached.dma_buf.clone());
        }
        let header: &Header = &self.base.base;
        let object = header.get().ok_or(Errno::ENOENT)?;
        Ok(export_with(header, writable, Arc::new(Exported(object))))
    }
}

impl Objects {
    /// `amdxdna_gem_prime_import`: a buffer of this very device is none of its objects here, but an import like any other. It is
    /// mapped at once. The core is not told that the object is an import, and takes it for a native one.
    pub(super) fn import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem<AmdxdnaObject>> {
        let attach = dma_buf.attach(dev.dma())?;
        let sgt = attach
            .map_unlocked(Direction::Bidirectional)
            .inspect_err(|_| attach.detach())?;
        let made = legacy::prime_import_sg_table::<AmdxdnaObject>(dev, &attach, Some(sgt.clone()));
        let bo = made.inspect_err(|_| {
            attach.unmap_unlocked(&sgt);
            attach.detach();
        })?;
        bo.device.get_or_init(|| Arc::clone(&self.device));
        bo.maps.get_or_init(|| UserMaps::new(&self.device));
        bo.base.base.resv_slot().choose(dma_buf.resv().clone());
        bo.attached.get_or_init(|| Attached {
            attach,
            dma_buf: dma_buf.clone(),
        });
        Ok(bo)
    }
}

/// `amdxdna_dmabuf_ops`: the core's, but for `mmap`.
struct Exported(Gem);

impl DmaBufOps for Exported {
    fn object(&self) -> Option<&Gem> {
        Some(&self.0)
    }

    fn attach(&self, _attach: &Attachment) -> Result {
        let mut guard = self.0.gem().resv().lock();
        self.0.pin(&mut guard)
    }

    fn detach(&self, _attach: &Attachment) {
        let mut guard = self.0.gem().resv().lock();
        self.0.unpin(&mut guard);
    }

    fn map(
        &self,
        attach: &Attachment,
        guard: &mut ResvGuard,
        _direction: Direction,
    ) -> Result<Arc<SgTable>> {
        let table = self.0.get_sg_table(guard)?;
        table.map(attach.device())?;
        Ok(Arc::new(table))
    }

    fn caches_mapping(&self) -> bool {
        true
    }

    fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
        self.0.vmap(guard)
    }

    fn vunmap(&self, guard: &mut ResvGuard, map: &IosysMap) {
        self.0.vunmap(guard, map);
    }

    /// `amdxdna_gem_dmabuf_mmap`: the operations of the base class are set by hand, and nobody is told where the object is mapped.
    fn mmap(&self, _dma_buf: &DmaBuf, vma: &mut NewVma) -> Result {
        let bo = to_xdna_obj(&self.0)?;
        vma.set_object(Some(self.0.clone()));
        bo.insert_pages(vma).inspect_err(|_| vma.set_object(None))
    }
}
