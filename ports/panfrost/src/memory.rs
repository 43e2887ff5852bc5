//! The seam between the driver and a memory library: all that the rest of the port asks of a side.
//!
//! Everything behind this trait touches a memory library and exists once per side; everything in front of it exists once.

use drm_core::device::{Device, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Shrinker;
use drm_core::prime::{self, Attachment, DmaBuf};
use drm_core::sync::Arc;

use crate::dump::DumpedBo;
use crate::mmu::Vm;
use crate::uapi::{CreateBo, GetBoOffset, Madvise, MmapBo};

/// A side: the driver's objects on one memory library.
pub(crate) trait Memory: Send + Sync + 'static {
    /// What is registered with the machine's reclaim.
    fn shrinker(self: Arc<Self>) -> Arc<dyn Shrinker>;

    /// `panfrost_ioctl_create_bo`.
    fn create_bo(&self, file: &File, args: &mut CreateBo) -> Result;

    /// `panfrost_ioctl_mmap_bo`.
    fn mmap_bo(&self, file: &File, args: &mut MmapBo) -> Result;

    /// `panfrost_ioctl_get_bo_offset`.
    fn get_bo_offset(&self, file: &File, args: &mut GetBoOffset) -> Result;

    /// `panfrost_ioctl_madvise`.
    fn madvise(&self, file: &File, args: &mut Madvise) -> Result;

    /// Makes an object of a dma-buf: what `drm_driver` has, a side may have, too.
    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        prime::import(dev, dma_buf, dev.dma())
    }

    /// Whether [`Memory::gem_prime_import_sg_table`] is there.
    fn has_import_sg_table(&self) -> bool {
        false
    }

    /// `panfrost_gem_prime_import_sg_table`.
    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        let _ = (dev, attach, table);
        Err(Errno::EINVAL)
    }

    /// The use that a job makes of a BO through its mapping in `file`. `EINVAL` without one.
    fn job_mapping(&self, file: &File, object: &Gem) -> Result<Box<dyn JobMapping>>;

    /// Maps a chunk of a heap because the GPU wants it (`panfrost_mmu_map_fault_addr`). An error ends the space.
    fn map_fault_addr(&self, as_nr: u32, addr: u64) -> Result;

    /// A buffer for performance counters, mapped in `file`'s VM and for the kernel (`panfrost_perfcnt_enable_locked`).
    fn perfcnt_buffer(&self, file: &File, size: u64) -> Result<Box<dyn PerfcntBuffer>>;
}

/// A BO in a job: it is not purged, and its VA stays, until this is dropped.
pub(crate) trait JobMapping: Send + Sync {
    /// What a core dump says of it (`panfrost_core_dump`).
    fn dump(&self) -> DumpedBo;
}

/// The buffer that the GPU samples its counters into.
pub(crate) trait PerfcntBuffer: Send {
    /// Where it is mapped.
    fn vm(&self) -> Arc<Vm>;

    /// VA in it.
    fn va(&self) -> u64;

    /// Copies its bytes. `EFAULT` when it is not mapped any more.
    fn read(&self, into: &mut [u8]) -> Result;

    /// Unmaps and frees it (`panfrost_perfcnt_disable_locked`).
    fn release(self: Box<Self>, file: &File);
}
