//! The driver's entry points: ioctls by number, open and close (`v3d_drv.c`, `v3d_bo.c`).

use bytemuck::Pod;
use drm_core::PAGE_SHIFT;
use drm_core::device::{Device, Driver, Features, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::prime::{Attachment, DmaBuf};
use drm_core::sync::Arc;
use port_kit::jiffies;

use crate::device::V3d;
use crate::job::Queue;
use crate::regs::{core, hub};
use crate::submit::FilePrivate;
use crate::uapi::{self, CreateBo, GetBoOffset, GetParam, MmapBo, WaitBo, nr, param};

/// What looking at an object's fences takes, so that a wait always has used up some of its time.
const LOOK_NS: u64 = 100;

impl Driver for V3d {
    fn name(&self) -> &'static str {
        "v3d"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::RENDER
    }

    fn open(&self, file: &File) -> Result {
        file.set_private(FilePrivate::default());
        Ok(())
    }

    fn postclose(&self, file: &File) {
        let Ok(private) = FilePrivate::of(file) else {
            return;
        };
        for queue in Queue::ALL {
            let scheduler = &self.queue(queue).scheduler;
            scheduler.destroy_entity(private.entity(queue));
        }
    }

    fn ioctl_size(&self, nr: u32) -> Option<usize> {
        uapi::size(nr)
    }

    fn ioctl(&self, file: &File, nr: u32, arg: &mut [u8]) -> Result {
        match nr {
            nr::SUBMIT_CL => self.submit_cl(file, view(arg)?),
            nr::WAIT_BO => self.wait_bo(file, view(arg)?),
            nr::CREATE_BO => self.create_bo(file, view(arg)?),
            nr::MMAP_BO => self.mmap_bo(file, view(arg)?),
            nr::GET_PARAM => self.get_param(view(arg)?),
            nr::GET_BO_OFFSET => self.get_bo_offset(file, view(arg)?),
            nr::SUBMIT_TFU => self.submit_tfu(file, view(arg)?),
            nr::SUBMIT_CSD => self.submit_csd(file, view(arg)?),
            nr::SUBMIT_CPU => self.submit_cpu(file, view(arg)?),
            _ => Err(Errno::EINVAL),
        }
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        self.memory().gem_prime_import(dev, dma_buf)
    }

    fn has_import_sg_table(&self) -> bool {
        self.memory().has_import_sg_table()
    }

    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        self.memory().gem_prime_import_sg_table(dev, attach, table)
    }
}

/// The argument as a struct; the core has made it as long as that.
fn view<T: Pod>(arg: &mut [u8]) -> Result<&mut T> {
    bytemuck::try_from_bytes_mut(arg).map_err(|_| Errno::EFAULT)
}

impl V3d {
    fn va(&self, object: &Gem) -> Result<u32> {
        let bo = self.bo(object).ok_or(Errno::EINVAL)?;
        let (page, _) = bo.node().ok_or(Errno::EINVAL)?;
        Ok((page << PAGE_SHIFT) as u32)
    }

    /// `v3d_create_bo_ioctl`: the size is rounded up in 32 bits. The address is told before the handle is made.
    fn create_bo(&self, file: &File, args: &mut CreateBo) -> Result {
        if args.flags != 0 {
            self.log(format!(
                "[drm] unknown create_bo flags: {}",
                args.flags as i32
            ));
            return Err(Errno::EINVAL);
        }
        let mask = drm_core::PAGE_SIZE as u32 - 1;
        let size = args.size.wrapping_add(mask) & !mask;
        let bo = self.memory().create_bo(file.dev(), u64::from(size))?;
        args.offset = self.va(&bo)?;
        args.handle = file.handle_create(&bo)?;
        Ok(())
    }

    /// `v3d_mmap_bo_ioctl`
    fn mmap_bo(&self, file: &File, args: &mut MmapBo) -> Result {
        if args.flags != 0 {
            self.log(format!(
                "[drm] unknown mmap_bo flags: {}",
                args.flags as i32
            ));
            return Err(Errno::EINVAL);
        }
        let object = file.lookup(args.handle).ok_or(Errno::ENOENT)?;
        args.offset = object.gem().node().offset().unwrap_or(0);
        Ok(())
    }

    /// `v3d_get_bo_offset_ioctl`
    fn get_bo_offset(&self, file: &File, args: &mut GetBoOffset) -> Result {
        let object = file.lookup(args.handle).ok_or(Errno::ENOENT)?;
        args.offset = self.va(&object)?;
        Ok(())
    }

    /// `v3d_wait_bo_ioctl`: what is left of the time is written back.
    fn wait_bo(&self, file: &File, args: &mut WaitBo) -> Result {
        let clock = self.machine().clock();
        let start = clock.now();
        if args.pad != 0 {
            return Err(Errno::EINVAL);
        }
        let jiffies = jiffies::nsecs_to_jiffies(args.timeout_ns).saturating_add(1);
        clock.advance(LOOK_NS);
        let waited = jiffies::resv_wait(
            file,
            args.handle,
            true,
            jiffies.min(jiffies::MAX_JIFFY_OFFSET),
        );
        args.timeout_ns = args.timeout_ns.saturating_sub(clock.now() - start);
        match waited {
            Err(Errno::ETIME) if args.timeout_ns != 0 => Err(Errno::EAGAIN),
            waited => waited,
        }
    }

    /// `v3d_get_param_ioctl`
    fn get_param(&self, args: &mut GetParam) -> Result {
        if args.pad != 0 {
            return Err(Errno::EINVAL);
        }
        let hub = |reg| u64::from(self.hw().read_hub(reg));
        let core = |reg| u64::from(self.hw().read_core(reg));
        if (param::UIFCFG..=param::CORE0_IDENT2).contains(&args.param) && args.value != 0 {
            return Err(Errno::EINVAL);
        }
        args.value = match args.param {
            param::UIFCFG => hub(hub::UIFCFG),
            1 => hub(hub::IDENT1),
            2 => hub(hub::IDENT2),
            3 => hub(hub::IDENT3),
            4 => core(core::IDENT0),
            5 => core(core::IDENT1),
            param::CORE0_IDENT2 => core(core::IDENT2),
            param::SUPPORTS_CSD => u64::from(self.ver() >= 41),
            param::SUPPORTS_PERFMON => u64::from(self.ver() >= 40),
            param::SUPPORTS_TFU
            | param::SUPPORTS_CACHE_FLUSH
            | param::SUPPORTS_MULTISYNC_EXT
            | param::SUPPORTS_CPU_QUEUE => 1,
            param::MAX_PERF_COUNTERS if self.ver() >= 71 => 0x5d,
            param::MAX_PERF_COUNTERS => 0x57,
            _ => return Err(Errno::EINVAL),
        };
        Ok(())
    }
}
