//! Export: a GEM object as a dma-buf (`drm_gem_prime_export`, `drm_gem_prime_handle_to_dmabuf`).

use super::attachment::Attachment;
use super::dma_buf::{Direction, DmaBuf, DmaBufOps};
use crate::device::{Device, File};
use crate::dma::SgTable;
use crate::errno::{Errno, Result};
use crate::gem::{Gem, Header, IosysMap};
use crate::mmap::NewVma;
use crate::resv::ResvGuard;
use crate::sync::Arc;

/// The default exporter (`drm_gem_prime_dmabuf_ops`): it forwards to the object's operations.
///
/// Holds a reference to the object and to the device until the dma-buf is released.
#[derive(Debug)]
pub struct GemDmaBufOps {
    object: Gem,
    dev: Device,
}

impl GemDmaBufOps {
    /// The device that exported.
    #[must_use]
    pub fn dev(&self) -> &Device {
        &self.dev
    }
}

impl DmaBufOps for GemDmaBufOps {
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

    /// Possession of the dma-buf is the permission: the offset's list of files is not asked (`drm_gem_prime_mmap`).
    fn mmap(&self, _dma_buf: &DmaBuf, vma: &mut NewVma) -> Result {
        let start = self.object.gem().node().offset().unwrap_or(0) >> crate::PAGE_SHIFT;
        vma.shift(start);
        vma.set_object(Some(self.object.clone()));
        self.object.mmap(vma).inspect_err(|_| vma.set_object(None))
    }
}

/// Exports an object with the default operations (`drm_gem_prime_export`).
pub fn export(header: &Header, writable: bool) -> Result<DmaBuf> {
    let object = header.get().ok_or(Errno::ENOENT)?;
    let ops = Arc::new(GemDmaBufOps {
        object,
        dev: header.dev().clone(),
    });
    Ok(export_with(header, writable, ops))
}

/// Exports an object with operations of a driver's own (`drm_gem_dmabuf_export`).
#[must_use]
pub fn export_with(header: &Header, writable: bool, ops: Arc<dyn DmaBufOps>) -> DmaBuf {
    DmaBuf::new(
        header.machine(),
        header.size(),
        header.resv(),
        writable,
        ops,
    )
}

impl File {
    /// The dma-buf of a handle (`DRM_IOCTL_PRIME_HANDLE_TO_FD`): the one it has, or a new one.
    ///
    /// `ENOENT` for an unknown handle, else what the driver's `export` answers.
    pub fn export(&self, handle: u32, writable: bool) -> Result<DmaBuf> {
        let _syscall = self.machine().syscall();
        let mut cache = self.prime().lock();
        let object = self.lookup(handle).ok_or(Errno::ENOENT)?;
        if let Some(dma_buf) = cache.dma_buf_of(handle) {
            return Ok(dma_buf);
        }
        let header = object.gem();
        let _names = self.dev().lock_names();
        let dma_buf = if let Some(attach) = header.import_attach() {
            attach.dma_buf().clone()
        } else if let Some(dma_buf) = header.dma_buf() {
            dma_buf
        } else {
            if header.handle_count() == 0 {
                return Err(Errno::ENOENT);
            }
            let dma_buf = object.export(writable)?;
            header.set_dma_buf(&dma_buf);
            dma_buf
        };
        cache.add(&dma_buf, handle);
        Ok(dma_buf)
    }
}
