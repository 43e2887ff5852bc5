//! `DRM_IOCTL_V3D_SUBMIT_TFU` and `DRM_IOCTL_V3D_SUBMIT_CSD`: texture formatting, compute shaders.

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::sync::{Arc, Mutex};
use port_kit::sched::Job;

use super::{Locked, SubmitExt, ext, lock_bos, lookup_bos};
use crate::device::V3d;
use crate::job::{Csd, Kind, Queue, Work};
use crate::uapi::{SUBMIT_EXTENSION, SubmitCsd, SubmitTfu};

/// A compute job and the one that cleans the caches after it, which holds the objects.
pub(super) struct CsdJobs {
    pub(super) csd: Arc<Job<Work>>,
    pub(super) clean: Arc<Job<Work>>,
    pub(super) locked: Locked,
}

impl V3d {
    /// `v3d_submit_tfu_ioctl`. `EINVAL` for flags without the extension bit, bad extensions; `ENOENT` for an unknown object;
    /// `EALREADY` for one listed twice.
    pub(crate) fn submit_tfu(&self, file: &File, args: &SubmitTfu) -> Result {
        if args.flags != 0 && args.flags & SUBMIT_EXTENSION == 0 {
            return Err(Errno::EINVAL);
        }
        let mut se = SubmitExt::default();
        if args.flags & SUBMIT_EXTENSION != 0 {
            ext::parse(self, file, args.extensions, &mut se, None)?;
        }
        let after = self.in_fences(file, args.in_sync, &se, Queue::Tfu);
        let bos: Vec<Gem> = args
            .bo_handles
            .iter()
            .take_while(|handle| **handle != 0)
            .map(|handle| file.lookup(*handle).ok_or(Errno::ENOENT))
            .collect::<Result<_>>()?;
        let locked = lock_bos(&bos)?;
        let job = self.new_job(file, Work::new(Kind::Tfu(*args), bos), after)?;
        locked.fences.iter().for_each(|fence| job.depend_on(fence));
        self.push(&job);
        self.attach_fences(file, locked, args.out_sync, &se, job.finished());
        Ok(())
    }

    /// `v3d_submit_csd_ioctl`. `EINVAL` for `pad`, flags without the extension bit, bad extensions, no object; `EFAULT`;
    /// `ENOENT` for an unknown object or monitor; `EALREADY` for an object listed twice.
    pub(crate) fn submit_csd(&self, file: &File, args: &SubmitCsd) -> Result {
        if args.pad != 0 {
            return Err(Errno::EINVAL);
        }
        if args.flags != 0 && args.flags & SUBMIT_EXTENSION == 0 {
            self.log(format!("[drm] invalid flags: {}", args.flags as i32));
            return Err(Errno::EINVAL);
        }
        let mut se = SubmitExt::default();
        if args.flags & SUBMIT_EXTENSION != 0 {
            ext::parse(self, file, args.extensions, &mut se, None)?;
        }
        let jobs = self.csd_jobs(file, args, &se)?;
        if args.perfmon_id != 0 {
            // There are no performance monitors to be found.
            return Err(Errno::ENOENT);
        }
        self.push(&jobs.csd);
        self.push(&jobs.clean);
        let done = jobs.clean.finished().clone();
        self.attach_fences(file, jobs.locked, args.out_sync, &se, &done);
        Ok(())
    }

    /// `v3d_setup_csd_jobs_and_bos`
    pub(super) fn csd_jobs(
        &self,
        file: &File,
        args: &SubmitCsd,
        se: &SubmitExt,
    ) -> Result<CsdJobs> {
        let after = self.in_fences(file, args.in_sync, se, Queue::Csd);
        let bos = lookup_bos(file, args.bo_handles, args.bo_handle_count)?;
        let locked = lock_bos(&bos)?;
        let csd = Kind::Csd(Csd {
            args: Mutex::new(*args),
            timed_out_batches: Mutex::default(),
        });
        let csd = self.new_job(file, Work::new(csd, Vec::new()), after)?;
        let clean = self.new_job(file, Work::new(Kind::CacheClean, bos), Vec::new())?;
        clean.depend_on(csd.finished());
        locked
            .fences
            .iter()
            .for_each(|fence| clean.depend_on(fence));
        Ok(CsdJobs { csd, clean, locked })
    }
}
