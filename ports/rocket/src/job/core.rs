//! A core as the driver has it (`struct rocket_core`): its scheduler, the job that it runs, its interrupts.

use drm_core::machine::{Event, Machine};
use drm_core::resv::{Fence, FenceContext};
use drm_core::sync::atomic::{AtomicUsize, Ordering};
use drm_core::sync::{Arc, Mutex, Weak};
use port_kit::sched::{self, Backend, Entity, Scheduler};

use super::Job;
use crate::hw::regs::*;
use crate::hw::{self, Interrupts, Npu};

/// How long a job may run, in nanoseconds (`JOB_TIMEOUT_MS`).
pub(crate) const JOB_TIMEOUT_NS: u64 = 500_000_000;

struct InFlight {
    job: Arc<sched::Job<Job>>,
    done: Fence,
}

pub(crate) struct Core {
    machine: Machine,
    npu: Arc<Npu>,
    index: usize,
    sched: Arc<Scheduler<Job>>,
    fences: FenceContext,
    in_flight: Mutex<Option<InFlight>>,
    /// References to the core's IOMMU group: one for the driver, and one for each job that was ever detached.
    group_refs: AtomicUsize,
}

impl Core {
    pub(crate) fn new(npu: &Arc<Npu>, index: usize) -> Arc<Self> {
        let machine = npu.machine();
        let core = Arc::new_cyclic(|this: &Weak<Self>| Self {
            machine: machine.clone(),
            npu: Arc::clone(npu),
            index,
            sched: Scheduler::new(machine, JOB_TIMEOUT_NS, this.clone()),
            fences: FenceContext::new(),
            in_flight: Mutex::default(),
            group_refs: AtomicUsize::new(1),
        });
        let driver: Arc<dyn Interrupts> = Arc::clone(&core) as _;
        core.hw().connect(Arc::downgrade(&driver));
        core
    }

    fn hw(&self) -> &hw::Core {
        self.npu.core(self.index)
    }

    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// Jobs that wait or run.
    pub(super) fn load(&self) -> usize {
        let (queued, running) = self.sched.load();
        queued + usize::from(running)
    }

    pub(super) fn push(&self, job: Arc<sched::Job<Job>>) {
        self.sched.push(job);
    }

    pub(super) fn destroy_entity(&self, entity: &Entity) {
        self.sched.destroy_entity(entity);
    }

    pub(crate) fn group_refs(&self) -> usize {
        self.group_refs.load(Ordering::SeqCst)
    }

    fn log(&self, line: String) {
        self.machine.trace().record(Event::Log(line));
    }

    /// Gives the next task to the hardware (`rocket_job_hw_submit`).
    fn hw_submit(&self, job: &Job) {
        let next = job.next_task.fetch_add(1, Ordering::SeqCst);
        let Some(task) = job.tasks.get(next) else {
            return;
        };
        let hw = self.hw();
        for (register, value) in [
            (PC_BASE_ADDRESS, 1),
            (CNA_S_POINTER, 0xe),
            (CORE_S_POINTER, 0xe),
            (PC_BASE_ADDRESS, task.regcmd),
            (PC_REGISTER_AMOUNTS, task.regcmd_count.div_ceil(2) - 1),
            (PC_INTERRUPT_MASK, INTERRUPT_DPU_0 | INTERRUPT_DPU_1),
            (PC_INTERRUPT_CLEAR, INTERRUPT_DPU_0 | INTERRUPT_DPU_1),
            (PC_TASK_CON, 1),
            (PC_OPERATION_ENABLE, 1),
        ] {
            hw.write(register, value);
        }
    }

    /// The group is looked up to be detached, which takes a reference; nobody gives it back.
    fn detach(&self) {
        self.group_refs.fetch_add(1, Ordering::SeqCst);
        self.hw().iommu().disable();
    }

    /// The interrupt thread (`rocket_job_handle_irq`): the next task of the job, or its end.
    fn handle_irq(&self) {
        self.hw().write(PC_OPERATION_ENABLE, 0);
        self.hw().write(PC_INTERRUPT_CLEAR, INTERRUPT_ALL);
        let done = {
            let mut in_flight = self.in_flight.lock();
            let Some(InFlight { job, .. }) = &*in_flight else {
                return;
            };
            if job.work.next_task.load(Ordering::SeqCst) < job.work.tasks.len() {
                self.hw_submit(&job.work);
                return;
            }
            self.detach();
            in_flight.take().map(|in_flight| in_flight.done)
        };
        if let Some(done) = done {
            done.signal();
        }
    }

    /// `rocket_reset`: whatever the core does, it ends.
    fn reset(&self) {
        self.sched.stop();
        if self.in_flight.lock().take().is_some() {
            self.hw().iommu().disable();
        }
        self.hw().reset();
        self.sched.start();
    }
}

impl Backend<Job> for Core {
    /// `rocket_job_run`.
    fn run_job(&self, job: &Arc<sched::Job<Job>>) -> Option<Fence> {
        if job.error().is_some() {
            return None;
        }
        let done = self.fences.fence();
        self.hw().iommu().enable(job.work.domain.root());
        let mut in_flight = self.in_flight.lock();
        *in_flight = Some(InFlight {
            job: Arc::clone(job),
            done: done.clone(),
        });
        self.hw_submit(&job.work);
        Some(done)
    }

    /// `rocket_job_timedout`.
    fn timedout_job(&self, _job: &Arc<sched::Job<Job>>) {
        self.log(format!("rknn core {}: NPU job timed out", self.index));
        self.reset();
    }

    fn free_job(&self, _job: Arc<sched::Job<Job>>) {}
}

impl Interrupts for Core {
    /// `rocket_job_irq_handler`, and the thread that it wakes.
    fn npu_irq(&self) {
        let pending = self.hw().read(PC_INTERRUPT_RAW_STATUS);
        if pending & INTERRUPT_DMA_READ_ERROR != 0 {
            self.machine.warn("rocket_job.c: DMA read error");
        }
        if pending & INTERRUPT_DMA_WRITE_ERROR != 0 {
            self.machine.warn("rocket_job.c: DMA write error");
        }
        if pending & (INTERRUPT_DPU_0 | INTERRUPT_DPU_1) == 0 {
            return;
        }
        self.hw().write(PC_INTERRUPT_MASK, 0);
        self.handle_irq();
    }

    /// `rk_iommu_irq`: tells, acknowledges, and leaves the core to its time-out.
    fn mmu_irq(&self) {
        if let Some(fault) = self.hw().iommu().take_fault() {
            let kind = if fault.write { "write" } else { "read" };
            self.log(format!(
                "rk_iommu core {}: Page fault at {:#x} of type {kind}",
                self.index, fault.iova
            ));
        }
    }
}
