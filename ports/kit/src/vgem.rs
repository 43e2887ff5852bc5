//! vgem: a device without hardware, as foreign exporter and importer of buffers (`vgem_drv.c`).

use drm_core::device::{Device, Driver, DumbArgs, File};
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Machine;
use drm_core::prime::DmaBuf;
use drm_core::sync::Arc;
use gem_shmem::Object;

struct VgemDriver;

impl Driver for VgemDriver {
    fn name(&self) -> &'static str {
        "vgem"
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        Object::prime_import(dev, dma_buf, Some(dev.dma()))
    }

    fn dumb_create(&self, file: &File, args: &mut DumbArgs) -> Result {
        Object::dumb_create(file, args)
    }
}

/// The device, and one open file of it.
#[derive(Debug)]
pub struct Vgem {
    file: File,
}

impl Vgem {
    /// The vgem device of `machine`, opened.
    ///
    /// # Errors
    ///
    /// Those of opening a file.
    pub fn new(machine: &Machine) -> Result<Self> {
        let dma = DmaDevice::new(machine, "vgem", DmaConfig::default());
        let device = Device::new(dma, Arc::new(VgemDriver));
        Ok(Self {
            file: device.open()?,
        })
    }

    /// The open file, for mappings.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// A buffer of `pages` pages; its handle and its bytes.
    ///
    /// # Errors
    ///
    /// Those of `DRM_IOCTL_MODE_CREATE_DUMB`.
    pub fn create(&self, pages: u32) -> Result<(u32, u64)> {
        let mut args = DumbArgs {
            width: 1024,
            height: pages,
            bpp: 32,
            ..DumbArgs::default()
        };
        self.file.create_dumb(&mut args)?;
        Ok((args.handle, args.size))
    }

    /// A buffer of `pages` pages, and its dma-buf.
    ///
    /// # Errors
    ///
    /// Those of [`Vgem::create`], and of the export.
    pub fn export(&self, pages: u32) -> Result<(u32, DmaBuf)> {
        let (handle, _) = self.create(pages)?;
        Ok((handle, self.file.export(handle, true)?))
    }

    /// The handle of a foreign buffer: the device attaches to it.
    ///
    /// # Errors
    ///
    /// The exporter's answer.
    pub fn import(&self, dma_buf: &DmaBuf) -> Result<u32> {
        self.file.import(dma_buf)
    }

    /// Gives a handle up.
    ///
    /// # Errors
    ///
    /// `EINVAL` for an unknown one.
    pub fn close(&self, handle: u32) -> Result {
        self.file.handle_delete(handle)
    }

    /// The mmap offset of a handle, in bytes.
    ///
    /// # Errors
    ///
    /// `ENOENT` for an unknown handle.
    pub fn offset(&self, handle: u32) -> Result<u64> {
        let object = self.file.lookup(handle).ok_or(Errno::ENOENT)?;
        object.gem().create_mmap_offset()
    }
}
