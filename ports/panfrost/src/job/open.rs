//! What a file has of the scheduler: an entity for each slot (`panfrost_job_open`, `panfrost_job_close`).

use drm_core::machine::Deadline;
use drm_core::resv::{Fence, FenceContext};
use drm_core::sync::atomic::{AtomicU64, Ordering};

use super::NUM_JOB_SLOTS;
use crate::device::PanfrostDevice;
use crate::regs::*;

/// How long a close waits for jobs that have not started, in nanoseconds (`MAX_WAIT_SCHED_ENTITY_Q_EMPTY`).
const CLOSE_WAIT_NS: u64 = 1_000_000_000;

/// Entities are numbered over the process: a number is never shown, only compared.
static ENTITIES: AtomicU64 = AtomicU64::new(1);

/// The jobs of one file for one slot, in order (`struct drm_sched_entity`).
#[derive(Debug)]
struct Entity {
    id: u64,
    fences: FenceContext,
}

/// The entities of a file.
#[derive(Debug)]
pub(crate) struct FileJobs {
    entities: [Entity; NUM_JOB_SLOTS],
}

impl FileJobs {
    pub(crate) fn new() -> Self {
        Self {
            entities: std::array::from_fn(|_| Entity {
                id: ENTITIES.fetch_add(1, Ordering::Relaxed),
                fences: FenceContext::new(),
            }),
        }
    }

    pub(super) fn entity(&self, slot: usize) -> u64 {
        self.entities[slot].id
    }

    /// The `finished` fence of the entity's next job.
    pub(super) fn fence(&self, slot: usize) -> Fence {
        self.entities[slot].fences.fence()
    }
}

impl PanfrostDevice {
    /// A file goes: its jobs that have not started get a second to do so, then are dropped; those that run are to be killed.
    ///
    /// They never are: the scheduler cleared `entity` of every job that it took, so no running job is found to be of this file.
    pub(crate) fn job_close(&self, file: &FileJobs) {
        for (slot, entity) in file.entities.iter().enumerate() {
            let deadline = Deadline::At(self.machine().clock().now() + CLOSE_WAIT_NS);
            // Whatever the wait came to: what still waits is killed.
            let _ = self
                .machine()
                .wait_until(deadline, || !self.has_waiting(slot, entity.id));
            self.kill_waiting(slot, entity.id);
        }
        for (js, entity) in file.entities.iter().enumerate() {
            for subslot in [1, 0] {
                let job = self.jobs.slots.lock()[js][subslot].clone();
                let Some(job) = job.filter(|job| *job.entity.lock() == Some(entity.id)) else {
                    continue;
                };
                if subslot == 1 {
                    self.gpu()
                        .write(crate::regs::js(js, JS_COMMAND_NEXT), JS_COMMAND_NOP);
                    job.set_jc(0);
                }
                let command = if job.chain_flag() {
                    JS_COMMAND_HARD_STOP_1
                } else {
                    JS_COMMAND_HARD_STOP_0
                };
                self.gpu().write(crate::regs::js(js, JS_COMMAND), command);
            }
        }
    }
}
