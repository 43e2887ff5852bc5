//! The DRM driver (`panfrost_drv.c`): opening, closing, and the ioctls by number.

use drm_core::device::{Device, Driver, Features, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Deadline;
use drm_core::prime::{Attachment, DmaBuf};
use drm_core::resv::Usage;
use drm_core::sync::{Arc, Mutex};
use port_kit::args::with;

use crate::device::PanfrostDevice;
use crate::job::{self, FileJobs};
use crate::memory::Memory;
use crate::mmu::Vm;
use crate::uapi;

/// Timeouts from here on are for ever: 146 years.
const FOREVER_NS: i64 = i64::MAX / 2;

/// What an open file has (`struct panfrost_file_priv`).
pub(crate) struct FilePriv {
    pfdev: Arc<PanfrostDevice>,
    /// The file's reference to its VM; gone once it is closed.
    vm: Mutex<Option<Arc<Vm>>>,
    jobs: FileJobs,
}

impl FilePriv {
    /// Of a file of this driver.
    pub(crate) fn of(file: &File) -> Result<&Self> {
        file.private().ok_or(Errno::EINVAL)
    }

    pub(crate) fn pfdev(&self) -> &Arc<PanfrostDevice> {
        &self.pfdev
    }

    pub(crate) fn vm(&self) -> Option<Arc<Vm>> {
        self.vm.lock().clone()
    }

    pub(crate) fn jobs(&self) -> &FileJobs {
        &self.jobs
    }
}

/// The driver of one device, on one side.
pub(crate) struct Panfrost<M> {
    pfdev: Arc<PanfrostDevice>,
    memory: Arc<M>,
}

impl<M: Memory> Panfrost<M> {
    pub(crate) fn new(pfdev: &Arc<PanfrostDevice>, memory: &Arc<M>) -> Self {
        Self {
            pfdev: Arc::clone(pfdev),
            memory: Arc::clone(memory),
        }
    }

    /// The driver's device.
    pub(crate) fn pfdev(&self) -> &Arc<PanfrostDevice> {
        &self.pfdev
    }

    /// The side.
    pub(crate) fn memory(&self) -> &Arc<M> {
        &self.memory
    }

    fn dispatch(&self, file: &File, nr: u32, arg: &mut [u8]) -> Result {
        let memory = &*self.memory;
        match nr {
            0 => with(arg, |args| {
                job::submit(file, FilePriv::of(file)?, memory, args)
            }),
            1 => with(arg, |args| wait_bo(file, args)),
            2 => with(arg, |args| memory.create_bo(file, args)),
            3 => with(arg, |args| memory.mmap_bo(file, args)),
            4 => with(arg, |args| self.get_param(args)),
            5 => with(arg, |args| memory.get_bo_offset(file, args)),
            6 => with(arg, |args| self.pfdev.perfcnt_enable(file, memory, args)),
            7 => with(arg, |args| self.pfdev.perfcnt_dump(file, args)),
            8 => with(arg, |args| memory.madvise(file, args)),
            _ => Err(Errno::EINVAL),
        }
    }

    /// `panfrost_ioctl_get_param`.
    fn get_param(&self, args: &mut uapi::GetParam) -> Result {
        if args.pad != 0 {
            return Err(Errno::EINVAL);
        }
        args.value = self.pfdev.features().param(args.param)?;
        Ok(())
    }
}

/// `panfrost_ioctl_wait_bo`.
fn wait_bo(file: &File, args: &mut uapi::WaitBo) -> Result {
    if args.pad != 0 {
        return Err(Errno::EINVAL);
    }
    let object = file.lookup(args.handle).ok_or(Errno::ENOENT)?;
    let machine = file.machine();
    let resv = object.gem().resv();
    let now = machine.clock().now();
    let (deadline, expired) = match u64::try_from(args.timeout_ns) {
        Ok(_) if args.timeout_ns >= FOREVER_NS => (Deadline::Never, Errno::ETIMEDOUT),
        Ok(at) if at > now => (Deadline::At(at), Errno::ETIMEDOUT),
        _ => (Deadline::Now, Errno::EBUSY),
    };
    machine
        .wait_until(deadline, || resv.test_signaled(Usage::Read))
        .map_err(|error| {
            if error == Errno::ETIME {
                expired
            } else {
                error
            }
        })
}

impl<M: Memory> Driver for Panfrost<M> {
    fn name(&self) -> &'static str {
        "panfrost"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::RENDER | Features::SYNCOBJ
    }

    /// `panfrost_open`.
    fn open(&self, file: &File) -> Result {
        let vm = Vm::create(&self.pfdev)?;
        file.set_private(FilePriv {
            pfdev: Arc::clone(&self.pfdev),
            vm: Mutex::new(Some(vm)),
            jobs: FileJobs::new(),
        });
        Ok(())
    }

    /// `panfrost_postclose`.
    fn postclose(&self, file: &File) {
        self.pfdev.perfcnt_close(file);
        if let Ok(private) = FilePriv::of(file) {
            self.pfdev.job_close(private.jobs());
            let vm = private.vm.lock().take();
            drop(vm);
        }
    }

    fn ioctl(&self, file: &File, nr: u32, arg: &mut [u8]) -> Result {
        let result = self.dispatch(file, nr, arg);
        // What the hardware raised meanwhile is served before user space goes on.
        self.pfdev.gpu().deliver();
        result
    }

    fn ioctl_size(&self, nr: u32) -> Option<usize> {
        Some(match nr {
            0 => size_of::<uapi::Submit>(),
            1 => size_of::<uapi::WaitBo>(),
            2 => size_of::<uapi::CreateBo>(),
            3 => size_of::<uapi::MmapBo>(),
            4 => size_of::<uapi::GetParam>(),
            5 => size_of::<uapi::GetBoOffset>(),
            6 => size_of::<uapi::PerfcntEnable>(),
            7 => size_of::<uapi::PerfcntDump>(),
            8 => size_of::<uapi::Madvise>(),
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
