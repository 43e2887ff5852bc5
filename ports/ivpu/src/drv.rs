//! The DRM driver (`ivpu_drv.c`): opening, closing, and the ioctls by number.

use drm_core::device::{Device, Driver, Features, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::{Deadline, Fail};
use drm_core::prime::{Attachment, DmaBuf};
use drm_core::resv::Usage;
use drm_core::sync::Arc;
use port_kit::args::with;

use crate::device::{IvpuDevice, USER_SSIDS};
use crate::file::Private;
use crate::job;
use crate::memory::Memory;
use crate::uapi;

/// The driver of one device, on one side.
pub(crate) struct Ivpu<M> {
    device: Arc<IvpuDevice>,
    memory: Arc<M>,
}

impl<M: Memory> Ivpu<M> {
    pub(crate) fn new(device: &Arc<IvpuDevice>, memory: &Arc<M>) -> Self {
        Self {
            device: Arc::clone(device),
            memory: Arc::clone(memory),
        }
    }

    fn dispatch(&self, file: &File, nr: u32, arg: &mut [u8]) -> Result {
        let memory = &*self.memory;
        match nr {
            0 => with(arg, |args| self.get_param(file, args)),
            2 => with(arg, |args| memory.bo_create(file, args)),
            3 => with(arg, |args| memory.bo_info(file, args)),
            5 => with(arg, |args| {
                job::submit(file, &Private::of(file)?, memory, args)
            }),
            6 => with(arg, |args| self.bo_wait(file, args)),
            _ => Err(Errno::EINVAL),
        }
    }

    /// `ivpu_get_param_ioctl`, for what has to do with memory. `EINVAL` for everything else.
    fn get_param(&self, file: &File, args: &mut uapi::GetParam) -> Result {
        args.value = match (args.param, args.index) {
            (uapi::PARAM_NUM_CONTEXTS, _) => USER_SSIDS.count() as u64,
            (uapi::PARAM_CONTEXT_BASE_ADDRESS, _) => self.device.ranges().user.start,
            (uapi::PARAM_CONTEXT_ID, _) => Private::of(file)?.context().ssid().into(),
            (uapi::PARAM_CAPABILITIES, 1 | 2) => 1,
            _ => return Err(Errno::EINVAL),
        };
        Ok(())
    }

    /// `ivpu_bo_wait_ioctl`. `EINVAL` for an unknown handle, `ETIMEDOUT`, `EINTR`. Fences that only memory management waits for do not
    /// count, so a BO that is no command buffer is never busy.
    fn bo_wait(&self, file: &File, args: &mut uapi::BoWait) -> Result {
        let object = file.lookup(args.handle).ok_or(Errno::EINVAL)?;
        let machine = self.device.machine();
        let idle = || object.gem().resv().test_signaled(Usage::Read);
        let until = u64::try_from(args.timeout_ns).unwrap_or(0);
        let deadline = if until <= machine.clock().now() {
            Deadline::Now
        } else {
            Deadline::At(until)
        };
        if !idle() && deadline != Deadline::Now {
            machine.failpoints().check(Fail::Signal)?;
        }
        let timed_out = |error| {
            if error == Errno::ETIME {
                Errno::ETIMEDOUT
            } else {
                error
            }
        };
        machine.wait_until(deadline, idle).map_err(timed_out)?;
        args.job_status = self.memory.job_status(&object);
        Ok(())
    }
}

impl<M: Memory> Driver for Ivpu<M> {
    fn name(&self) -> &'static str {
        "intel_vpu"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::ACCEL
    }

    /// `ivpu_open`.
    fn open(&self, file: &File) -> Result {
        file.set_private(Private::new(self.device.new_file()?));
        Ok(())
    }

    /// `ivpu_postclose`.
    fn postclose(&self, file: &File) {
        Private::close(file);
    }

    fn ioctl(&self, file: &File, nr: u32, arg: &mut [u8]) -> Result {
        self.dispatch(file, nr, arg)
    }

    fn ioctl_size(&self, nr: u32) -> Option<usize> {
        Some(match nr {
            0 => size_of::<uapi::GetParam>(),
            2 => size_of::<uapi::BoCreate>(),
            3 => size_of::<uapi::BoInfo>(),
            5 => size_of::<uapi::Submit>(),
            6 => size_of::<uapi::BoWait>(),
            _ => return None,
        })
    }

    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        self.memory.gem_prime_import_sg_table(dev, attach, table)
    }

    fn has_import_sg_table(&self) -> bool {
        self.memory.has_import_sg_table()
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        self.memory.gem_prime_import(dev, dma_buf)
    }
}
