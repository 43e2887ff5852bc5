//! The ioctls of groups.

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::exec::{Exec, Flags};
use drm_core::resv::Usage;

use super::submit::SubmitCtx;
use super::uobj;
use crate::bo::BufferObject;
use crate::device::{Panthor, private};
use crate::sched::{Group, GroupJob};
use crate::uapi::*;

pub(super) fn create<B: BufferObject>(
    panthor: &Panthor<B>,
    file: &File,
    args: &mut GroupCreate,
) -> Result {
    let queues: Vec<QueueCreate> = match args.queues.count {
        // Checked before the array is looked at.
        1..=32 => uobj::get_array(file.machine(), &args.queues)?,
        _ => return Err(Errno::EINVAL),
    };
    crate::sched::check_group(panthor.hw(), args)?;
    let private = private::<B>(file)?;
    let vm = private.vms.get(args.vm_id).ok_or(Errno::EINVAL)?;
    let fw = panthor.fw_vm()?;
    let group = Group::new(panthor.scheduler(), &vm, &fw, &queues)?;
    args.group_handle = private.groups.add(group)?;
    Ok(())
}

pub(super) fn destroy<B: BufferObject>(file: &File, args: &mut GroupDestroy) -> Result {
    if args.pad != 0 {
        return Err(Errno::EINVAL);
    }
    private::<B>(file)?.groups.destroy_group(args.group_handle)
}

pub(super) fn get_state<B: BufferObject>(file: &File, args: &mut GroupGetState) -> Result {
    private::<B>(file)?.groups.get_state(args)
}

/// All jobs, or none (`panthor_ioctl_group_submit`). Every object that is mapped in the group's space gets the fences: what a
/// job will touch is not known.
pub(super) fn submit<B: BufferObject>(file: &File, args: &mut GroupSubmit) -> Result {
    if args.pad != 0 {
        return Err(Errno::EINVAL);
    }
    let submits: Vec<QueueSubmit> = uobj::get_array(file.machine(), &args.queue_submits)?;
    let groups = &private::<B>(file)?.groups;
    let mut jobs = Vec::new();
    for submit in &submits {
        let job = GroupJob::new(groups, args.group_handle, submit)?;
        let syncs: Vec<SyncOp> = uobj::get_array(file.machine(), &submit.syncs)?;
        jobs.push((job, syncs));
    }
    let mut ctx = SubmitCtx::new(file);
    for (_, syncs) in &jobs {
        ctx.collect_signals(syncs)?;
    }
    let count = jobs.len();
    let mut exec = Exec::new(Flags::INTERRUPTIBLE_WAIT | Flags::IGNORE_DUPLICATES);
    exec.until_all_locked(|exec| match jobs.first() {
        Some((job, _)) => {
            let vm = job.group().vm().gpuvm();
            vm.prepare_vm(exec, count)?;
            vm.prepare_objects(exec, count)?;
            // What was evicted comes back before the job runs.
            vm.validate(exec)
        }
        None => Ok(()),
    })?;
    for (job, syncs) in &mut jobs {
        for fence in ctx.dependencies(syncs)? {
            job.add_dependency(fence);
        }
        ctx.set_signals(syncs, job.finished());
    }
    for (job, _) in jobs {
        exec.add_fence(job.finished(), Usage::Bookkeep);
        job.push();
    }
    ctx.push_fences();
    Ok(())
}
