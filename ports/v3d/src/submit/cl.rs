//! `DRM_IOCTL_V3D_SUBMIT_CL`: a frame, as a binner job, a render job, and on request one that cleans the caches.

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::sync::{Arc, Mutex};

use super::{SubmitExt, ext, lock_bos, lookup_bos};
use crate::device::V3d;
use crate::job::{Bin, Kind, List, Queue, Render, Work};
use crate::uapi::{SUBMIT_CL_FLUSH_CACHE, SUBMIT_EXTENSION, SubmitCl};

impl V3d {
    /// `v3d_submit_cl_ioctl`: the last of its jobs holds the objects.
    ///
    /// `EINVAL` for `pad`, unknown flags, bad extensions, no object; `EFAULT`; `ENOENT` for an unknown object or monitor;
    /// `EALREADY` for an object listed twice.
    pub(crate) fn submit_cl(&self, file: &File, args: &SubmitCl) -> Result {
        if args.pad != 0 {
            return Err(Errno::EINVAL);
        }
        if args.flags & !(SUBMIT_CL_FLUSH_CACHE | SUBMIT_EXTENSION) != 0 {
            self.log(format!("[drm] invalid flags: {}", args.flags as i32));
            return Err(Errno::EINVAL);
        }
        let mut se = SubmitExt::default();
        if args.flags & SUBMIT_EXTENSION != 0 {
            ext::parse(self, file, args.extensions, &mut se, None)?;
        }
        let render_after = self.in_fences(file, args.in_sync_rcl, &se, Queue::Render);
        let has_bin = args.bcl_start != args.bcl_end;
        let bin_after = if has_bin {
            self.in_fences(file, args.in_sync_bcl, &se, Queue::Bin)
        } else {
            Vec::new()
        };
        let cleans = args.flags & SUBMIT_CL_FLUSH_CACHE != 0;

        let bos = lookup_bos(file, args.bo_handles, args.bo_handle_count)?;
        let locked = lock_bos(&bos)?;
        if args.perfmon_id != 0 {
            // There are no performance monitors to be found.
            return Err(Errno::ENOENT);
        }

        let render = Kind::Render(Render {
            list: list(args.rcl_start, args.rcl_end),
            overflow: Mutex::default(),
        });
        let (render_bos, clean_bos) = if cleans {
            (Vec::new(), bos)
        } else {
            (bos, Vec::new())
        };
        let render = self.new_job(file, Work::new(render, render_bos), render_after)?;
        if has_bin {
            let bin = Kind::Bin(Bin {
                list: list(args.bcl_start, args.bcl_end),
                qma: args.qma,
                qms: args.qms,
                qts: args.qts,
                render: Arc::downgrade(&render),
            });
            let bin = self.new_job(file, Work::new(bin, Vec::new()), bin_after)?;
            render.depend_on(bin.finished());
            self.push(&bin);
        }
        let last = if cleans {
            let clean = self.new_job(file, Work::new(Kind::CacheClean, clean_bos), Vec::new())?;
            clean.depend_on(render.finished());
            clean
        } else {
            Arc::clone(&render)
        };
        // Implicit dependencies go to the job that has the objects.
        locked.fences.iter().for_each(|fence| last.depend_on(fence));
        self.push(&render);
        if cleans {
            self.push(&last);
        }
        self.attach_fences(file, locked, args.out_sync, &se, last.finished());
        Ok(())
    }
}

fn list(start: u32, end: u32) -> List {
    List {
        start,
        end,
        timed_out_at: Mutex::default(),
    }
}
