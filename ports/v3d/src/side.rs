//! What the rest of the port asks of the side that touches a memory library.

use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{self, Gem};
use drm_core::memory::KernelMap;
use drm_core::prime::{self, Attachment, DmaBuf};
use drm_core::sync::Arc;

/// A memory library under the driver.
pub trait Memory: Send + Sync {
    /// What it is called in traces.
    fn name(&self) -> &'static str;

    /// A new object of `size` bytes with its pages, its GPU address and its entries (`v3d_bo_create`). `EINVAL`, `ENOMEM`,
    /// `ENOSPC`, `EIO`.
    fn create_bo(&self, dev: &Device, size: u64) -> Result<Gem>;

    /// Makes an object of a dma-buf: what `drm_driver` has, a side may have, too.
    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        prime::import(dev, dma_buf, dev.dma())
    }

    /// Whether [`Memory::gem_prime_import_sg_table`] is there.
    fn has_import_sg_table(&self) -> bool {
        false
    }

    /// [`Memory::create_bo`] for an exporter's table (`v3d_prime_import_sg_table`). `ENOSPC`, `ENOMEM`.
    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        let _ = (dev, attach, table);
        Err(Errno::EINVAL)
    }

    /// The object as one of this side.
    fn bo<'a>(&self, object: &'a dyn gem::Object) -> Option<&'a dyn Bo>;
}

/// An object of a side, as jobs and ioctls use it.
pub trait Bo: Send + Sync {
    /// First page and pages of its place in the GPU's space; `None` while it has none.
    fn node(&self) -> Option<(u64, u64)>;

    /// Maps the whole object for a CPU job, if that works (`v3d_get_bo_vaddr`).
    fn get_vaddr(&self) -> Option<KernelMap>;

    /// Undoes a [`Bo::get_vaddr`] that worked (`v3d_put_bo_vaddr`).
    fn put_vaddr(&self);
}
