//! The queues' side of the schedulers: starting jobs, time-outs, the reset (`v3d_sched.c`).

use drm_core::resv::Fence;
use drm_core::sync::Arc;
use port_kit::sched::{Backend, Job};

use crate::device::V3d;
use crate::job::{Bin, Csd, Kind, List, Queue, Work};
use crate::regs::{self, core};
use crate::uapi::SubmitTfu;

impl Backend<Work> for V3d {
    fn run_job(&self, job: &Arc<Job<Work>>) -> Option<Fence> {
        match &job.work.kind {
            Kind::Bin(bin) => self.run_bin(job, bin),
            Kind::Render(render) => self.run_render(job, &render.list),
            Kind::Tfu(args) => self.run_tfu(job, args),
            Kind::Csd(csd) => self.run_csd(job, csd),
            Kind::CacheClean => None,
            Kind::Cpu(cpu) => {
                self.run_cpu(job, cpu);
                None
            }
        }
    }

    fn timedout_job(&self, job: &Arc<Job<Work>>) {
        let progress = match &job.work.kind {
            Kind::Bin(bin) => self.list_moved(&bin.list, core::CT0CA, core::CT0RA),
            Kind::Render(render) => self.list_moved(&render.list, core::CT1CA, core::CT1RA),
            Kind::Csd(csd) => {
                let batches = self.hw().read_core(regs::csd_current_cfg4(self.ver()));
                let before = std::mem::replace(&mut *csd.timed_out_batches.lock(), batches);
                before != batches
            }
            _ => false,
        };
        if !progress {
            self.reset_for_timeout(job);
        }
    }

    fn free_job(&self, job: Arc<Job<Work>>) {
        // The last reference: its objects go.
        drop(job);
    }
}

impl V3d {
    /// The job is on the hardware from now on; the fence that its interrupt signals.
    fn activate(&self, queue: Queue, job: &Arc<Job<Work>>) -> Fence {
        let state = self.queue(queue);
        *state.active.lock() = Some(Arc::clone(job));
        let fence = state.fences.fence();
        *state.irq_fence.lock() = Some(fence.clone());
        fence
    }

    /// A job that was cancelled is not started: its queue is free.
    fn cancelled(&self, queue: Queue, job: &Job<Work>) -> bool {
        if job.error().is_none() {
            return false;
        }
        self.queue(queue).active.lock().take();
        true
    }

    /// `v3d_bin_job_run`
    fn run_bin(&self, job: &Arc<Job<Work>>, bin: &Bin) -> Option<Fence> {
        if self.cancelled(Queue::Bin, job) {
            return None;
        }
        let fence = self.activate(Queue::Bin, job);
        let hw = self.hw();
        // What an earlier job was given is not used again.
        hw.write_core(core::PTB_BPOS, 0);
        if bin.qma != 0 {
            hw.write_core(core::CT0QMA, bin.qma);
            hw.write_core(core::CT0QMS, bin.qms);
        }
        if bin.qts != 0 {
            hw.write_core(core::CT0QTS, regs::CT0QTS_ENABLE | bin.qts);
        }
        hw.write_core(core::CT0QBA, bin.list.start);
        hw.write_core(core::CT0QEA, bin.list.end);
        Some(fence)
    }

    /// `v3d_render_job_run`
    fn run_render(&self, job: &Arc<Job<Work>>, list: &List) -> Option<Fence> {
        if self.cancelled(Queue::Render, job) {
            return None;
        }
        let fence = self.activate(Queue::Render, job);
        self.hw().write_core(core::CT1QBA, list.start);
        self.hw().write_core(core::CT1QEA, list.end);
        Some(fence)
    }

    /// `v3d_tfu_job_run`
    fn run_tfu(&self, job: &Arc<Job<Work>>, args: &SubmitTfu) -> Option<Fence> {
        if self.cancelled(Queue::Tfu, job) {
            return None;
        }
        let fence = self.activate(Queue::Tfu, job);
        let icfg = regs::tfu_icfg(self.ver());
        self.hw().write_hub(icfg + 4, args.iia);
        self.hw().write_hub(icfg, args.icfg | regs::TFU_ICFG_IOC);
        Some(fence)
    }

    /// `v3d_csd_job_run`: with no work group in a dimension there is nothing to dispatch.
    fn run_csd(&self, job: &Arc<Job<Work>>, csd: &Csd) -> Option<Fence> {
        if self.cancelled(Queue::Csd, job) {
            return None;
        }
        let cfg = csd.args.lock().cfg;
        if cfg[..3].iter().any(|groups| groups >> 16 == 0) {
            return None;
        }
        let fence = self.activate(Queue::Csd, job);
        let first = regs::csd_queued_cfg0(self.ver());
        for (n, value) in (0..).zip(cfg).skip(1) {
            self.hw().write_core(first + 4 * n, value);
        }
        self.hw().write_core(first, cfg[0]);
        Some(fence)
    }

    /// Whether a list has come further since it last timed out: then it gets its time once more.
    fn list_moved(&self, list: &List, current: u32, back: u32) -> bool {
        let now = (self.hw().read_core(current), self.hw().read_core(back));
        let before = std::mem::replace(&mut *list.timed_out_at.lock(), now);
        before != now
    }

    /// `v3d_gpu_reset_for_timeout`: every queue is stopped, and what it ran is started again, but for the guilty job.
    fn reset_for_timeout(&self, guilty: &Arc<Job<Work>>) {
        self.queues().for_each(|queue| queue.scheduler.stop());
        let queue = guilty.work.queue();
        self.queue(queue).scheduler.increase_karma(guilty);
        self.reset();
        self.queues()
            .for_each(|queue| queue.scheduler.resubmit_jobs());
        self.queues().for_each(|queue| queue.scheduler.start());
    }

    /// `v3d_reset`: the device forgets its page table and its masks; the table itself stays.
    fn reset(&self) {
        self.log("[drm:v3d_reset] *ERROR* Resetting GPU for hang.");
        let status = self.hw().read_core(core::ERR_STAT);
        self.log(format!(
            "[drm:v3d_reset] *ERROR* V3D_ERR_STAT: {status:#010x}"
        ));
        self.irq_disable();
        self.hw().reset();
        self.set_page_table();
        self.irq_enable();
    }
}
