//! What the driver asks of its buffer objects: the only way to them for code that both sides share.

use drm_core::device::Device;
use drm_core::dma::{Entry, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::exec::Exec;
use drm_core::gem::{Gem, Object};
use drm_core::gpuvm::{GpuVaList, VmTypes};
use drm_core::memory::KernelMap;
use drm_core::prime::{self, Attachment, DmaBuf};
use drm_core::sync::Arc;

use crate::uapi::BoFlags;

/// A buffer object of one side (`struct pvr_gem_object` and the functions of `pvr_gem.c`).
pub trait PvrGem: Object + Sized {
    /// How foreign buffers become such objects.
    type Hooks: DriverHooks;

    /// A new object of `size` bytes, rounded up to whole pages; every page is there, zero, and mapped for the device
    /// (`pvr_gem_object_create`).
    ///
    /// `EINVAL` for size 0 and for flags that do not go together; `ENOMEM`; `EINTR`.
    fn create(dev: &Device, size: u64, flags: BoFlags) -> Result<Gem<Self>>;

    /// What it was created with; nothing for an import.
    fn flags(&self) -> BoFlags;

    /// The address spaces that it is mapped in.
    fn gpuva(&self) -> &GpuVaList<PvrVm<Self>>;

    /// Its pages as the device sees them, now and for as long as it lives (`pvr_gem_object_get_pages_sgt`). `EINTR`, `ENOMEM`.
    fn get_pages_sgt(&self) -> Result<Vec<Entry>>;

    /// The same for a block of memory of a free list, whose frames are handed out as numbers (`pvr_free_list.c:
    /// pvr_free_list_insert_node_locked`).
    ///
    /// # Errors
    ///
    /// As [`PvrGem::get_pages_sgt`].
    fn get_block_sgt(&self) -> Result<Vec<Entry>>;

    /// Maps it for the kernel (`pvr_gem_object_vmap`). `ENOMEM`.
    fn kernel_map(&self) -> Result<KernelMap>;

    /// Undoes one [`PvrGem::kernel_map`] (`pvr_gem_object_vunmap`).
    fn kernel_unmap(&self);

    /// Where the device sees byte `offset` (`pvr_gem_get_dma_addr`). `EINVAL` beyond the object.
    fn get_dma_addr(&self, offset: u32) -> Result<u64>;
}

/// What a side puts into the driver's table of functions (`struct drm_driver`).
pub trait DriverHooks: Default + Send + Sync + 'static {
    /// Makes an object of a dma-buf (`gem_prime_import`). Errors of the exporter, and of the object.
    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        prime::import(dev, dma_buf, dev.dma())
    }

    /// Whether [`DriverHooks::gem_prime_import_sg_table`] is there.
    fn has_import_sg_table(&self) -> bool {
        false
    }

    /// Makes an object of an exporter's table (`gem_prime_import_sg_table`). `EINVAL` where a side has none.
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

/// The driver's types around `drm_gpuvm`.
pub struct PvrVm<B>(std::marker::PhantomData<fn() -> B>);

impl<B: PvrGem> VmTypes for PvrVm<B> {
    type Object = B;
    type VmData = ();
    type VaData = ();
    type VmBoData = ();
    type Exec = Exec;

    fn gpuva_list(object: &B) -> &GpuVaList<Self> {
        object.gpuva()
    }
}
