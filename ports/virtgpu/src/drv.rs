//! The DRM driver (`virtgpu_drv.c`): opening, closing, dumb buffers, and the ioctls by number.

use drm_core::PAGE_SIZE;
use drm_core::device::{Device, Driver, DumbArgs, Features, File, IoctlNr};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::prime::{Attachment, DmaBuf};
use drm_core::sync::Arc;
use port_kit::args::with;
use port_kit::kms::{Kms, Modeset};

use crate::device::VirtgpuDevice;
use crate::display::Display;
use crate::file::Fpriv;
use crate::host::command::Create3d;
use crate::memory::Memory;
use crate::resource::ObjectParams;
use crate::{blob, ioctl, submit, uapi};

/// `VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM`.
pub(crate) const FORMAT_B8G8R8X8: u32 = 2;

/// The driver of one device, on one side.
pub struct VirtGpu {
    device: Arc<VirtgpuDevice>,
    memory: Arc<dyn Memory>,
    kms: Kms<Display>,
}

impl VirtGpu {
    pub(crate) fn new(device: &Arc<VirtgpuDevice>, memory: &Arc<dyn Memory>) -> Self {
        Self {
            device: Arc::clone(device),
            memory: Arc::clone(memory),
            kms: Kms::new(Display::new(device)),
        }
    }

    pub(crate) fn device(&self) -> &Arc<VirtgpuDevice> {
        &self.device
    }

    pub(crate) fn memory(&self) -> &dyn Memory {
        &*self.memory
    }

    /// Makes the context of a file, where there is a renderer (`virtio_gpu_create_context`).
    pub(crate) fn create_context(file: &File) {
        if let Some(private) = file.private::<Fpriv>() {
            private.create_context();
        }
    }
}

/// Every ioctl of the driver, by number less `DRM_COMMAND_BASE`.
const IOCTLS: [IoctlNr; 11] = [
    uapi::MAP,
    uapi::EXECBUFFER,
    uapi::GETPARAM,
    uapi::RESOURCE_CREATE,
    uapi::RESOURCE_INFO,
    uapi::TRANSFER_FROM_HOST,
    uapi::TRANSFER_TO_HOST,
    uapi::WAIT,
    uapi::GET_CAPS,
    uapi::RESOURCE_CREATE_BLOB,
    uapi::CONTEXT_INIT,
];

impl Driver for VirtGpu {
    fn name(&self) -> &'static str {
        "virtio_gpu"
    }

    fn features(&self) -> Features {
        let features = Features::GEM | Features::RENDER | Features::SYNCOBJ;
        match self.device.params().mode {
            Some(_) => features | Features::MODESET,
            None => features,
        }
    }

    /// `virtio_gpu_driver_open`.
    fn open(&self, file: &File) -> Result {
        if self.device.params().virgl {
            file.set_private(Fpriv::new(&self.device));
        }
        Ok(())
    }

    fn fb_release(&self, file: &File) {
        self.kms.fb_release(file);
    }

    /// `virtio_gpu_driver_postclose`.
    fn postclose(&self, file: &File) {
        if let Some(private) = file.private::<Fpriv>() {
            private.close();
        }
    }

    fn mode_ioctl(&self, file: &File, number: IoctlNr, arg: &mut [u8]) -> Result {
        match self.device.params().mode {
            Some(_) => self.kms.ioctl(file, number, arg),
            None => Err(Errno::EOPNOTSUPP),
        }
    }

    fn ioctl(&self, file: &File, nr: u32, arg: &mut [u8]) -> Result {
        match nr {
            1 => with(arg, |args| ioctl::map(file, args)),
            2 => with(arg, |args| submit::execbuffer(self, file, args)),
            3 => with(arg, |args| ioctl::getparam(self, args)),
            4 => with(arg, |args| ioctl::resource_create(self, file, args)),
            5 => with(arg, |args| ioctl::resource_info(self, file, args)),
            6 => with(arg, |args| ioctl::transfer_from_host(self, file, args)),
            7 => with(arg, |args| ioctl::transfer_to_host(self, file, args)),
            8 => with(arg, |args| ioctl::wait(self, file, args)),
            9 => with(arg, |args| ioctl::get_caps(self, args)),
            10 => with(arg, |args| blob::create(self, file, args)),
            11 => with(arg, |args| blob::context_init(self, file, args)),
            _ => Err(Errno::EINVAL),
        }
    }

    fn ioctl_size(&self, nr: u32) -> Option<usize> {
        let known = IOCTLS.get(nr.checked_sub(1)? as usize)?;
        Some(known.size())
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        self.memory.gem_prime_import(dev, dma_buf)
    }

    fn has_import_sg_table(&self) -> bool {
        self.memory.has_import_sg_table()
    }

    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        self.memory.gem_prime_import_sg_table(dev, attach, table)
    }

    /// `virtio_gpu_mode_dumb_create`: `EINVAL` for anything but 32 bits per pixel. On a host with blobs and no renderer it is a blob,
    /// which does not know whose memory it is.
    fn dumb_create(&self, file: &File, args: &mut DumbArgs) -> Result {
        if args.bpp != 32 {
            return Err(Errno::EINVAL);
        }
        let host = self.device.params();
        let pitch = args.width.wrapping_mul(4);
        args.size = u64::from(pitch.wrapping_mul(args.height)).next_multiple_of(PAGE_SIZE);
        let mut params = ObjectParams {
            size: args.size,
            dumb: true,
            what: Create3d {
                format: FORMAT_B8G8R8X8,
                width: args.width,
                height: args.height,
                ..Create3d::default()
            },
            ..ObjectParams::default()
        };
        if host.blob && !host.virgl {
            params.blob = true;
            params.blob_mem = uapi::BLOB_MEM_GUEST;
            params.blob_flags = uapi::BLOB_FLAG_USE_SHAREABLE;
        }
        let object = self.memory.object_create(file.dev(), &params, None)?;
        args.handle = file.handle_create(&object)?;
        args.pitch = pitch;
        Ok(())
    }
}

impl Modeset for VirtGpu {
    type Display = Display;

    fn kms(&self) -> &Kms<Display> {
        &self.kms
    }
}
