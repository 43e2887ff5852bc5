//! `SUBMIT`: from the argument struct to a queued job.

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::resv::{Fence, ResvGuard, Usage};
use drm_core::sync::atomic::{AtomicBool, AtomicU64};
use drm_core::sync::{Arc, Mutex};
use port_kit::locking::lock_reservations;

use super::Job;
use crate::drv::FilePriv;
use crate::memory::{JobMapping, Memory};
use crate::regs::GPU_LATEST_FLUSH_ID;
use crate::uapi::{JD_REQ_FS, Submit};

/// `panfrost_ioctl_submit`.
///
/// `EINVAL` for no descriptor, unknown requirements, or a BO that has no mapping in this file; `ENODEV` for an unknown sync object
/// to signal, `ENOENT` for one to wait for, or an unknown BO; `EFAULT` for a bad pointer; `EALREADY` for a BO named twice.
pub(crate) fn submit(
    file: &File,
    private: &FilePriv,
    memory: &dyn Memory,
    args: &Submit,
) -> Result {
    if args.jc == 0 || args.requirements & !JD_REQ_FS != 0 {
        return Err(Errno::EINVAL);
    }
    let sync_out = match args.out_sync {
        0 => None,
        handle => Some(file.syncobj(handle).map_err(|_| Errno::ENODEV)?),
    };
    let mut dependencies = copy_in_sync(file, args)?;
    let (bos, mappings) = lookup_bos(file, memory, args)?;
    let mut guards = lock_reservations(&bos)?;
    dependencies.extend(acquire_object_fences(&bos, &mut guards)?);
    dependencies.retain(|fence| !fence.is_signaled());
    let pfdev = private.pfdev();
    let vm = private.vm().ok_or(Errno::ENODEV)?;
    let slot = usize::from(args.requirements & JD_REQ_FS == 0);
    let job = Arc::new(Job {
        slot,
        jc: AtomicU64::new(args.jc),
        flush_id: pfdev.gpu().read(GPU_LATEST_FLUSH_ID),
        vm: Arc::downgrade(&vm),
        entity: Mutex::new(Some(private.jobs().entity(slot))),
        dependencies,
        finished: private.jobs().fence(slot),
        error: Mutex::default(),
        karma: AtomicBool::new(false),
        done: Mutex::default(),
        mappings,
        _bos: bos,
    });
    // The scheduler runs in a thread of its own, so not before the fences are in place.
    for guard in &mut guards {
        guard.add_fence(&job.finished, Usage::Write);
    }
    drop(guards);
    if let Some(sync_out) = sync_out {
        sync_out.replace_fence(Some(job.finished.clone()));
    }
    pfdev.push_job(&job);
    Ok(())
}

/// The fences of the sync objects to wait for (`panfrost_copy_in_sync`). `EFAULT`; `ENOENT` for an unknown handle; `EINVAL` for one
/// without a fence.
fn copy_in_sync(file: &File, args: &Submit) -> Result<Vec<Fence>> {
    let handles = file
        .machine()
        .user()
        .read_u32s(args.in_syncs, args.in_sync_count)?;
    let fence = |handle| file.syncobj(handle)?.find_fence(0);
    handles.into_iter().map(fence).collect()
}

type JobBos = (Vec<Gem>, Vec<Box<dyn JobMapping>>);

/// The BOs, and their mappings in this file (`panfrost_lookup_bos`). Dropping the mappings undoes what was done.
fn lookup_bos(file: &File, memory: &dyn Memory, args: &Submit) -> Result<JobBos> {
    let handles = file
        .machine()
        .user()
        .read_u32s(args.bo_handles, args.bo_handle_count)?;
    let bos = handles
        .iter()
        .map(|handle| file.lookup(*handle).ok_or(Errno::ENOENT))
        .collect::<Result<Vec<Gem>>>()?;
    let mut mappings = Vec::new();
    for bo in &bos {
        mappings.push(memory.job_mapping(file, bo)?);
    }
    Ok((bos, mappings))
}

/// Room for the job's fence in every BO, and the fences that it must wait for: it writes, so all of them
/// (`panfrost_acquire_object_fences`). `ENOMEM`.
fn acquire_object_fences(bos: &[Gem], guards: &mut [ResvGuard]) -> Result<Vec<Fence>> {
    let mut dependencies = Vec::new();
    for (bo, guard) in bos.iter().zip(guards) {
        guard.reserve_fences(1)?;
        dependencies.extend(bo.gem().resv().fences(Usage::Read));
    }
    Ok(dependencies)
}
