//! Jobs (`rocket_job.c`): submission, the scheduler of each core, the interrupt, time-outs.

mod core;
mod submit;

use drm_core::gem::Gem;
use drm_core::resv::Fence;
use drm_core::sync::atomic::AtomicUsize;
use drm_core::sync::{Arc, Mutex};
use port_kit::sched::Entity;

use crate::domain::Domain;
use crate::uapi::Task;

pub(crate) use core::Core;
pub(crate) use submit::submit;

/// `struct rocket_job`, less the scheduler's part.
pub(crate) struct Job {
    tasks: Vec<Task>,
    next_task: AtomicUsize,
    /// Keeps the BOs, not their mappings in the domain.
    _bos: Vec<Gem>,
    domain: Arc<Domain>,
}

/// The jobs of an open file (`rocket_job_open`).
#[derive(Debug, Default)]
pub(crate) struct FileJobs {
    entity: Entity,
    /// The core that has the file's jobs, and the last of them.
    last: Mutex<Option<(usize, Fence)>>,
}

impl FileJobs {
    /// The core for the next job: the one that has the file's jobs while any is unfinished, else the least loaded
    /// (`drm_sched_entity_select_rq`).
    fn select<'a>(&self, cores: &'a [Arc<Core>]) -> &'a Arc<Core> {
        let last = self.last.lock();
        let busy = last.as_ref().filter(|(_, fence)| !fence.is_signaled());
        let index = busy.map_or_else(
            || (0..cores.len()).min_by_key(|&index| cores[index].load()),
            |(index, _)| Some(*index),
        );
        &cores[index.unwrap_or(0)]
    }

    /// The file goes: its queued jobs are waited for (`rocket_job_close`).
    pub(crate) fn close(&self, cores: &[Arc<Core>]) {
        for core in cores {
            core.destroy_entity(&self.entity);
        }
    }
}
