//! Export with operations of the driver's own, and import that bypasses the core (`amdxdna_gem_prime_export`, `_import`).

use drm_core::device::Device;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Header};
use drm_core::mmap::NewVma;
use drm_core::prime::{DmaBuf, export_with};
use drm_core::sync::Arc;
use gem_shmem::legacy;

use super::Objects;
use super::gem::{AmdxdnaObject, to_xdna_obj};
use crate::attached::Attached;
use crate::export::Exported;
use crate::place::Place;
use crate::uapi::DEV;

impl AmdxdnaObject {
    /// `EOPNOTSUPP` for a piece of the heap, and for what is made of user memory or of a descriptor.
    pub(super) fn export_buffer(&self, writable: bool) -> Result<DmaBuf> {
        if self.kind() == DEV || self.private_buffer.get().is_some() {
            return Err(Errno::EOPNOTSUPP);
        }
        if let Some(attached) = self.attached.get() {
            return Ok(attached.dma_buf().clone());
        }
        let header: &Header = &self.base.base;
        let object = header.get().ok_or(Errno::ENOENT)?;
        let mmap = mmap_exported;
        let ops = Arc::new(Exported { object, mmap });
        Ok(export_with(header, writable, ops))
    }
}

/// `amdxdna_gem_dmabuf_mmap`: the operations of the base class are set by hand, and nobody is told where the object is mapped.
fn mmap_exported(object: &Gem, vma: &mut NewVma) -> Result {
    let bo = to_xdna_obj(object)?;
    vma.set_object(Some(object.clone()));
    bo.insert_pages(vma).inspect_err(|_| vma.set_object(None))
}

impl Objects {
    /// `amdxdna_gem_prime_import`: a buffer of this very device is none of its objects here, but an import like any other. It is
    /// mapped at once. The core is not told that the object is an import, and takes it for a native one.
    pub(super) fn import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem<AmdxdnaObject>> {
        let attached = Attached::new(dev, dma_buf)?;
        let (attach, table) = (attached.attach(), attached.table().clone());
        let bo = legacy::prime_import_sg_table::<AmdxdnaObject>(dev, attach, Some(table))?;
        bo.place.get_or_init(|| Place::new(&self.device));
        bo.base.base.resv_slot().choose(dma_buf.resv().clone());
        bo.attached.get_or_init(|| attached);
        Ok(bo)
    }
}
