//! `DRM_IOCTL_V3D_SUBMIT_CPU`: work that the kernel does itself.

use drm_core::device::File;
use drm_core::errno::{Errno, Result};

use super::ext::{self, CpuExtension};
use super::{SubmitExt, lock_bos, lookup_bos};
use crate::device::V3d;
use crate::job::{Kind, Queue, Work};
use crate::uapi::{SUBMIT_EXTENSION, SubmitCpu};

impl V3d {
    /// `v3d_submit_cpu_ioctl`.
    ///
    /// `EINVAL` for flags without the extension bit; `ENOENT` for an unknown object or sync object; `EALREADY` for an object
    /// listed twice. Every error before the job is initialised ends in a crash: a bad or missing extension, a wrong number of
    /// objects. An object of the CPU job that the compute job lists, too, hangs the task. What the ioctl would have answered comes back here, after the oops.
    pub(crate) fn submit_cpu(&self, file: &File, args: &SubmitCpu) -> Result {
        if args.flags != 0 && args.flags & SUBMIT_EXTENSION == 0 {
            self.log(format!("[drm] Invalid flags: {}", args.flags as i32));
            return Err(Errno::EINVAL);
        }
        let mut se = SubmitExt::default();
        let mut cpu = CpuExtension::default();
        let parsed = if args.flags & SUBMIT_EXTENSION != 0 {
            ext::parse(self, file, args.extensions, &mut se, Some(&mut cpu))
        } else {
            Ok(())
        };
        parsed.inspect_err(|_| self.cleanup_before_init())?;
        let (Some(job), indirect) = (cpu.job, cpu.indirect) else {
            self.cleanup_before_init();
            return Err(Errno::EINVAL);
        };
        if args.bo_handle_count != job.bo_count() {
            self.cleanup_before_init();
            return Err(Errno::EINVAL);
        }

        let after = self.in_fences(file, 0, &se, Queue::Cpu);
        let (bos, locked) = if args.bo_handle_count == 0 {
            (Vec::new(), lock_bos(&[])?)
        } else {
            let bos = lookup_bos(file, args.bo_handles, args.bo_handle_count)?;
            if let Some(jobs) = &indirect
                && bos.iter().any(|bo| jobs.locked.holds(bo))
            {
                return Err(self.wait_for_oneself());
            }
            let locked = lock_bos(&bos)?;
            (bos, locked)
        };
        let job = self.new_job(file, Work::new(Kind::Cpu(Box::new(job)), bos), after)?;
        locked.fences.iter().for_each(|fence| job.depend_on(fence));
        self.push(&job);
        let Some(jobs) = indirect else {
            self.attach_fences(file, locked, 0, &se, job.finished());
            return Ok(());
        };
        jobs.csd.depend_on(job.finished());
        self.push(&jobs.csd);
        self.push(&jobs.clean);
        self.attach_fences(file, locked, 0, &SubmitExt::default(), job.finished());
        let done = jobs.clean.finished().clone();
        self.attach_fences(file, jobs.locked, 0, &se, &done);
        Ok(())
    }

    /// The objects of the compute job are locked in a transaction of their own. One that is listed twice, there and here, is
    /// waited for by the task that holds it, until it is killed.
    fn wait_for_oneself(&self) -> Errno {
        self.machine()
            .oops("task hung: waits for a reservation that it holds itself");
        Errno::EINTR
    }

    /// The error path gives back a scheduler job that was never initialised: it has no fence (`v3d_job_cleanup`).
    fn cleanup_before_init(&self) {
        self.machine().oops(
            "Kernel mode fault at addr 0x78: v3d_job_cleanup of a job that was not initialised",
        );
    }
}
