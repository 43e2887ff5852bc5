//! The driver as the core sees it (`virtgpu_drv.c`, `virtgpu_gem.c`).

use drm_core::device::{Device, Driver, DumbArgs, Features, File};
use drm_core::dma::{DmaConfig, DmaDevice, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Machine;
use drm_core::prime::Attachment;
use drm_core::sync::Arc;
use drm_core::sync::atomic::{AtomicU32, Ordering};

use crate::host::Host;
use crate::shmem;

/// What all devices of the module share: the counter of resource ids (`virtio_gpu_resource_id_get`, `virglhack`).
#[derive(Default)]
pub struct Module {
    seqno: AtomicU32,
}

impl Module {
    /// The next id; the first is 2.
    pub(crate) fn resource_id(&self) -> u32 {
        self.seqno.fetch_add(1, Ordering::SeqCst) + 2
    }
}

/// The driver of one device.
pub struct VirtGpu {
    pub(crate) module: Arc<Module>,
    pub(crate) host: Arc<Host>,
    /// Whether addresses are those of the DMA API (`ACCESS_PLATFORM`), not physical ones.
    pub(crate) use_dma_api: bool,
}

/// A device of `module` on `host`. `use_dma_api`: the transport offers `ACCESS_PLATFORM`.
#[must_use]
pub fn probe(
    machine: &Machine,
    module: &Arc<Module>,
    host: &Arc<Host>,
    dma: DmaConfig,
    use_dma_api: bool,
) -> Device {
    let driver = VirtGpu {
        module: Arc::clone(module),
        host: Arc::clone(host),
        use_dma_api,
    };
    let dma = DmaDevice::new(machine, "virtio_gpu", dma);
    Device::new(dma, Arc::new(driver))
}

impl Driver for VirtGpu {
    fn name(&self) -> &'static str {
        "virtio_gpu"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::MODESET | Features::RENDER | Features::SYNCOBJ
    }

    fn has_import_sg_table(&self) -> bool {
        true
    }

    /// `virtgpu_gem_prime_import_sg_table`: the stub of 6.12, `ENODEV`.
    fn gem_prime_import_sg_table(
        &self,
        _dev: &Device,
        _attach: &Arc<Attachment>,
        _table: Arc<SgTable>,
    ) -> Result<Gem> {
        Err(Errno::ENODEV)
    }

    /// `virtio_gpu_mode_dumb_create`: `EINVAL` for anything but 32 bits per pixel.
    fn dumb_create(&self, file: &File, args: &mut DumbArgs) -> Result {
        if args.bpp != 32 {
            return Err(Errno::EINVAL);
        }
        let pitch = args.width.wrapping_mul(4);
        let size = u64::from(pitch.wrapping_mul(args.height)).next_multiple_of(4096);
        let object = shmem::object_create(self, file.dev(), size, args.width, args.height)?;
        args.handle = file.handle_create(&object.into_dyn())?;
        (args.pitch, args.size) = (pitch, size);
        Ok(())
    }
}
