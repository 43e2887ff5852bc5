//! What a driver implements (`struct drm_driver`).

use std::any::Any;

use super::{Device, DumbArgs, File, IoctlNr};
use crate::dma::SgTable;
use crate::errno::{Errno, Result};
use crate::gem::Gem;
use crate::mmap::NewVma;
use crate::prime::{self, Attachment, DmaBuf};
use crate::sync::Arc;

bitflags::bitflags! {
    /// What a driver offers (`driver_features`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Features: u32 {
        /// Buffer objects.
        const GEM = 1;
        /// Display.
        const MODESET = 1 << 1;
        /// A render node.
        const RENDER = 1 << 2;
        /// A list of GPU mappings in each object.
        const GPUVA = 1 << 3;
        /// A compute accelerator.
        const ACCEL = 1 << 4;
        /// Sync objects.
        const SYNCOBJ = 1 << 5;
    }
}

/// A DRM driver. What it leaves out answers as the core does.
#[expect(unused_variables, reason = "the defaults need none of their arguments")]
pub trait Driver: Any + Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// What it offers.
    fn features(&self) -> Features {
        Features::GEM
    }

    /// A file is opened. Private data is attached with [`File::set_private`].
    fn open(&self, file: &File) -> Result {
        Ok(())
    }

    /// A file goes: its framebuffers are removed, before its handles are closed (`drm_fb_release`).
    fn fb_release(&self, file: &File) {}

    /// A file is gone; its handles are closed.
    fn postclose(&self, file: &File) {}

    /// A driver's own ioctl, by number less `DRM_COMMAND_BASE`. `arg` is the argument struct, copied back even after
    /// an error. `EINVAL` for an unknown number.
    fn ioctl(&self, file: &File, nr: u32, arg: &mut [u8]) -> Result {
        Err(Errno::EINVAL)
    }

    /// The size of the argument struct of ioctl `nr`; a shorter one from user space is padded with zeros, a longer one
    /// cut. `None` for an unknown number.
    fn ioctl_size(&self, nr: u32) -> Option<usize> {
        None
    }

    /// An ioctl of the display part of the core (`DRM_IOCTL_MODE_*`, but for dumb buffers). `EOPNOTSUPP` for a driver without
    /// a display.
    fn mode_ioctl(&self, file: &File, number: IoctlNr, arg: &mut [u8]) -> Result {
        Err(Errno::EOPNOTSUPP)
    }

    /// A mapping of the device's file at an offset that is no object's (the driver's own `fops.mmap`): its answer, or `None` for
    /// what the core maps.
    fn mmap(&self, file: &File, vma: &mut NewVma) -> Option<Result> {
        None
    }

    /// Makes an object of a dma-buf (`gem_prime_import`).
    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        prime::import(dev, dma_buf, dev.dma())
    }

    /// Makes an object of an exporter's table (`gem_prime_import_sg_table`). `EINVAL` where a driver has none. The
    /// attachment and the exporter's reservation are put into the object by the core, afterwards.
    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        Err(Errno::EINVAL)
    }

    /// Whether [`Driver::gem_prime_import_sg_table`] is there.
    fn has_import_sg_table(&self) -> bool {
        false
    }

    /// Makes a buffer for the CPU to draw into (`dumb_create`). `ENOSYS` where a driver has none.
    fn dumb_create(&self, file: &File, args: &mut DumbArgs) -> Result {
        Err(Errno::ENOSYS)
    }
}
