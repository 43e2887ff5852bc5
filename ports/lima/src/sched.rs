//! The pipes' side of the schedulers: starting jobs, recovery, time-outs (`lima_sched.c`).

use drm_core::resv::Fence;
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;
use port_kit::sched::{Backend, Job};

use crate::device::Lima;
use crate::hw::Mmu;
use crate::regs::gp;
use crate::submit::Task;
use crate::uapi::PIPE_GP;

/// What a pipe is called in the kernel log.
fn name(pipe: u32) -> &'static str {
    if pipe == PIPE_GP { "gp" } else { "pp0" }
}

impl Backend<Task> for Lima {
    /// `lima_sched_run_job`: flushes the L2 caches of the pipe, and gives its MMUs the job's address space.
    fn run_job(&self, job: &Arc<Job<Task>>) -> Option<Fence> {
        if job.error().is_some() {
            return None;
        }
        let pipe = self.pipe(job.work.pipe);
        let fence = pipe.fences.fence();
        let vm = job.work.vm();
        // Each pipe has one cache in front of it.
        self.hw().flush_l2();
        {
            let mut state = pipe.state.lock();
            state.task = Arc::downgrade(job);
            state.fence = Some(fence.clone());
            state.vm = vm.clone();
            state.error = false;
        }
        if let Some(vm) = vm {
            pipe.mmus
                .iter()
                .for_each(|mmu| self.mmu_switch_vm(*mmu, &vm));
        }
        if job.work.pipe == PIPE_GP {
            self.gp_run(job);
        } else {
            self.pp_run(job);
        }
        Some(fence)
    }

    /// `lima_sched_timedout_job`
    fn timedout_job(&self, job: &Arc<Job<Task>>) {
        let (number, pipe) = (job.work.pipe, self.pipe(job.work.pipe));
        let is_gp = number == PIPE_GP;
        let signaled = pipe
            .state
            .lock()
            .fence
            .as_ref()
            .is_some_and(Fence::is_signaled);
        if signaled {
            self.log(format!("[drm] {} spurious timeout", name(number)));
            return;
        }
        if is_gp {
            self.hw().write_gp(gp::INT_MASK, 0);
        } else {
            self.pp_mask_irq();
        }
        if !pipe.state.lock().error {
            self.log(format!(
                "[drm:lima_sched_timedout_job] *ERROR* {} job timeout",
                name(number)
            ));
        }
        pipe.scheduler.stop();
        pipe.scheduler.increase_karma(job);
        if self.config().max_error_tasks > 0 {
            self.save_error_task(job);
        }
        if is_gp {
            self.gp_error();
        } else {
            self.pp_error();
        }
        pipe.mmus
            .iter()
            .for_each(|mmu| self.mmu_page_fault_resume(*mmu));
        {
            let mut state = pipe.state.lock();
            state.vm = None;
            state.task = Default::default();
        }
        pipe.scheduler.resubmit_jobs();
        pipe.scheduler.start();
    }

    /// `lima_sched_free_job`: unmaps what user space closed meanwhile.
    fn free_job(&self, job: Arc<Job<Task>>) {
        let objects = job.work.take_objects();
        if let Some(vm) = job.work.take_vm() {
            for object in &objects {
                if let Some(bo) = self.bo(object) {
                    bo.remove_from(&vm);
                }
            }
        }
        objects.into_iter().for_each(drop);
    }
}

impl Lima {
    /// `lima_sched_pipe_task_done`
    pub(crate) fn task_done(&self, number: u32) {
        let pipe = self.pipe(number);
        let (task, fence, error) = {
            let state = pipe.state.lock();
            (state.task.upgrade(), state.fence.clone(), state.error)
        };
        if error {
            let recoverable = task
                .as_ref()
                .is_some_and(|task| task.work.recoverable.load(Ordering::SeqCst));
            if recoverable {
                self.later(move |lima| lima.recover(number));
            } else {
                pipe.scheduler.fault();
            }
            return;
        }
        if number == PIPE_GP {
            self.gp_soft_reset_async();
        } else {
            self.pp_fini();
        }
        if let Some(fence) = fence {
            fence.signal();
        }
    }

    /// Delivers what the hardware raised, when somebody next sleeps or waits.
    pub fn deliver_interrupts(&self) {
        self.later(Self::interrupts);
    }

    fn interrupts(&self) {
        let up = self.hw().asserted();
        if up.gp {
            self.gp_irq();
        }
        if up.gp_mmu {
            self.mmu_irq(Mmu::Gp);
        }
        for (n, _) in up.pp_mmu.iter().enumerate().filter(|(_, up)| **up) {
            self.mmu_irq(Mmu::Pp(n));
        }
        if self.is_broadcast() && up.pp.contains(&true) {
            self.pp_bcast_irq();
        } else {
            for (n, _) in up.pp.iter().enumerate().filter(|(_, up)| **up) {
                self.pp_irq(n);
            }
        }
    }

    /// `lima_sched_recover_work`: caches and translations go, then the heap grows. What fails ends the job.
    pub(crate) fn recover(&self, number: u32) {
        let pipe = self.pipe(number);
        self.hw().flush_l2();
        pipe.mmus.iter().for_each(|mmu| self.mmu_flush_tlb(*mmu));
        let task = pipe.state.lock().task.upgrade();
        let recovered = task.is_some_and(|task| self.gp_recover(&task).is_ok());
        if !recovered {
            pipe.scheduler.fault();
        }
    }
}
