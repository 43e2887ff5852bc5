//! The list of extensions of a submission (`v3d_get_extensions`).

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::sync::Arc;
use drm_core::syncobj::Syncobj;

use super::compute::CsdJobs;
use super::{SubmitExt, copy_from_user};
use crate::cpu_job::{Copy, CpuJob, Indirect, Query};
use crate::device::V3d;
use crate::uapi::ext::*;

/// What extensions make of a CPU job.
#[derive(Default)]
pub(super) struct CpuExtension {
    pub(super) job: Option<CpuJob>,
    /// The compute job that waits for it, locked.
    pub(super) indirect: Option<CsdJobs>,
}

/// Follows the list at `at`. `cpu` is there for CPU jobs alone.
///
/// `EFAULT`; `EINVAL` for an unknown extension, for one of a CPU job on a GPU job, for two of them, and for what is wrong in
/// it; `ENOENT` for an unknown object or sync object in it.
pub(super) fn parse(
    v3d: &V3d,
    file: &File,
    mut at: u64,
    se: &mut SubmitExt,
    mut cpu: Option<&mut CpuExtension>,
) -> Result {
    while at != 0 {
        let head: Extension = copy_from_user(file, at)?;
        match head.id {
            MULTI_SYNC => multisync(file, at, se)?,
            CPU_INDIRECT_CSD..=CPU_COPY_PERFORMANCE_QUERY => {
                let cpu = cpu.as_deref_mut().ok_or(Errno::EINVAL)?;
                if cpu.job.is_some() {
                    return Err(Errno::EINVAL);
                }
                cpu.job = Some(cpu_job(v3d, file, at, head.id, &mut cpu.indirect)?);
            }
            _ => return Err(Errno::EINVAL),
        }
        at = head.next;
    }
    Ok(())
}

/// `v3d_get_multisync_submit_deps`
fn multisync(file: &File, at: u64, se: &mut SubmitExt) -> Result {
    if !se.in_syncs.is_empty() || !se.out_syncs.is_empty() {
        return Err(Errno::EINVAL);
    }
    let args: MultiSync = copy_from_user(file, at)?;
    if args.pad != 0 || (args.in_sync_count == 0 && args.out_sync_count == 0) {
        return Err(Errno::EINVAL);
    }
    let sem = |base: u64, n: u32| {
        let size = size_of::<Sem>() as u64;
        copy_from_user::<Sem>(file, base + size * u64::from(n))
    };
    for n in 0..args.out_sync_count {
        let out = sem(args.out_syncs, n)?;
        let syncobj = file.syncobj(out.handle).map_err(|_| Errno::EINVAL)?;
        se.out_syncs.push(syncobj);
    }
    for n in 0..args.in_sync_count {
        se.in_syncs.push(sem(args.in_syncs, n)?.handle);
    }
    se.multisync = true;
    se.wait_stage = args.wait_stage;
    Ok(())
}

fn cpu_job(
    v3d: &V3d,
    file: &File,
    at: u64,
    id: u32,
    indirect: &mut Option<CsdJobs>,
) -> Result<CpuJob> {
    match id {
        CPU_INDIRECT_CSD => {
            let args: IndirectCsd = copy_from_user(file, at)?;
            let object = file.lookup(args.indirect).ok_or(Errno::ENOENT)?;
            let jobs = v3d.csd_jobs(file, &args.submit, &SubmitExt::default())?;
            let csd = Arc::clone(&jobs.csd);
            *indirect = Some(jobs);
            Ok(CpuJob::IndirectCsd(Indirect {
                offset: args.offset,
                wg_size: args.wg_size,
                uniforms: args.wg_uniform_offsets,
                object,
                csd,
            }))
        }
        CPU_TIMESTAMP_QUERY => {
            let args: TimestampQuery = copy_from_user(file, at)?;
            if args.pad != 0 {
                return Err(Errno::EINVAL);
            }
            let queries = queries(file, args.offsets, args.syncs, args.count)?;
            Ok(CpuJob::TimestampQuery(queries))
        }
        CPU_RESET_TIMESTAMP_QUERY => {
            let args: ResetTimestampQuery = copy_from_user(file, at)?;
            let syncobjs = syncobjs(file, args.syncs, args.count)?;
            let query = |(n, syncobj): (u32, Syncobj)| Query {
                offset: args.offset.wrapping_add(8 * n),
                syncobj,
            };
            Ok(CpuJob::ResetTimestamps(
                (0..).zip(syncobjs).map(query).collect(),
            ))
        }
        CPU_COPY_TIMESTAMP_QUERY => {
            let args: CopyTimestampQuery = copy_from_user(file, at)?;
            if args.pad != 0 {
                return Err(Errno::EINVAL);
            }
            let queries = queries(file, args.offsets, args.syncs, args.count)?;
            let copy = Copy {
                do_64bit: args.do_64bit != 0,
                do_partial: args.do_partial != 0,
                availability_bit: args.availability_bit != 0,
                offset: args.offset,
                stride: args.stride,
            };
            Ok(CpuJob::CopyTimestamps(queries, copy))
        }
        CPU_RESET_PERFORMANCE_QUERY => {
            let args: ResetPerformanceQuery = copy_from_user(file, at)?;
            monitor_ids(file, args.kperfmon_ids, args.count, args.nperfmons)?;
            let syncobjs = syncobjs(file, args.syncs, args.count)?;
            Ok(CpuJob::ResetPerformance(syncobjs))
        }
        _ => {
            let args: CopyPerformanceQuery = copy_from_user(file, at)?;
            if args.pad != 0 {
                return Err(Errno::EINVAL);
            }
            monitor_ids(file, args.kperfmon_ids, args.count, args.nperfmons)?;
            let syncobjs = syncobjs(file, args.syncs, args.count)?;
            let copy = Copy {
                do_64bit: args.do_64bit != 0,
                do_partial: args.do_partial != 0,
                availability_bit: args.availability_bit != 0,
                offset: args.offset,
                stride: args.stride,
            };
            Ok(CpuJob::CopyPerformance(syncobjs, copy, args.ncounters))
        }
    }
}

fn queries(file: &File, offsets: u64, syncs: u64, count: u32) -> Result<Vec<Query>> {
    let offsets = file.machine().user().read_u32s(offsets, count)?;
    let syncobjs = syncobjs(file, syncs, count)?;
    let query = |(offset, syncobj)| Query { offset, syncobj };
    Ok(offsets.into_iter().zip(syncobjs).map(query).collect())
}

/// Sync objects by an array of handles: `ENOENT` for an unknown one.
fn syncobjs(file: &File, handles: u64, count: u32) -> Result<Vec<Syncobj>> {
    let handles = file.machine().user().read_u32s(handles, count)?;
    handles
        .into_iter()
        .map(|handle| file.syncobj(handle))
        .collect()
}

/// Reads the ids of performance monitors, for the `EFAULT` alone: there are no monitors.
fn monitor_ids(file: &File, pointers: u64, count: u32, each: u32) -> Result {
    let user = file.machine().user();
    for n in 0..u64::from(count) {
        let ids: u64 = copy_from_user(file, pointers + 8 * n)?;
        user.read_u32s(ids, each)?;
    }
    Ok(())
}
