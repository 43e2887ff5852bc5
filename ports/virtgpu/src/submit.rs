//! EXECBUFFER (`virtgpu_submit.c`).

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Deadline, Fail};
use drm_core::resv::Fence;
use drm_core::syncobj::Syncobj;

use crate::blob::read;
use crate::drv::VirtGpu;
use crate::file::Fpriv;
use crate::host::command::Command;
use crate::queue::{FenceAlloc, Objects, Vbuf};
use crate::uapi::{
    EXECBUF_FENCE_FD_IN, EXECBUF_FENCE_FD_OUT, EXECBUF_RING_IDX, EXECBUF_SYNCOBJ_RESET, Execbuffer,
    ExecbufferSyncobj,
};

/// Most objects of one submission.
const MOST: u32 = 1 << 16;

/// A submission on its way.
struct Submit<'a> {
    gpu: &'a VirtGpu,
    file: &'a File,
    args: &'a Execbuffer,
    /// The ring, where one is named.
    ring: Option<FenceAlloc>,
}

/// `virtio_gpu_execbuffer_ioctl`. `ENOSYS` without a renderer; `EINVAL`; `ENOENT` for an unknown object; `EALREADY` for one that is listed
/// twice; `EFAULT`; `ENOMEM`; `EINTR`.
pub(crate) fn execbuffer(gpu: &VirtGpu, file: &File, args: &mut Execbuffer) -> Result {
    if !gpu.device().params().virgl {
        return Err(Errno::ENOSYS);
    }
    if args.flags & !(EXECBUF_FENCE_FD_IN | EXECBUF_FENCE_FD_OUT | EXECBUF_RING_IDX) != 0 {
        return Err(Errno::EINVAL);
    }
    let private = Fpriv::of(file)?;
    let ring = match args.flags & EXECBUF_RING_IDX {
        0 => None,
        _ => Some(FenceAlloc::new(
            &private.ring(args.ring_idx)?,
            Some(args.ring_idx),
        )),
    };
    private.create_context();
    let submit = Submit {
        gpu,
        file,
        args,
        ring,
    };
    let mut objects = submit.objects()?;
    let data = read(gpu, args.command, args.size)?;
    let out = submit.out_syncobjs()?;
    let reset = submit.wait_for_syncobjs()?;
    if args.flags & EXECBUF_FENCE_FD_IN != 0 {
        submit.wait_for(&private.sync_file(args.fence_fd)?)?;
    }
    if args.num_bo_handles != 0 {
        objects.lock_resv()?;
    }
    let fence = submit.fence(private);
    let vbuf = Vbuf::new(Command::Submit3d { data })
        .ctx(private.ctx_id)
        .objects(objects)
        .fence(fence.clone());
    gpu.device().ctrlq().send(vbuf);
    if let Some(fence) = fence.as_ref().and_then(FenceAlloc::fence) {
        if args.flags & EXECBUF_FENCE_FD_OUT != 0 {
            args.fence_fd = private.install(fence.clone());
        }
        for (syncobj, point) in out {
            match point {
                0 => syncobj.replace_fence(Some(fence.clone())),
                point => syncobj.add_point(point, fence),
            }
        }
    }
    for syncobj in reset {
        syncobj.replace_fence(None);
    }
    Ok(())
}

impl Submit<'_> {
    /// `virtio_gpu_init_submit_buflist`.
    fn objects(&self) -> Result<Objects> {
        let args = self.args;
        if args.num_bo_handles > MOST {
            return Err(Errno::ENOMEM);
        }
        let user = self.gpu.device().machine().user();
        let handles = user.read_u32s(args.bo_handles, args.num_bo_handles)?;
        Objects::from_handles(self.file, &handles)
    }

    /// Whoever can see the end of it gets a fence.
    fn fence(&self, private: &Fpriv) -> Option<FenceAlloc> {
        let args = self.args;
        let is_wanted = args.flags & EXECBUF_FENCE_FD_OUT != 0
            || args.num_out_syncobjs != 0
            || args.num_bo_handles != 0
            || (self.ring.is_some() && private.polls(args.ring_idx));
        let own = || {
            self.ring
                .clone()
                .unwrap_or_else(|| self.gpu.device().fence())
        };
        is_wanted.then(own)
    }

    /// Entry `index` of an array of sync objects: what fits of it, the rest 0. `EFAULT`.
    fn entry(&self, at: u64, index: u32) -> Result<ExecbufferSyncobj> {
        let stride = self.args.syncobj_stride;
        let at = at.wrapping_add(u64::from(index) * u64::from(stride));
        let mut entry = ExecbufferSyncobj::default();
        let bytes = bytemuck::bytes_of_mut(&mut entry);
        let len = bytes.len().min(stride as usize);
        self.gpu
            .device()
            .machine()
            .user()
            .read(at, &mut bytes[..len])?;
        Ok(entry)
    }

    /// `virtio_gpu_parse_post_deps`. `EFAULT`; `EINVAL` for a flag, or an unknown object.
    fn out_syncobjs(&self) -> Result<Vec<(Syncobj, u64)>> {
        let args = self.args;
        (0..args.num_out_syncobjs)
            .map(|index| {
                let entry = self.entry(args.out_syncobjs, index)?;
                if entry.flags != 0 {
                    return Err(Errno::EINVAL);
                }
                let syncobj = self.file.syncobj(entry.handle).map_err(|_| Errno::EINVAL)?;
                Ok((syncobj, entry.point))
            })
            .collect()
    }

    /// Waits for all, one by one; those to be reset afterwards (`virtio_gpu_parse_deps`). `EFAULT`; `EINVAL` for an unknown flag; `ENOENT`
    /// for an unknown object; `EINVAL` for one without a fence; `EINTR`.
    fn wait_for_syncobjs(&self) -> Result<Vec<Syncobj>> {
        let args = self.args;
        let mut reset = Vec::new();
        for index in 0..args.num_in_syncobjs {
            let entry = self.entry(args.in_syncobjs, index)?;
            if entry.flags & !EXECBUF_SYNCOBJ_RESET != 0 {
                return Err(Errno::EINVAL);
            }
            let syncobj = self.file.syncobj(entry.handle)?;
            self.wait_for(&syncobj.find_fence(entry.point)?)?;
            if entry.flags & EXECBUF_SYNCOBJ_RESET != 0 {
                reset.push(syncobj);
            }
        }
        Ok(reset)
    }

    /// Waits for a fence of another sequence; the host keeps the order of its own (`virtio_gpu_do_fence_wait`). `EINTR`.
    fn wait_for(&self, fence: &Fence) -> Result {
        let own = self
            .ring
            .clone()
            .unwrap_or_else(|| self.gpu.device().fence());
        if own.is_context_of(fence) || fence.is_signaled() {
            return Ok(());
        }
        let machine = self.gpu.device().machine();
        machine.failpoints().check(Fail::Signal)?;
        machine.wait_until(Deadline::Never, || fence.is_signaled())
    }
}
