//! The seam between the driver and a memory library: all that the rest of the port asks of a side.
//!
//! Everything behind this trait touches a memory library and exists once per side; everything in front of it exists once.

use drm_core::device::{Device, File};
use drm_core::dma::{Entry, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::prime::{self, Attachment, DmaBuf};
use drm_core::sync::Arc;

use crate::uapi::CreateBo;

/// A side: the driver's objects on one memory library.
pub(crate) trait Memory: Send + Sync + 'static {
    /// `rocket_ioctl_create_bo`.
    fn create_bo(&self, file: &File, args: &mut CreateBo) -> Result;

    /// Hands a BO from CPU to NPU or back (`dma_sync_sgtable_for_cpu`, `_for_device`); the runs of physical memory whose cache lines
    /// go. `EFAULT` where the kernel would have crashed.
    fn sync(&self, object: &Gem) -> Result<Vec<Entry>>;

    /// Makes an object of a dma-buf: what `drm_driver` has, a side may have, too.
    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        prime::import(dev, dma_buf, dev.dma())
    }

    /// Whether [`Memory::gem_prime_import_sg_table`] is there.
    fn has_import_sg_table(&self) -> bool {
        false
    }

    /// Rocket has none: a foreign buffer is refused.
    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        let _ = (dev, attach, table);
        Err(Errno::EINVAL)
    }
}
