//! The DRM driver (`rocket_drv.c`): opening, closing, and the ioctls by number.

use drm_core::device::{Device, Driver, Features, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Fail;
use drm_core::prime::{Attachment, DmaBuf};
use drm_core::resv::Usage;
use drm_core::sync::atomic::{AtomicU64, Ordering};
use drm_core::sync::{Arc, Mutex};
use port_kit::args::with;
use port_kit::jiffies::{self, MAX_JIFFY_OFFSET, TICK_NS};

use crate::device::RocketDevice;
use crate::domain::Domain;
use crate::job::{self, FileJobs};
use crate::memory::Memory;
use crate::uapi;
use crate::va::VaSpace;

/// What an open file has (`struct rocket_file_priv`).
pub(crate) struct FilePriv {
    device: Arc<RocketDevice>,
    domain: Arc<Domain>,
    /// The file's allocator of device addresses; gone once the file is closed.
    va: Mutex<Option<Arc<VaSpace>>>,
    jobs: FileJobs,
    /// What the last ioctl returned, if that was more than 0.
    returned: AtomicU64,
}

impl FilePriv {
    /// Of a file of this driver.
    pub(crate) fn of(file: &File) -> Result<&Self> {
        file.private().ok_or(Errno::EINVAL)
    }

    pub(crate) fn device(&self) -> &Arc<RocketDevice> {
        &self.device
    }

    pub(crate) fn domain(&self) -> &Arc<Domain> {
        &self.domain
    }

    /// `ENODEV` once the file is closed.
    pub(crate) fn va(&self) -> Result<Arc<VaSpace>> {
        self.va.lock().clone().ok_or(Errno::ENODEV)
    }

    pub(crate) fn jobs(&self) -> &FileJobs {
        &self.jobs
    }

    pub(crate) fn returned(&self) -> u64 {
        self.returned.load(Ordering::SeqCst)
    }
}

/// The driver of one device, on one side.
pub(crate) struct Rocket<M> {
    device: Arc<RocketDevice>,
    memory: Arc<M>,
}

impl<M: Memory> Rocket<M> {
    pub(crate) fn new(device: &Arc<RocketDevice>, memory: &Arc<M>) -> Self {
        Self {
            device: Arc::clone(device),
            memory: Arc::clone(memory),
        }
    }

    fn dispatch(&self, file: &File, nr: u32, arg: &mut [u8]) -> Result {
        let private = FilePriv::of(file)?;
        private.returned.store(0, Ordering::SeqCst);
        match nr {
            0 => with(arg, |args| self.memory.create_bo(file, args)),
            1 => with(arg, |args| job::submit(file, private, args)),
            2 => with(arg, |args| self.prep_bo(file, private, args)),
            3 => with(arg, |args| self.fini_bo(file, args)),
            _ => Err(Errno::EINVAL),
        }
    }

    /// `rocket_ioctl_prep_bo`. `EINVAL` for `reserved`, `ENOENT`; `EBUSY` when it does not wait at all, else `ETIMEDOUT`; `EINTR`.
    ///
    /// The caches are dealt with whatever came of the wait. When the BO is idle the answer is what is left of the time, not 0.
    fn prep_bo(&self, file: &File, private: &FilePriv, args: &uapi::PrepBo) -> Result {
        if args.reserved != 0 {
            return Err(Errno::EINVAL);
        }
        let object = file.lookup(args.handle).ok_or(Errno::ENOENT)?;
        let waited = self.wait(&object, abs_to_jiffies(self.now(), args.timeout_ns));
        let runs = self.memory.sync(&object)?;
        self.device.npu().caches().invalidate(&runs);
        private.returned.store(waited?, Ordering::SeqCst);
        Ok(())
    }

    /// `rocket_ioctl_fini_bo`. `EINVAL` for `reserved`, `ENOENT`.
    fn fini_bo(&self, file: &File, args: &uapi::FiniBo) -> Result {
        if args.reserved != 0 {
            return Err(Errno::EINVAL);
        }
        let object = file.lookup(args.handle).ok_or(Errno::ENOENT)?;
        let runs = self.memory.sync(&object)?;
        self.device.npu().caches().clean(&runs);
        Ok(())
    }

    fn now(&self) -> u64 {
        self.device.machine().clock().now()
    }

    /// Waits until nobody writes, for `timeout` ticks at most; the ticks that are left, at least 1 (`dma_resv_wait_timeout`).
    fn wait(&self, object: &Gem, timeout: u64) -> Result<u64> {
        let resv = object.gem().resv();
        let idle = || resv.test_signaled(Usage::Write);
        let machine = self.device.machine();
        if !idle() && timeout > 0 {
            machine.failpoints().check(Fail::Signal)?;
        }
        let before = self.now();
        match jiffies::wait(machine, timeout, idle) {
            Ok(()) => {
                let passed = jiffies::nsecs_to_jiffies(self.now() - before);
                Ok(timeout.saturating_sub(passed).max(1))
            }
            Err(Errno::ETIME) if timeout == 0 => Err(Errno::EBUSY),
            Err(Errno::ETIME) => Err(Errno::ETIMEDOUT),
            Err(error) => Err(error),
        }
    }
}

/// Ticks from `now` to an absolute time in nanoseconds, one more than whole ones (`drm_timeout_abs_to_jiffies`).
fn abs_to_jiffies(now: u64, timeout_ns: i64) -> u64 {
    let Some(left) = u64::try_from(timeout_ns)
        .ok()
        .and_then(|at| at.checked_sub(now))
        .filter(|left| *left > 0)
    else {
        return 0;
    };
    (left / TICK_NS + 1).min(MAX_JIFFY_OFFSET)
}

impl<M: Memory> Driver for Rocket<M> {
    fn name(&self) -> &'static str {
        "rocket"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::ACCEL
    }

    /// `rocket_open`. `ENOMEM`.
    fn open(&self, file: &File) -> Result {
        let (domain, va) = self.device.new_space()?;
        file.set_private(FilePriv {
            device: Arc::clone(&self.device),
            domain,
            va: Mutex::new(Some(va)),
            jobs: FileJobs::default(),
            returned: AtomicU64::new(0),
        });
        Ok(())
    }

    /// `rocket_postclose`: the allocator goes, whoever still has addresses of it.
    fn postclose(&self, file: &File) {
        if let Ok(private) = FilePriv::of(file) {
            private.jobs.close(self.device.cores());
            let va = private.va.lock().take();
            drop(va);
        }
    }

    fn ioctl(&self, file: &File, nr: u32, arg: &mut [u8]) -> Result {
        self.dispatch(file, nr, arg)
    }

    fn ioctl_size(&self, nr: u32) -> Option<usize> {
        Some(match nr {
            0 => size_of::<uapi::CreateBo>(),
            1 => size_of::<uapi::Submit>(),
            2 => size_of::<uapi::PrepBo>(),
            3 => size_of::<uapi::FiniBo>(),
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
