//! The seam between the driver and a memory library: all that the rest of the port asks of a side.
//!
//! Everything behind this trait touches a memory library and exists once per side; everything in front of it exists once.

use std::ops::Range;

use drm_core::device::{Device, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::prime::{self, Attachment, DmaBuf};
use drm_core::sync::Arc;

use crate::context::Context;
use crate::uapi::{BoCreate, BoInfo};

/// A side: the driver's objects on one memory library.
pub(crate) trait Memory: Send + Sync + 'static {
    /// `ivpu_bo_create_ioctl`.
    fn bo_create(&self, file: &File, args: &mut BoCreate) -> Result;

    /// `ivpu_bo_info_ioctl`.
    fn bo_info(&self, file: &File, args: &mut BoInfo) -> Result;

    /// Makes a BO resident and maps it in its context, if it is not (`ivpu_bo_bind`).
    fn bind(&self, object: &Gem) -> Result;

    /// Where the NPU sees a BO.
    fn vpu_addr(&self, object: &Gem) -> Result<u64>;

    /// What became of the last job whose commands are in a BO.
    fn job_status(&self, object: &Gem) -> u32;

    /// Says what became of it.
    fn set_job_status(&self, object: &Gem, status: u32);

    /// Takes every BO out of a context that is being closed (`ivpu_bo_unbind_all_bos_from_context`).
    fn unbind_all(&self, context: &Arc<Context>);

    /// Every BO, as debugfs lists them (`ivpu_bo_list`).
    fn bo_list(&self) -> Vec<Listed>;

    /// A BO of the kernel, bound from the start (`ivpu_bo_create`). `None` for whatever goes wrong.
    fn kernel_bo(
        &self,
        dev: &Device,
        context: &Arc<Context>,
        range: &Range<u64>,
        size: u64,
        flags: u32,
    ) -> Option<Box<dyn KernelBo>>;

    /// Makes an object of a dma-buf: what `drm_driver` has, a side may have, too.
    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        prime::import(dev, dma_buf, dev.dma())
    }

    /// Whether [`Memory::gem_prime_import_sg_table`] is there.
    fn has_import_sg_table(&self) -> bool {
        false
    }

    /// ivpu has none.
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

/// A BO in the list of debugfs (`ivpu_bo_print_info`), without its pointer and references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The stream of its context, while it has one.
    pub ssid: Option<u32>,
    /// Where the NPU sees it, or did.
    pub vpu_addr: u64,
    /// Bytes.
    pub size: u64,
    /// What it was created with.
    pub flags: u32,
    /// Pages of its own.
    pub has_pages: bool,
    /// Mapped in its context.
    pub mmu_mapped: bool,
    /// An import.
    pub imported: bool,
}

/// A BO of the kernel; given up when this is dropped (`ivpu_bo_free`).
pub(crate) trait KernelBo: Send {
    /// The object.
    fn object(&self) -> Gem;

    /// Where the NPU sees it.
    fn vpu_addr(&self) -> u64;

    /// Reads through its kernel mapping. `EFAULT` without one.
    fn read(&self, at: u64, into: &mut [u8]) -> Result;

    /// Writes through its kernel mapping. `EFAULT` without one.
    fn write(&self, at: u64, from: &[u8]) -> Result;
}
