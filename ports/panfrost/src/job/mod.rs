//! Jobs (`panfrost_job.c`): submission, the scheduler's three queues, the slots of the hardware, the interrupt, time-outs.

mod irq;
mod open;
mod reset;
mod run;
mod sched;
mod submit;

use drm_core::errno::Errno;
use drm_core::gem::Gem;
use drm_core::resv::Fence;
use drm_core::sync::atomic::{AtomicBool, AtomicU64};
use drm_core::sync::{Arc, Mutex, Weak};

use crate::memory::JobMapping;
use crate::mmu::Vm;

pub(crate) use open::FileJobs;
use sched::Queue;
pub(crate) use submit::submit;

/// Slots of the hardware, and queues of the scheduler: fragment, vertex and tiler, compute.
pub(crate) const NUM_JOB_SLOTS: usize = crate::hw::SLOTS;

/// What the hardware signals for a job (`struct panfrost_fence`).
#[derive(Debug)]
pub(crate) struct DoneFence {
    /// Number of the job in its queue; its parity is the job chain flag.
    pub(crate) seqno: u64,
    pub(crate) signaled: bool,
}

/// A job (`struct panfrost_job`).
pub(crate) struct Job {
    slot: usize,
    /// VA of the first descriptor; 0 for "nothing left to do".
    jc: AtomicU64,
    flush_id: u32,
    /// `job->mmu`: not counted. What keeps it alive are the mappings, if there are any.
    vm: Weak<Vm>,
    /// Which file's queue it came from; gone once the scheduler took it (`job->base.entity`).
    entity: Mutex<Option<u64>>,
    /// Fences to wait for.
    dependencies: Vec<Fence>,
    /// Tells every waiter that it is done (`s_fence->finished`).
    finished: Fence,
    error: Mutex<Option<Errno>>,
    karma: AtomicBool,
    done: Mutex<Option<DoneFence>>,
    /// Freed before the objects.
    mappings: Vec<Box<dyn JobMapping>>,
    /// Only kept.
    _bos: Vec<Gem>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Job(js {}, {:?})", self.slot, self.finished)
    }
}

impl Job {
    pub(crate) fn mappings(&self) -> &[Box<dyn JobMapping>] {
        &self.mappings
    }

    pub(crate) fn jc(&self) -> u64 {
        self.jc.load(drm_core::sync::atomic::Ordering::SeqCst)
    }

    fn set_jc(&self, jc: u64) {
        self.jc.store(jc, drm_core::sync::atomic::Ordering::SeqCst);
    }

    fn is_done(&self) -> bool {
        self.done.lock().as_ref().is_some_and(|done| done.signaled)
    }

    /// Whether the hardware is to tell it from the other job of its slot by a set flag (`panfrost_get_job_chain_flag`).
    fn chain_flag(&self) -> bool {
        self.done
            .lock()
            .as_ref()
            .is_some_and(|done| done.seqno & 1 != 0)
    }
}

/// Running and waiting job of each hardware slot.
type Slots = [[Option<Arc<Job>>; 2]; NUM_JOB_SLOTS];

/// `struct panfrost_job_slot` and its companions.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    queues: Mutex<[Queue; NUM_JOB_SLOTS]>,
    /// `pfdev->jobs`, under `job_lock`.
    slots: Mutex<Slots>,
    reset_pending: AtomicBool,
}

impl Jobs {
    /// Whether the hardware has no job (`panfrost_job_is_idle`).
    pub(crate) fn is_idle(&self) -> bool {
        self.queues.lock().iter().all(Queue::is_idle)
    }
}
