//! Giving a job to the hardware.

use drm_core::sync::Arc;

use super::{DoneFence, Job};
use crate::device::PanfrostDevice;
use crate::regs::*;

impl PanfrostDevice {
    /// Starts a job (`panfrost_job_run`); `false` when there is nothing to do.
    pub(super) fn run_job(&self, job: &Arc<Job>) -> bool {
        if job.error.lock().is_some() || job.jc() == 0 {
            return false;
        }
        let seqno = {
            let mut queues = self.jobs.queues.lock();
            queues[job.slot].emit_seqno += 1;
            queues[job.slot].emit_seqno
        };
        *job.done.lock() = Some(DoneFence {
            seqno,
            signaled: false,
        });
        self.hw_submit(job);
        true
    }

    /// `panfrost_job_hw_submit`.
    fn hw_submit(&self, job: &Arc<Job>) {
        let slot = job.slot;
        self.pm_get_sync();
        if self.gpu().read(js(slot, JS_COMMAND_NEXT)) != 0 {
            self.machine().warn("panfrost_job.c:211");
            return;
        }
        let Some(vm) = job.vm.upgrade() else {
            self.machine()
                .oops("panfrost: job started in a VM that is freed");
            return;
        };
        let as_nr = self.as_get(&vm);
        let jc = job.jc();
        self.gpu().write(js(slot, JS_HEAD_NEXT_LO), jc as u32);
        self.gpu()
            .write(js(slot, JS_HEAD_NEXT_HI), (jc >> 32) as u32);
        self.write_affinity(slot);
        let chain_flag = if job.chain_flag() {
            JS_CONFIG_JOB_CHAIN_FLAG
        } else {
            0
        };
        let config = as_nr
            | JS_CONFIG_THREAD_PRI_8
            | JS_CONFIG_START_FLUSH_CLEAN_INVALIDATE
            | JS_CONFIG_END_FLUSH_CLEAN_INVALIDATE
            | JS_CONFIG_ENABLE_FLUSH_REDUCTION
            | chain_flag;
        self.gpu().write(js(slot, JS_CONFIG_NEXT), config);
        self.gpu().write(js(slot, JS_FLUSH_ID_NEXT), job.flush_id);
        self.enqueue_job(slot, job);
        if !self.reset_pending() {
            self.gpu()
                .write(js(slot, JS_COMMAND_NEXT), JS_COMMAND_START);
        }
    }

    /// Every core; user space has no say (`panfrost_job_write_affinity`).
    fn write_affinity(&self, slot: usize) {
        let cores = self.features().shader_present & self.features().core_mask();
        self.gpu()
            .write(js(slot, JS_AFFINITY_NEXT_LO), cores as u32);
        self.gpu()
            .write(js(slot, JS_AFFINITY_NEXT_HI), (cores >> 32) as u32);
    }

    /// Remembers what the hardware has (`panfrost_enqueue_job`).
    fn enqueue_job(&self, slot: usize, job: &Arc<Job>) {
        let mut slots = self.jobs.slots.lock();
        let [first, second] = &mut slots[slot];
        let Some(first) = first else {
            *first = Some(Arc::clone(job));
            return;
        };
        if second.is_some() {
            self.machine().warn("panfrost_job.c:190");
        }
        if first.chain_flag() == job.chain_flag() {
            self.machine().warn("panfrost_job.c:192");
        }
        *second = Some(Arc::clone(job));
    }
}
