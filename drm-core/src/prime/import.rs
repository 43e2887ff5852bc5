//! Import: a dma-buf as a GEM object (`drm_gem_prime_import_dev`, `drm_gem_prime_fd_to_handle`).

use super::attachment::Attachment;
use super::dma_buf::{Direction, DmaBuf};
use super::export::GemDmaBufOps;
use crate::device::{Device, File};
use crate::dma::DmaDevice;
use crate::errno::{Errno, Result};
use crate::gem::Gem;
use crate::sync::Arc;

/// The object behind a dma-buf that this very device exported with the default operations.
#[must_use]
pub fn self_import(dev: &Device, dma_buf: &DmaBuf) -> Option<Gem> {
    use super::dma_buf::DmaBufOps;
    let ops = dma_buf.ops_as::<GemDmaBufOps>()?;
    let object = ops.object()?;
    object.gem().dev().is(dev).then(|| object.clone())
}

/// Imports with a table mapped for `device` (`drm_gem_prime_import_dev`).
///
/// An own buffer is just referenced. `EINVAL` for a driver that cannot import tables, else the exporter's or the
/// driver's answer. The object learns that it is an import only after the driver made it.
pub fn import(dev: &Device, dma_buf: &DmaBuf, device: &DmaDevice) -> Result<Gem> {
    if let Some(object) = self_import(dev, dma_buf) {
        return Ok(object);
    }
    let driver = dev.driver().clone();
    if !driver.has_import_sg_table() {
        return Err(Errno::EINVAL);
    }
    let attach = dma_buf.attach(device)?;
    let table = attach
        .map_unlocked(Direction::Bidirectional)
        .inspect_err(|_| attach.detach())?;
    match driver.gem_prime_import_sg_table(dev, &attach, Arc::clone(&table)) {
        Ok(object) => {
            object.gem().set_import_attach(attach);
            object.gem().resv_slot().choose(dma_buf.resv().clone());
            Ok(object)
        }
        Err(error) => {
            attach.unmap_unlocked(&table);
            attach.detach();
            Err(error)
        }
    }
}

/// Attaches `device` to a foreign buffer without mapping it, and lets `make` build the object of the attachment
/// (`drm_gem_shmem_prime_import_no_map`). An own buffer is just referenced.
pub fn import_no_map(
    dev: &Device,
    dma_buf: &DmaBuf,
    device: &DmaDevice,
    make: impl FnOnce(&Arc<Attachment>) -> Result<Gem>,
) -> Result<Gem> {
    if let Some(object) = self_import(dev, dma_buf) {
        return Ok(object);
    }
    let attach = dma_buf.attach(device)?;
    make(&attach).inspect_err(|_| attach.detach())
}

/// Ends an import: unmaps its table, if it has one, and detaches (`drm_prime_gem_destroy`).
pub fn destroy(attach: &Attachment, table: Option<&Arc<crate::dma::SgTable>>) {
    if let Some(table) = table {
        attach.unmap_unlocked(table);
    }
    attach.detach();
}

impl File {
    /// The handle of a dma-buf (`DRM_IOCTL_PRIME_FD_TO_HANDLE`): the one that this file has, or a new one.
    ///
    /// A second import into the same file gives the same handle without a reference of its own: one close ends it.
    pub fn import(&self, dma_buf: &DmaBuf) -> Result<u32> {
        let _syscall = self.machine().syscall();
        let mut cache = self.prime().lock();
        if let Some(handle) = cache.handle_of(dma_buf) {
            return Ok(handle);
        }
        let names = self.dev().lock_names();
        let object = self
            .dev()
            .driver()
            .clone()
            .gem_prime_import(self.dev(), dma_buf)?;
        object.gem().set_dma_buf(dma_buf);
        let created = self.handle_create_named(&object, names);
        drop(object);
        let handle = created?;
        cache.add(dma_buf, handle);
        Ok(handle)
    }
}
