//! The scheduler (`drm_sched`), as far as it shows: a queue for each slot, two jobs of it in the hardware at a time, fences to
//! wait for, and the time-out.

use std::collections::VecDeque;

use drm_core::errno::Errno;
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;

use super::{Job, NUM_JOB_SLOTS};
use crate::device::PanfrostDevice;

/// Jobs of a queue that the hardware has at a time.
const CREDITS: usize = 2;
/// How long a job may run, in nanoseconds (`JOB_TIMEOUT_MS`).
const JOB_TIMEOUT_NS: u64 = 500_000_000;

/// `struct drm_gpu_scheduler`.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Submitted, in order.
    waiting: VecDeque<Arc<Job>>,
    /// Taken, in order (`pending_list`).
    pub(super) running: VecDeque<Arc<Job>>,
    /// Jobs given to the hardware so far.
    pub(super) emit_seqno: u64,
    /// Takes no job while the GPU is being reset.
    pub(super) stopped: bool,
    /// Which start of the time-out counts; an earlier one came too late.
    timeout: u64,
}

impl Queue {
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// The first job that need not wait: none of its file's is before it, and its fences have signalled. A job of the same queue
    /// is waited for only until it is taken, one of the same file not at all.
    fn next_ready(&self) -> Option<usize> {
        let ready = |job: &Job| {
            job.dependencies.iter().all(|fence| {
                fence.is_signaled()
                    || fence.context() == job.finished.context()
                    || self
                        .running
                        .iter()
                        .any(|running| running.finished.is(fence))
            })
        };
        (0..self.waiting.len()).find(|&at| {
            let job = &self.waiting[at];
            let context = job.finished.context();
            let first = self
                .waiting
                .range(..at)
                .all(|before| before.finished.context() != context);
            first && ready(job)
        })
    }
}

impl PanfrostDevice {
    /// Queues a job (`drm_sched_entity_push_job`).
    pub(super) fn push_job(&self, job: &Arc<Job>) {
        for fence in &job.dependencies {
            let this = self.weak();
            fence.on_signal(move || {
                if let Some(pfdev) = this.upgrade() {
                    pfdev.run_queues();
                }
            });
        }
        self.jobs.queues.lock()[job.slot]
            .waiting
            .push_back(Arc::clone(job));
        self.run_queues();
    }

    /// Gives the hardware what it can take.
    pub(super) fn run_queues(&self) {
        for js in 0..NUM_JOB_SLOTS {
            while let Some(job) = self.take_job(js) {
                if !self.run_job(&job) {
                    self.sched_job_done(&job, None);
                }
            }
        }
    }

    fn take_job(&self, js: usize) -> Option<Arc<Job>> {
        let mut queues = self.jobs.queues.lock();
        let queue = &mut queues[js];
        if queue.stopped || queue.running.len() >= CREDITS {
            return None;
        }
        let job = queue.next_ready().and_then(|at| queue.waiting.remove(at))?;
        *job.entity.lock() = None;
        queue.running.push_back(Arc::clone(&job));
        if queue.running.len() == 1 {
            self.start_timeout(js, queue);
        }
        Some(job)
    }

    pub(super) fn start_timeout(&self, js: usize, queue: &mut Queue) {
        queue.timeout += 1;
        let (this, number) = (self.weak(), queue.timeout);
        self.machine()
            .at(self.machine().clock().now() + JOB_TIMEOUT_NS, move || {
                if let Some(pfdev) = this.upgrade() {
                    pfdev.timeout_due(js, number);
                }
            });
    }

    /// The time-out fired; whether it still counts is seen now.
    fn timeout_due(&self, js: usize, number: u64) {
        let job = {
            let queues = self.jobs.queues.lock();
            let queue = &queues[js];
            if queue.timeout != number || queue.stopped {
                return;
            }
            queue.running.front().cloned()
        };
        if let Some(job) = job {
            self.job_timed_out(&job);
        }
    }

    /// A job is done, well or not: tells its waiters, frees it, and runs the next (`drm_sched_job_done`).
    pub(super) fn sched_job_done(&self, job: &Arc<Job>, error: Option<Errno>) {
        {
            let mut queues = self.jobs.queues.lock();
            let queue = &mut queues[job.slot];
            queue.running.retain(|running| !Arc::ptr_eq(running, job));
            queue.timeout += 1;
            if !queue.running.is_empty() {
                self.start_timeout(job.slot, queue);
            }
        }
        if let Some(error) = error.or(*job.error.lock()) {
            job.finished.set_error(error);
        }
        job.finished.signal();
        self.run_queues();
    }

    pub(super) fn has_waiting(&self, slot: usize, entity: u64) -> bool {
        let queues = self.jobs.queues.lock();
        queues[slot]
            .waiting
            .iter()
            .any(|job| *job.entity.lock() == Some(entity))
    }

    /// Drops the jobs of an entity that have not started (`drm_sched_entity_kill`).
    pub(super) fn kill_waiting(&self, slot: usize, entity: u64) {
        let killed: Vec<Arc<Job>> = {
            let mut queues = self.jobs.queues.lock();
            let (killed, kept) = std::mem::take(&mut queues[slot].waiting)
                .into_iter()
                .partition(|job| *job.entity.lock() == Some(entity));
            queues[slot].waiting = kept;
            Vec::from(killed as VecDeque<_>)
        };
        for job in killed {
            job.finished.set_error(Errno::ECANCELED);
            job.finished.signal();
        }
    }

    /// Whether a reset is under way or asked for.
    pub(super) fn reset_pending(&self) -> bool {
        self.jobs.reset_pending.load(Ordering::SeqCst)
    }

    pub(super) fn set_reset_pending(&self, pending: bool) {
        self.jobs.reset_pending.store(pending, Ordering::SeqCst);
    }
}
