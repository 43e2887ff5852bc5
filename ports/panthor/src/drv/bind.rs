//! `VM_BIND`: operations done at once, or queued.

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::exec::{Exec, Flags};
use drm_core::resv::Usage;

use super::submit::SubmitCtx;
use super::uobj;
use crate::bo::BufferObject;
use crate::device::private;
use crate::mmu::{BindJob, Vm};
use crate::uapi::{SyncOp, VM_BIND_ASYNC, VmBind, VmBindOp};

/// Flags but the one that tells both kinds apart are not looked at.
pub(super) fn vm_bind<B: BufferObject>(file: &File, args: &mut VmBind) -> Result {
    let vm = private::<B>(file)?
        .vms
        .get(args.vm_id)
        .ok_or(Errno::EINVAL)?;
    let ops: Vec<VmBindOp> = uobj::get_array(file.machine(), &args.ops)?;
    if args.flags & VM_BIND_ASYNC != 0 {
        queue_all(file, &vm, &ops)
    } else {
        for (op, i) in ops.iter().zip(0..) {
            // So that user space knows where it failed.
            exec_sync_op(file, &vm, op).inspect_err(|_| args.ops.count = i)?;
        }
        Ok(())
    }
}

/// One operation, done before the ioctl returns (`panthor_vm_bind_exec_sync_op`). One of size 0 succeeds whatever else it says.
fn exec_sync_op<B: BufferObject>(file: &File, vm: &Vm<B>, op: &VmBindOp) -> Result {
    if op.syncs.count != 0 {
        return Err(Errno::EINVAL);
    }
    if op.size == 0 {
        return Ok(());
    }
    let ctx = vm.prepare_bind(file, op)?;
    vm.exec_and_cleanup(ctx)
}

/// A job and what it waits for and signals.
struct Queued<B: BufferObject> {
    job: BindJob<B>,
    syncs: Vec<SyncOp>,
}

/// All operations, each a job of its own, or none (`panthor_ioctl_vm_bind_async`).
fn queue_all<B: BufferObject>(file: &File, vm: &Vm<B>, ops: &[VmBindOp]) -> Result {
    let mut jobs = Vec::new();
    let result = queue(file, vm, ops, &mut jobs);
    // What is left here was not queued.
    for Queued { job, .. } in jobs {
        job.cancel(vm);
    }
    result
}

fn queue<B: BufferObject>(
    file: &File,
    vm: &Vm<B>,
    ops: &[VmBindOp],
    jobs: &mut Vec<Queued<B>>,
) -> Result {
    for op in ops {
        let job = BindJob::new(file, vm, op)?;
        jobs.push(Queued {
            job,
            syncs: Vec::new(),
        });
        let syncs = uobj::get_array(file.machine(), &op.syncs)?;
        jobs.last_mut()
            .into_iter()
            .for_each(|queued| queued.syncs = syncs.clone());
    }
    let mut ctx = SubmitCtx::new(file);
    for queued in jobs.iter() {
        ctx.collect_signals(&queued.syncs)?;
    }
    let mut exec = Exec::new(Flags::INTERRUPTIBLE_WAIT | Flags::IGNORE_DUPLICATES);
    exec.until_all_locked(|exec| {
        jobs.iter()
            .try_for_each(|queued| queued.job.prepare_resvs(vm, exec))
    })?;
    let mut armed = Vec::new();
    for queued in jobs.iter_mut() {
        for fence in ctx.dependencies(&queued.syncs)? {
            queued.job.add_dependency(fence);
        }
        let fence = queued.job.arm(vm);
        ctx.set_signals(&queued.syncs, &fence);
        armed.push(fence);
    }
    // Nothing can fail from here on.
    for (Queued { job, .. }, fence) in jobs.drain(..).zip(&armed) {
        exec.add_fence(fence, Usage::Bookkeep);
        vm.push_job(job);
    }
    ctx.push_fences();
    Ok(())
}
