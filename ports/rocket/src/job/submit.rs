//! `SUBMIT`: from the argument struct to queued jobs.

use bytemuck::{Pod, bytes_of_mut};
use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::resv::{ResvGuard, Usage};
use drm_core::sync::Arc;
use drm_core::sync::atomic::AtomicUsize;
use port_kit::locking::lock_reservations;
use port_kit::sched;

use super::Job;
use crate::drv::FilePriv;
use crate::uapi::{self, Submit, Task};

/// An array of user space whose elements may be longer than the kernel knows. `EFAULT`.
fn read_array<T: Pod>(file: &File, at: u64, count: u32, step: u32) -> Result<Vec<T>> {
    let read = |index: u32| {
        let mut element = T::zeroed();
        let at = at.wrapping_add(u64::from(index) * u64::from(step));
        file.machine().user().read(at, bytes_of_mut(&mut element))?;
        Ok(element)
    };
    (0..count).map(read).collect()
}

/// `rocket_ioctl_submit`.
///
/// `EINVAL` for a struct that is shorter than the kernel's, or `reserved`; `EFAULT`. What is wrong with a job is found, and not told:
/// the loop drops every answer.
pub(crate) fn submit(file: &File, private: &FilePriv, args: &Submit) -> Result {
    if (args.job_struct_size as usize) < size_of::<uapi::Job>() || args.reserved != 0 {
        return Err(Errno::EINVAL);
    }
    let jobs: Vec<uapi::Job> = read_array(file, args.jobs, args.job_count, args.job_struct_size)?;
    for job in &jobs {
        let _: Result = submit_job(file, private, job);
    }
    Ok(())
}

/// `rocket_ioctl_submit_job`.
///
/// `EINVAL` for no task, a task that is shorter than the kernel's, or one without commands; `ENOENT` for an unknown BO; `EALREADY` for
/// one that is named twice; `EFAULT`, `ENOMEM`.
fn submit_job(file: &File, private: &FilePriv, args: &uapi::Job) -> Result {
    if args.task_count == 0 {
        return Err(Errno::EINVAL);
    }
    if (args.task_struct_size as usize) < size_of::<Task>() {
        return Err(Errno::EINVAL);
    }
    let tasks: Vec<Task> = read_array(file, args.tasks, args.task_count, args.task_struct_size)?;
    if tasks.iter().any(|task| task.regcmd_count == 0) {
        return Err(Errno::EINVAL);
    }
    let inputs = lookup(file, args.in_bo_handles, args.in_bo_handle_count)?;
    let outputs = lookup(file, args.out_bo_handles, args.out_bo_handle_count)?;
    push(private, tasks, inputs, outputs)
}

/// The BOs of an array of handles (`drm_gem_objects_lookup`).
fn lookup(file: &File, handles: u64, count: u32) -> Result<Vec<Gem>> {
    let handles = file.machine().user().read_u32s(handles, count)?;
    let object = |handle| file.lookup(handle).ok_or(Errno::ENOENT);
    handles.into_iter().map(object).collect()
}

/// `rocket_job_push`. Only what is written gets the job's fence: nobody is told that the inputs are in use.
fn push(private: &FilePriv, tasks: Vec<Task>, inputs: Vec<Gem>, outputs: Vec<Gem>) -> Result {
    let read = inputs.len();
    let bos = [inputs, outputs].concat();
    let mut guards = lock_reservations(&bos)?;
    let jobs = private.jobs();
    let job = sched::Job::new(
        &jobs.entity,
        Job {
            tasks,
            next_task: AtomicUsize::new(0),
            domain: Arc::clone(private.domain()),
            _bos: bos.clone(),
        },
    );
    for (index, (bo, guard)) in bos.iter().zip(&mut guards).enumerate() {
        let written = index >= read;
        acquire_fences(bo, guard, written, &job)?;
    }
    let cores = private.device().cores();
    let core = jobs.select(cores);
    *jobs.last.lock() = Some((core.index(), job.finished().clone()));
    for guard in &mut guards[read..] {
        guard.add_fence(job.finished(), Usage::Write);
    }
    drop(guards);
    core.push(job);
    Ok(())
}

/// Room for the job's fence, and the fences that it must wait for: a reader waits for writers, a writer for everybody
/// (`rocket_acquire_object_fences`). `ENOMEM`.
fn acquire_fences(bo: &Gem, guard: &mut ResvGuard, written: bool, job: &sched::Job<Job>) -> Result {
    guard.reserve_fences(1)?;
    let usage = if written { Usage::Read } else { Usage::Write };
    for fence in bo.gem().resv().fences(usage) {
        job.depend_on(&fence);
    }
    Ok(())
}
