//! The mock GPU: a register window, and an engine that reads and writes simulated RAM through the page tables that its
//! registers point to.
//!
//! It has the identity of a Mali-G52 with two cores, as the recordings that the port answers were made with. Nothing here
//! knows the driver: it sees register accesses, and raises interrupts.

mod access;
mod chain;
mod control;
mod slot;
mod space;

use std::fmt;

use drm_core::machine::Machine;
use drm_core::memory::Gfp;
use drm_core::sync::atomic::{AtomicBool, Ordering};
use drm_core::sync::{Arc, Mutex, OnceLock, Weak};
use port_kit::mmu::MachineTables;

pub use self::access::{AccessKind, Accessed, Ended};
pub use self::chain::{JobType, job};
pub use self::control::SHADER_CORES;
pub use self::slot::{JS_STATUS_ACTIVE, JS_STATUS_DONE, SlotState};
pub use self::space::SpaceCounts;

use self::control::Control;
use self::slot::JobManager;
use self::space::Mmu;
use crate::regs::{JOB_INT_RAWSTAT, MMU_INT_RAWSTAT};

/// Address spaces.
pub const SPACES: usize = 8;
/// Job slots.
pub const SLOTS: usize = 3;

/// Who serves the interrupt lines: the driver.
///
/// A handler answers whether it did anything; a line that stays up after "nothing" is not asked again before the next event.
pub trait Interrupts: Send + Sync {
    /// The line of the GPU itself.
    fn gpu_irq(&self) -> bool;
    /// The line of the job manager.
    fn job_irq(&self) -> bool;
    /// The line of the MMU.
    fn mmu_irq(&self) -> bool;
}

#[derive(Debug, Default)]
struct State {
    control: Control,
    jobs: JobManager,
    mmu: Mmu,
}

/// The GPU. It works only when told to: by a register write, by [`Gpu::access`] and its like, or, with [`Gpu::run_jobs`], while
/// the machine waits.
pub struct Gpu {
    machine: Machine,
    tables: MachineTables,
    state: Mutex<State>,
    driver: OnceLock<Weak<dyn Interrupts>>,
    delivering: AtomicBool,
    runs_jobs: AtomicBool,
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gpu")
            .field("state", &*self.state.lock())
            .finish_non_exhaustive()
    }
}

impl Gpu {
    /// A GPU on `machine`, powered, without a driver.
    #[must_use]
    pub fn new(machine: &Machine) -> Arc<Self> {
        let gpu = Arc::new(Self {
            machine: machine.clone(),
            tables: MachineTables::new(machine, Gfp::KERNEL),
            state: Mutex::default(),
            driver: OnceLock::new(),
            delivering: AtomicBool::new(false),
            runs_jobs: AtomicBool::new(false),
        });
        let weak = Arc::downgrade(&gpu);
        machine.add_hardware(move || weak.upgrade().is_some_and(|gpu| gpu.step()));
        gpu
    }

    /// Connects the interrupt lines, once.
    pub fn connect(&self, driver: Weak<dyn Interrupts>) {
        // A second driver would be a bug of the caller; the first stays.
        let _ = self.driver.set(driver);
    }

    /// Whether started jobs run by themselves while the machine waits. Without, whoever tests ends them
    /// ([`Gpu::finish_job`]).
    pub fn run_jobs(&self, on: bool) {
        self.runs_jobs.store(on, Ordering::SeqCst);
    }

    /// Reads a register; 0 where there is none.
    #[must_use]
    pub fn read(&self, reg: u32) -> u32 {
        let state = self.state.lock();
        match reg {
            ..JOB_INT_RAWSTAT => state.control.read(reg),
            JOB_INT_RAWSTAT..MMU_INT_RAWSTAT => state.jobs.read(reg),
            _ => state.mmu.read(reg),
        }
    }

    /// Writes a register; nothing happens where there is none.
    pub fn write(&self, reg: u32, value: u32) {
        let mut state = self.state.lock();
        match reg {
            ..JOB_INT_RAWSTAT => {
                let effect = state.control.write(reg, value);
                if effect == control::Effect::Reset {
                    state.jobs.reset();
                    state.mmu.reset();
                }
                drop(state);
                if effect == control::Effect::Sample {
                    self.sample_counters();
                }
            }
            JOB_INT_RAWSTAT..MMU_INT_RAWSTAT => state.jobs.write(reg, value),
            _ => {
                if state.mmu.write(reg, value) {
                    self.machine.counters().invalidations.add(1);
                }
            }
        }
    }

    /// Calls the handlers of the lines that are up; whether any did something.
    pub fn deliver(&self) -> bool {
        let Some(driver) = self.driver.get().and_then(Weak::upgrade) else {
            return false;
        };
        if self.delivering.swap(true, Ordering::SeqCst) {
            return false;
        }
        let mut any = false;
        loop {
            let (gpu, job, mmu) = {
                let state = self.state.lock();
                (state.control.line(), state.jobs.line(), state.mmu.line())
            };
            let handled =
                gpu && driver.gpu_irq() || job && driver.job_irq() || mmu && driver.mmu_irq();
            if !handled {
                break;
            }
            any = true;
        }
        self.delivering.store(false, Ordering::SeqCst);
        any
    }

    /// One piece of work: an interrupt, or a job.
    fn step(&self) -> bool {
        self.deliver() || self.runs_jobs.load(Ordering::SeqCst) && self.run_one_job()
    }

    /// Soft resets since power-on.
    #[must_use]
    pub fn resets(&self) -> u32 {
        self.state.lock().control.resets
    }

    /// What address space `space` was told since this was last asked; `None` when it was told nothing.
    #[must_use]
    pub fn take_counts(&self, space: usize) -> Option<SpaceCounts> {
        self.state.lock().mmu.take_counts(space)
    }

    /// What job slot `slot` is doing.
    #[must_use]
    pub fn slot(&self, slot: usize) -> Option<SlotState> {
        self.state.lock().jobs.slots.get(slot).copied()
    }

    /// The root table that address space `space` uses, 0 for none.
    #[must_use]
    pub fn translation_table(&self, space: usize) -> u64 {
        self.state
            .lock()
            .mmu
            .spaces
            .get(space)
            .map_or(0, |space| space.transtab)
    }
}
