//! The interrupt of the job manager.

use drm_core::sync::Arc;

use super::{Job, NUM_JOB_SLOTS};
use crate::device::{Component, PanfrostDevice};
use crate::exception;
use crate::regs::*;

const ALL_SLOTS: u32 = {
    let slots = (1 << NUM_JOB_SLOTS) - 1;
    slots | slots << 16
};

/// `JS_STATUS`: the job was stopped, and can go on.
const STOPPED: u32 = 3;
/// `JS_STATUS`: the job was killed.
const TERMINATED: u32 = 4;

impl PanfrostDevice {
    /// `panfrost_job_enable_interrupts`.
    pub(crate) fn enable_job_interrupts(&self) {
        self.set_suspended(Component::Job, false);
        self.gpu().write(JOB_INT_CLEAR, ALL_SLOTS);
        self.gpu().write(JOB_INT_MASK, ALL_SLOTS);
    }

    pub(super) fn unmask_job_interrupts(&self) {
        self.gpu().write(JOB_INT_MASK, ALL_SLOTS);
    }

    /// `panfrost_job_irq_handler`, and the thread that it wakes.
    pub(crate) fn job_irq_handler(&self) -> bool {
        if self.is_suspended(Component::Job) || self.gpu().read(JOB_INT_STAT) == 0 {
            return false;
        }
        self.gpu().write(JOB_INT_MASK, 0);
        self.handle_job_irqs();
        if !self.is_suspended(Component::Job) {
            self.unmask_job_interrupts();
        }
        true
    }

    /// `panfrost_job_handle_irqs`.
    pub(super) fn handle_job_irqs(&self) {
        loop {
            let status = self.gpu().read(JOB_INT_RAWSTAT);
            if status == 0 {
                return;
            }
            self.pm_mark_last_busy();
            for job in self.handle_job_irq(status) {
                self.sched_job_done(&job, None);
            }
        }
    }

    /// `panfrost_job_handle_irq`; the jobs whose fence is to be signalled.
    fn handle_job_irq(&self, mut status: u32) -> Vec<Arc<Job>> {
        let mut done: [Vec<Arc<Job>>; NUM_JOB_SLOTS] = Default::default();
        let mut failed: [Option<Arc<Job>>; NUM_JOB_SLOTS] = Default::default();
        let (mut js_state, mut js_events) = (0, 0);
        while status != 0 {
            let mut seen = 0;
            for j in 0..NUM_JOB_SLOTS {
                if status & mk_js_mask(j) != 0 {
                    seen |= mk_js_mask(j);
                }
                if status & 1 << j != 0 {
                    done[j].extend(self.dequeue_job(j));
                }
                if status & 1 << (j + 16) != 0 {
                    // What waits is started again once the failure is dealt with.
                    self.gpu().write(js(j, JS_COMMAND_NEXT), JS_COMMAND_NOP);
                    failed[j] = self.dequeue_job(j);
                }
            }
            self.gpu().write(JOB_INT_CLEAR, status);
            js_state = js_state & !seen | self.gpu().read(JOB_INT_JS_STATE) & seen;
            js_events |= status;
            status = self.gpu().read(JOB_INT_RAWSTAT);
        }
        let mut signaled = Vec::new();
        for (j, (mut done, failed)) in done.into_iter().zip(&failed).enumerate() {
            if js_events & mk_js_mask(j) == 0 {
                continue;
            }
            if let Some(job) = failed {
                signaled.extend(self.handle_job_error(job, j));
            } else if self.jobs.slots.lock()[j][0].is_some() && js_state & mk_js_mask(j) == 0 {
                // Both jobs ended before the interrupt was looked at.
                if done.is_empty() {
                    self.machine().warn("panfrost_job.c:562");
                }
                done.extend(self.dequeue_job(j));
            }
            for job in done {
                self.handle_job_done(&job);
                signaled.push(job);
            }
        }
        for (j, failed) in failed.iter().enumerate() {
            if js_events & mk_js_mask(j) != 0 && failed.is_some() {
                signaled.extend(self.requeue_after_failure(j));
            }
        }
        signaled
    }

    /// Starts the job again that waited behind one that failed; one that was cancelled meanwhile is done.
    fn requeue_after_failure(&self, j: usize) -> Option<Arc<Job>> {
        let job = self.jobs.slots.lock()[j][0].clone()?;
        if job.jc() == 0 {
            let cancelled = self.dequeue_job(j)?;
            *cancelled.error.lock() = Some(drm_core::Errno::ECANCELED);
            self.handle_job_done(&cancelled);
            return Some(cancelled);
        }
        if !self.reset_pending() {
            self.gpu().write(js(j, JS_COMMAND_NEXT), JS_COMMAND_START);
        }
        None
    }

    /// `panfrost_dequeue_job`.
    fn dequeue_job(&self, slot: usize) -> Option<Arc<Job>> {
        let mut slots = self.jobs.slots.lock();
        let [first, second] = &mut slots[slot];
        let job = first.take();
        if job.is_none() {
            self.machine().warn("panfrost_job.c:161");
        }
        *first = second.take();
        job
    }

    /// `panfrost_job_handle_err`; the job, unless it was stopped and will go on.
    fn handle_job_error(&self, job: &Arc<Job>, slot: usize) -> Option<Arc<Job>> {
        let status = self.gpu().read(js(slot, JS_STATUS));
        if exception::is_fault(status) {
            let head = self.gpu().read(js(slot, JS_HEAD_LO));
            let tail = self.gpu().read(js(slot, JS_TAIL_LO));
            let name = exception::name(status);
            self.log(format!(
                "js fault, js={slot}, status={name}, head={head:#x}, tail={tail:#x}"
            ));
        }
        let stopped = status == STOPPED;
        if stopped {
            let tail = u64::from(self.gpu().read(js(slot, JS_TAIL_LO)))
                | u64::from(self.gpu().read(js(slot, JS_TAIL_HI))) << 32;
            job.set_jc(tail);
        } else if status == TERMINATED {
            *job.error.lock() = Some(drm_core::Errno::ECANCELED);
            job.set_jc(0);
        } else if exception::is_fault(status) {
            *job.error.lock() = Some(drm_core::Errno::EINVAL);
            job.set_jc(0);
        }
        self.job_as_put(job);
        if !stopped {
            signal(job);
        }
        self.pm_put_autosuspend();
        (!stopped).then(|| Arc::clone(job))
    }

    /// `panfrost_job_handle_done`.
    fn handle_job_done(&self, job: &Arc<Job>) {
        job.set_jc(0);
        self.job_as_put(job);
        signal(job);
        self.pm_put_autosuspend();
    }

    /// The job's use of its hardware space ends. A job without BOs has nothing that keeps its VM alive once its file is closed.
    fn job_as_put(&self, job: &Job) {
        match job.vm.upgrade() {
            Some(vm) => self.as_put(&vm),
            None => self
                .machine()
                .oops("panfrost: use after free of a VM at the end of its job"),
        }
    }
}

fn signal(job: &Job) {
    if let Some(done) = &mut *job.done.lock() {
        done.signaled = true;
    }
}
