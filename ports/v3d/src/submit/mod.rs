//! Submission: validation, references, locks, fences (`v3d_submit.c`).

mod cl;
mod compute;
mod cpu;
mod ext;

use bytemuck::Pod;
use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::resv::{Fence, ResvGuard, Usage};
use drm_core::sync::Arc;
use drm_core::syncobj::Syncobj;
use port_kit::locking::lock_reservations;
use port_kit::sched::{Entity, Job};

use crate::device::V3d;
use crate::job::{Queue, Work};

/// What the driver keeps for an open file (`struct v3d_file_priv`).
#[derive(Debug)]
pub struct FilePrivate {
    entities: [Entity; 6],
}

impl Default for FilePrivate {
    fn default() -> Self {
        Self {
            entities: std::array::from_fn(|_| Entity::default()),
        }
    }
}

impl FilePrivate {
    /// Of an open file. `EINVAL` for a file of another driver.
    pub(crate) fn of(file: &File) -> Result<&Self> {
        file.private().ok_or(Errno::EINVAL)
    }

    pub(crate) fn entity(&self, queue: Queue) -> &Entity {
        &self.entities[queue as usize]
    }
}

/// Sync objects of a submission that has the extension for several (`struct v3d_submit_ext`).
#[derive(Default)]
struct SubmitExt {
    /// Whether the extension was there: the single sync objects of the arguments are ignored then.
    multisync: bool,
    /// The queue that waits for [`SubmitExt::in_syncs`].
    wait_stage: u32,
    in_syncs: Vec<u32>,
    out_syncs: Vec<Syncobj>,
}

/// Reads one struct from user space. `EFAULT`.
fn copy_from_user<T: Pod>(file: &File, at: u64) -> Result<T> {
    let mut value = T::zeroed();
    file.machine()
        .user()
        .read(at, bytemuck::bytes_of_mut(&mut value))?;
    Ok(value)
}

/// `v3d_lookup_bos`: `EINVAL` for none, `EFAULT`, `ENOENT` for an unknown handle.
fn lookup_bos(file: &File, handles: u64, count: u32) -> Result<Vec<Gem>> {
    if count == 0 {
        return Err(Errno::EINVAL);
    }
    let handles = file.machine().user().read_u32s(handles, count)?;
    handles
        .into_iter()
        .map(|handle| file.lookup(handle).ok_or(Errno::ENOENT))
        .collect()
}

/// Every object locked, with room for a fence, and what the job must wait for (`v3d_lock_bo_reservations`).
struct Locked {
    guards: Vec<ResvGuard>,
    fences: Vec<Fence>,
}

impl Locked {
    /// Whether the reservation of `object` is among them.
    fn holds(&self, object: &Gem) -> bool {
        let resv = object.gem().resv();
        self.guards.iter().any(|guard| guard.locks(resv))
    }
}

/// `EALREADY` for an object listed twice, `ENOMEM`.
fn lock_bos(bos: &[Gem]) -> Result<Locked> {
    let mut guards = lock_reservations(bos)?;
    let mut fences = Vec::new();
    for (guard, bo) in guards.iter_mut().zip(bos) {
        guard.reserve_fences(1)?;
        fences.extend(bo.gem().resv().fences(Usage::Read));
    }
    Ok(Locked { guards, fences })
}

impl V3d {
    /// What a job waits for besides its objects (`v3d_job_init`). A sync object that is not there is not waited for.
    fn in_fences(&self, file: &File, in_sync: u32, se: &SubmitExt, queue: Queue) -> Vec<Fence> {
        let handles = if se.multisync {
            if se.wait_stage == queue as u32 {
                se.in_syncs.clone()
            } else {
                Vec::new()
            }
        } else {
            vec![in_sync]
        };
        handles
            .into_iter()
            .filter_map(|handle| file.syncobj(handle).ok()?.find_fence(0).ok())
            .collect()
    }

    fn new_job(&self, file: &File, work: Work, after: Vec<Fence>) -> Result<Arc<Job<Work>>> {
        let entity = FilePrivate::of(file)?.entity(work.queue());
        let job = Job::new(entity, work);
        after.iter().for_each(|fence| job.depend_on(fence));
        Ok(job)
    }

    /// `v3d_push_job`
    fn push(&self, job: &Arc<Job<Work>>) {
        let queue = job.work.queue();
        self.queue(queue).scheduler.push(Arc::clone(job));
    }

    /// The objects get the fence, and are unlocked; then the sync objects (`v3d_attach_fences_and_unlock_reservation`).
    fn attach_fences(
        &self,
        file: &File,
        mut locked: Locked,
        out_sync: u32,
        se: &SubmitExt,
        done: &Fence,
    ) {
        for guard in &mut locked.guards {
            guard.add_fence(done, Usage::Write);
        }
        drop(locked);
        if se.multisync {
            for syncobj in &se.out_syncs {
                syncobj.replace_fence(Some(done.clone()));
            }
        } else if let Ok(syncobj) = file.syncobj(out_sync) {
            syncobj.replace_fence(Some(done.clone()));
        }
    }
}
