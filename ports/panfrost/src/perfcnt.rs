//! Performance counters (`panfrost_perfcnt.c`): one user at a time, whose VM holds the buffer.

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Deadline;

use crate::device::PanfrostDevice;
use crate::memory::{Memory, PerfcntBuffer};
use crate::regs::*;
use crate::uapi::{PerfcntDump, PerfcntEnable};

/// How long the hardware may take, in nanoseconds.
const TIMEOUT_NS: u64 = 1_000_000_000;

/// `struct panfrost_perfcnt`, under its lock.
#[derive(Default)]
pub(crate) struct Perfcnt {
    user: Option<(u64, Box<dyn PerfcntBuffer>)>,
    /// `dump_comp`.
    done: bool,
}

impl Perfcnt {
    fn is_user(&self, file: &File) -> bool {
        self.user
            .as_ref()
            .is_some_and(|(user, _)| *user == file.tag())
    }
}

impl PanfrostDevice {
    /// Everything off (`panfrost_perfcnt_init`).
    pub(crate) fn perfcnt_off(&self) {
        for reg in [
            GPU_PRFCNT_JM_EN,
            GPU_PRFCNT_SHADER_EN,
            GPU_PRFCNT_MMU_L2_EN,
            GPU_PRFCNT_TILER_EN,
        ] {
            self.gpu().write(reg, 0);
        }
        self.gpu().write(GPU_PERFCNT_CFG, 0);
    }

    /// The caches are clean: the counters are in memory (`panfrost_perfcnt_clean_cache_done`).
    pub(crate) fn perfcnt_dump_done(&self) {
        self.perfcnt.lock().done = true;
    }

    fn run_and_wait(&self, commands: &[u32]) -> Result {
        self.perfcnt.lock().done = false;
        self.gpu().write(
            GPU_INT_CLEAR,
            GPU_IRQ_CLEAN_CACHES_COMPLETED | GPU_IRQ_PERFCNT_SAMPLE_COMPLETED,
        );
        for command in commands {
            self.gpu().write(GPU_CMD, *command);
        }
        let deadline = Deadline::At(self.machine().clock().now() + TIMEOUT_NS);
        self.machine()
            .wait_until(deadline, || self.perfcnt.lock().done)
            .map_err(|_| Errno::ETIMEDOUT)
    }

    /// `panfrost_ioctl_perfcnt_enable`.
    pub(crate) fn perfcnt_enable(
        &self,
        file: &File,
        memory: &dyn Memory,
        args: &PerfcntEnable,
    ) -> Result {
        self.check_unstable_ioctls()?;
        if args.counterset > u32::from(self.features().is_bifrost()) {
            return Err(Errno::EINVAL);
        }
        if args.enable != 0 {
            self.perfcnt_enable_locked(file, memory, args.counterset)
        } else {
            self.perfcnt_disable_locked(file)
        }
    }

    fn perfcnt_enable_locked(&self, file: &File, memory: &dyn Memory, counterset: u32) -> Result {
        {
            let perfcnt = self.perfcnt.lock();
            if perfcnt.is_user(file) {
                return Ok(());
            }
            if perfcnt.user.is_some() {
                return Err(Errno::EBUSY);
            }
        }
        self.pm_get_sync();
        let buffer = memory
            .perfcnt_buffer(file, self.features().perfcnt_size())
            .inspect_err(|_| self.pm_put_autosuspend())?;
        if let Err(error) = self.run_and_wait(&[GPU_CMD_PERFCNT_CLEAR, GPU_CMD_CLEAN_INV_CACHES]) {
            buffer.release(file);
            self.pm_put_autosuspend();
            return Err(error);
        }
        let as_nr = self.as_get(&buffer.vm());
        let mut config = as_nr << 4 | 1;
        if self.features().is_bifrost() {
            config |= counterset << 8;
        }
        for reg in [
            GPU_PRFCNT_JM_EN,
            GPU_PRFCNT_SHADER_EN,
            GPU_PRFCNT_MMU_L2_EN,
            GPU_PRFCNT_TILER_EN,
        ] {
            self.gpu().write(reg, !0);
        }
        self.gpu().write(GPU_PERFCNT_CFG, config);
        self.perfcnt.lock().user = Some((file.tag(), buffer));
        Ok(())
    }

    fn perfcnt_disable_locked(&self, file: &File) -> Result {
        let buffer = {
            let mut perfcnt = self.perfcnt.lock();
            if !perfcnt.is_user(file) {
                return Err(Errno::EINVAL);
            }
            perfcnt.user.take()
        };
        self.perfcnt_off();
        if let Some((_, buffer)) = buffer {
            self.as_put(&buffer.vm());
            buffer.release(file);
        }
        self.pm_mark_last_busy();
        self.pm_put_autosuspend();
        Ok(())
    }

    /// `panfrost_ioctl_perfcnt_dump`.
    pub(crate) fn perfcnt_dump(&self, file: &File, args: &PerfcntDump) -> Result {
        self.check_unstable_ioctls()?;
        let va = {
            let perfcnt = self.perfcnt.lock();
            match &perfcnt.user {
                Some((user, buffer)) if *user == file.tag() => buffer.va(),
                _ => return Err(Errno::EINVAL),
            }
        };
        self.gpu().write(GPU_PERFCNT_BASE_LO, va as u32);
        self.gpu().write(GPU_PERFCNT_BASE_HI, (va >> 32) as u32);
        self.run_and_wait(&[GPU_CMD_PERFCNT_SAMPLE])?;
        let mut bytes = vec![0; self.features().perfcnt_size() as usize];
        if let Some((_, buffer)) = &self.perfcnt.lock().user {
            buffer.read(&mut bytes)?;
        }
        self.machine().user().write(args.buf_ptr, &bytes)
    }

    /// A file goes; if it uses the counters, they go off (`panfrost_perfcnt_close`).
    pub(crate) fn perfcnt_close(&self, file: &File) {
        self.pm_get_sync();
        // Whoever is not the user has nothing to give up.
        let _ = self.perfcnt_disable_locked(file);
        self.pm_mark_last_busy();
        self.pm_put_autosuspend();
    }
}
