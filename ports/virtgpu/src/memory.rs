//! What a memory library does for the driver: the seam between the sides.

use drm_core::device::Device;
use drm_core::dma::{Entry, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::memory::KernelMap;
use drm_core::prime::{self, Attachment, DmaBuf};
use drm_core::resv::ResvGuard;
use drm_core::sync::Arc;

use crate::queue::FenceAlloc;
use crate::resource::{ObjectParams, Resource};

/// What the panic screen can draw into (`virtio_drm_get_scanout_buffer`).
pub(crate) enum PanicBuffer {
    /// The kernel's mapping of the object.
    Mapped(KernelMap),
    /// Its pages, by physical address.
    Pages(Vec<u64>),
}

/// A side.
pub(crate) trait Memory: Send + Sync + 'static {
    /// An object of the guest's memory, of which the host is told (`virtio_gpu_object_create`). With `fence` it is locked meanwhile.
    ///
    /// `ENOSPC` for size 0; `EINVAL` for a size that no file can have; `ENOMEM`; errors of the DMA mapping; `EINTR`. The host was told
    /// nothing then.
    fn object_create(
        &self,
        dev: &Device,
        params: &ObjectParams,
        fence: Option<FenceAlloc>,
    ) -> Result<Gem>;

    /// An object of the host's memory (`virtio_gpu_vram_create`).
    ///
    /// `ENOSPC` for size 0, and in a window that is full; `EINVAL` for a mapping without a window. The host was told, and is told again
    /// that it is not needed.
    fn vram_create(&self, dev: &Device, params: &ObjectParams) -> Result<Gem>;

    /// The host's side of an object. `EINVAL` for an object of another driver.
    fn resource(&self, object: &Gem) -> Result<Arc<Resource>>;

    /// Writes the CPU's caches back before the host reads (`dma_sync_sgtable_for_device`); the physical runs that were. `None` for an
    /// object that has no table.
    fn sync_for_device(&self, object: &Gem) -> Option<Vec<Entry>>;

    /// A table of an exported object for a device that is attached (`virtgpu_gem_map_dma_buf`).
    ///
    /// `EIO` for memory of the host that cannot be mapped; errors of the DMA mapping.
    fn map_dma_buf(
        &self,
        object: &Gem,
        attach: &Attachment,
        guard: &mut ResvGuard,
    ) -> Result<Arc<SgTable>>;

    /// What the panic screen draws into. Nothing may be waited for. `ENODEV` where there is nothing.
    fn panic_buffer(&self, object: &Gem) -> Result<PanicBuffer>;

    /// As `drm_core::device::Driver` has it.
    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        prime::import(dev, dma_buf, dev.dma())
    }

    /// As `drm_core::device::Driver` has it.
    fn has_import_sg_table(&self) -> bool {
        false
    }

    /// As `drm_core::device::Driver` has it.
    #[expect(unused_variables, reason = "the default needs none of its arguments")]
    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        Err(Errno::EINVAL)
    }
}
