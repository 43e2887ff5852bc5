//! The DRM driver (`amdxdna_pci_drv.c`): opening, closing, and the ioctls by number.

use drm_core::device::{Device, Driver, Features, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::prime::{Attachment, DmaBuf};
use drm_core::sync::Arc;
use port_kit::args::with;

use crate::client::Client;
use crate::device::AmdxdnaDevice;
use crate::exec;
use crate::hwctx::Hwctx;
use crate::memory::Memory;
use crate::uapi;

/// The driver of one device, on one side.
pub(crate) struct Amdxdna<M> {
    device: Arc<AmdxdnaDevice>,
    memory: Arc<M>,
}

impl<M: Memory> Amdxdna<M> {
    pub(crate) fn new(device: &Arc<AmdxdnaDevice>, memory: &Arc<M>) -> Self {
        Self {
            device: Arc::clone(device),
            memory: Arc::clone(memory),
        }
    }

    /// `amdxdna_drm_create_bo_ioctl`. `EINVAL` for flags; errors of the side.
    fn create_bo(&self, file: &File, args: &mut uapi::CreateBo) -> Result {
        if args.flags != 0 {
            return Err(Errno::EINVAL);
        }
        self.memory.create_bo(file, args)
    }

    /// `amdxdna_drm_get_bo_info_ioctl`. `EINVAL` for extensions, `ENOENT`.
    fn get_bo_info(&self, file: &File, args: &mut uapi::GetBoInfo) -> Result {
        if args.ext != 0 || args.ext_flags != 0 || args.pad != 0 {
            return Err(Errno::EINVAL);
        }
        let object = file.lookup(args.handle).ok_or(Errno::ENOENT)?;
        self.memory.get_bo_info(&object, args)
    }

    /// `amdxdna_drm_sync_bo_ioctl`. `ENOENT`; errors of the side. The direction is not looked at.
    fn sync_bo(&self, file: &File, args: &uapi::SyncBo) -> Result {
        let object = file.lookup(args.handle).ok_or(Errno::ENOENT)?;
        self.memory.sync_bo(&object, args)
    }
}

impl<M: Memory> Driver for Amdxdna<M> {
    fn name(&self) -> &'static str {
        "amdxdna_accel_driver"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::ACCEL
    }

    /// `amdxdna_drm_open`. `EINVAL` where the device cannot reach memory.
    fn open(&self, file: &File) -> Result {
        self.device.addressing()?;
        let task = self.device.current()?;
        file.set_private(Arc::new(Client::new(&self.device, &task)));
        Ok(())
    }

    /// `amdxdna_drm_close`: the handles are gone by now.
    fn postclose(&self, file: &File) {
        if let Ok(client) = Client::of(file) {
            client.close();
        }
    }

    fn ioctl(&self, file: &File, nr: u32, arg: &mut [u8]) -> Result {
        match nr {
            0 => with(arg, |args| Hwctx::create(file, args)),
            1 => with(arg, |args| Hwctx::destroy_ioctl(file, args)),
            3 => with(arg, |args| self.create_bo(file, args)),
            4 => with(arg, |args| self.get_bo_info(file, args)),
            5 => with(arg, |args| self.sync_bo(file, args)),
            6 => with(arg, |args| exec::exec(file, &*self.memory, args)),
            _ => Err(Errno::EINVAL),
        }
    }

    fn ioctl_size(&self, nr: u32) -> Option<usize> {
        Some(match nr {
            0 => size_of::<uapi::CreateHwctx>(),
            1 => size_of::<uapi::DestroyHwctx>(),
            3 => size_of::<uapi::CreateBo>(),
            4 => size_of::<uapi::GetBoInfo>(),
            5 => size_of::<uapi::SyncBo>(),
            6 => size_of::<uapi::ExecCmd>(),
            _ => return None,
        })
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
}
