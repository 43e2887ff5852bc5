//! A job ran too long: the GPU is reset, the job dropped, the others started again.

use drm_core::errno::Errno;
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;

use super::{Job, NUM_JOB_SLOTS};
use crate::device::PanfrostDevice;
use crate::regs::*;

impl PanfrostDevice {
    /// `panfrost_job_timedout`.
    pub(super) fn job_timed_out(&self, job: &Arc<Job>) {
        if job.is_done() {
            return;
        }
        let slot = job.slot;
        let config = self.gpu().read(js(slot, JS_CONFIG));
        let status = self.gpu().read(js(slot, JS_STATUS));
        let head = self.gpu().read(js(slot, JS_HEAD_LO));
        let tail = self.gpu().read(js(slot, JS_TAIL_LO));
        self.log(format!(
            "gpu sched timeout, js={slot}, config={config:#x}, status={status:#x}, head={head:#x}, tail={tail:#x}"
        ));
        self.dump_core(job);
        self.set_reset_pending(true);
        self.reset(job);
    }

    /// `panfrost_reset`.
    fn reset(&self, bad: &Arc<Job>) {
        for queue in self.jobs.queues.lock().iter_mut() {
            queue.stopped = true;
        }
        bad.karma.store(true, Ordering::SeqCst);
        self.gpu().write(JOB_INT_MASK, 0);
        for slot in 0..NUM_JOB_SLOTS {
            self.gpu().write(js(slot, JS_COMMAND_NEXT), JS_COMMAND_NOP);
            self.gpu().write(js(slot, JS_COMMAND), JS_COMMAND_SOFT_STOP);
        }
        self.handle_job_irqs();
        let stuck = std::mem::take(&mut *self.jobs.slots.lock());
        for _ in stuck.iter().flatten().flatten() {
            self.pm_put_noidle();
        }
        drop(stuck);
        self.device_reset();
        self.gpu().write(JOB_INT_MASK, 0);
        self.set_reset_pending(false);
        let cancelled: Vec<_> = (0..NUM_JOB_SLOTS)
            .flat_map(|slot| self.resubmit_jobs(slot))
            .collect();
        for queue in self.jobs.queues.lock().iter_mut() {
            queue.stopped = false;
        }
        for job in cancelled {
            self.sched_job_done(&job, Some(Errno::ECANCELED));
        }
        self.unmask_job_interrupts();
        self.run_queues();
    }

    /// Starts the jobs of a queue again, but for the guilty one and what its file submitted after it
    /// (`drm_sched_resubmit_jobs`); the jobs that have nothing to do any more.
    fn resubmit_jobs(&self, slot: usize) -> Vec<Arc<Job>> {
        let running: Vec<Arc<Job>> = self.jobs.queues.lock()[slot]
            .running
            .iter()
            .cloned()
            .collect();
        let mut guilty = None;
        let mut cancelled = Vec::new();
        for job in running {
            let context = job.finished.context();
            if guilty.is_none() && job.karma.load(Ordering::SeqCst) {
                guilty = Some(context);
            }
            if guilty == Some(context) {
                *job.error.lock() = Some(Errno::ECANCELED);
            }
            if !self.run_job(&job) {
                cancelled.push(job);
            }
        }
        if !cancelled.is_empty() || !self.jobs.queues.lock()[slot].is_idle() {
            let mut queues = self.jobs.queues.lock();
            self.start_timeout(slot, &mut queues[slot]);
        }
        cancelled
    }
}
