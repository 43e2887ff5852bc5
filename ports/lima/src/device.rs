//! The device as the driver knows it (`struct lima_device`): units, pipes, the empty address space.

use drm_core::device::File;
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::machine::{Event, Machine};
use drm_core::memory::{Gfp, Page};
use drm_core::resv::{Fence, FenceContext};
use drm_core::sync::{Arc, Mutex, Weak};
use port_kit::mmu::MachineTables;
use port_kit::sched::{Backend, Job, Scheduler};

use crate::dump::ErrorTask;
use crate::file::FilePrivate;
use crate::hw::{Hardware, Mmu, Model, NUM_PP};
use crate::side::{Bo, Memory};
use crate::submit::Task;
use crate::uapi::{PIPE_GP, PIPE_PP};
use crate::vm::LimaVm;
use crate::{Config, regs};

/// Addresses of a Mali-450 end where its load balancer's page is.
const VA_END_450: u64 = 0xfff0_0000;
/// Those of a Mali-400 end with the last that there is.
const VA_END_400: u64 = 1 << 32;

/// What a pipe is doing.
#[derive(Default)]
pub(crate) struct PipeState {
    /// The last job started. No reference, and never cleared when it is done.
    pub(crate) task: Weak<Job<Task>>,
    /// The address space that its MMUs were given.
    pub(crate) vm: Option<Arc<LimaVm>>,
    pub(crate) fence: Option<Fence>,
    /// Whether the job that runs has failed.
    pub(crate) error: bool,
    /// Pixel processors that are not done.
    pub(crate) left: u32,
    /// Those that are, of a broadcast.
    pub(crate) done: u32,
}

/// A pipe: a scheduler, and units that work together (`struct lima_sched_pipe`).
pub(crate) struct Pipe {
    pub(crate) scheduler: Arc<Scheduler<Task>>,
    pub(crate) fences: FenceContext,
    pub(crate) mmus: Vec<Mmu>,
    pub(crate) state: Mutex<PipeState>,
}

/// The device.
pub struct Lima {
    this: Weak<Self>,
    machine: Machine,
    memory: Arc<dyn Memory>,
    config: Config,
    hw: Hardware,
    tables: Arc<MachineTables>,
    va_end: u64,
    dlbu: Option<Page>,
    empty_vm: Arc<LimaVm>,
    pipes: [Pipe; 2],
    pub(crate) async_reset_gp: Mutex<bool>,
    pub(crate) async_reset_pp: Mutex<[bool; NUM_PP]>,
    pub(crate) async_reset_bcast: Mutex<bool>,
    pub(crate) error_tasks: Mutex<Vec<ErrorTask>>,
}

impl std::fmt::Debug for Lima {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lima")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Lima {
    /// Sets the hardware up (`lima_device_init`). `ENOMEM`; `EIO` where an MMU does not answer.
    pub(crate) fn new(
        machine: &Machine,
        memory: Arc<dyn Memory>,
        config: Config,
    ) -> Result<Arc<Self>> {
        let tables = Arc::new(MachineTables::new(machine, Gfp::KERNEL | Gfp::DMA32));
        let hw = Hardware::new(machine, &tables, config.model);
        let (va_end, dlbu) = match config.model {
            Model::Mali400 => (VA_END_400, None),
            Model::Mali450 => {
                let page = Page::alloc(machine.frames(), Gfp::KERNEL | Gfp::DMA32)?;
                (VA_END_450, Some(page))
            }
        };
        let empty_vm = LimaVm::new(&tables, va_end, dlbu.as_ref().map(Page::phys))?;
        let pp_mmus = match config.model {
            Model::Mali400 => (0..NUM_PP).map(Mmu::Pp).collect(),
            Model::Mali450 => vec![Mmu::Broadcast],
        };
        let lima = Arc::new_cyclic(|this: &Weak<Self>| {
            let pipe = |mmus| Pipe {
                scheduler: Scheduler::new(
                    machine,
                    config.timeout_ns(),
                    Weak::clone(this) as Weak<dyn Backend<Task>>,
                ),
                fences: FenceContext::new(),
                mmus,
                state: Mutex::default(),
            };
            Self {
                this: Weak::clone(this),
                machine: machine.clone(),
                memory,
                config,
                hw,
                tables,
                va_end,
                dlbu,
                empty_vm,
                pipes: [pipe(vec![Mmu::Gp]), pipe(pp_mmus)],
                async_reset_gp: Mutex::default(),
                async_reset_pp: Mutex::default(),
                async_reset_bcast: Mutex::default(),
                error_tasks: Mutex::default(),
            }
        });
        lima.init_units()?;
        Ok(lima)
    }

    /// In the order of the driver's list: caches, geometry processor, pixel processors, MMUs, the units of Mali-450.
    fn init_units(&self) -> Result {
        let caches = match self.config.model {
            Model::Mali400 => 1,
            // The third one is there with the fifth processor.
            Model::Mali450 => 2,
        };
        (0..caches).for_each(|_| self.hw.flush_l2());
        self.gp_soft_reset_async();
        self.gp_soft_reset_wait();
        for n in 0..NUM_PP {
            self.pp_soft_reset_async(n);
            self.pp_soft_reset_wait(n);
        }
        self.mmu_init(Mmu::Gp)?;
        (0..NUM_PP).try_for_each(|n| self.mmu_init(Mmu::Pp(n)))?;
        if let Some(page) = &self.dlbu {
            let address = page.phys() as u32 | 1;
            self.hw
                .write_dlbu(regs::dlbu::MASTER_TLLIST_PHYS_ADDR, address);
            self.hw
                .write_dlbu(regs::dlbu::MASTER_TLLIST_VADDR, VA_END_450 as u32);
            self.bcast_init();
        }
        Ok(())
    }

    /// The machine it is on.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The memory library that its objects are of.
    #[must_use]
    pub fn memory(&self) -> &Arc<dyn Memory> {
        &self.memory
    }

    /// What was probed.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The hardware.
    #[must_use]
    pub fn hw(&self) -> &Hardware {
        &self.hw
    }

    /// The address space that units have while they run nothing.
    #[must_use]
    pub fn empty_vm(&self) -> &Arc<LimaVm> {
        &self.empty_vm
    }

    /// The address space of an open file. `EINVAL` for a file of another driver.
    pub fn vm(&self, file: &File) -> Result<Arc<LimaVm>> {
        Ok(Arc::clone(FilePrivate::of(file)?.vm()))
    }

    pub(crate) fn new_vm(&self) -> Result<Arc<LimaVm>> {
        LimaVm::new(
            &self.tables,
            self.va_end,
            self.dlbu.as_ref().map(Page::phys),
        )
    }

    pub(crate) fn pipe(&self, pipe: u32) -> &Pipe {
        &self.pipes[if pipe == PIPE_GP { 0 } else { PIPE_PP as usize }]
    }

    pub(crate) fn is_broadcast(&self) -> bool {
        self.config.model == Model::Mali450
    }

    /// The object as the driver's own.
    #[must_use]
    pub fn bo<'a>(&self, object: &'a Gem) -> Option<&'a dyn Bo> {
        self.memory.bo(&**object)
    }

    /// Contents of jobs that failed, saved while `max_error_tasks` allows it.
    #[must_use]
    pub fn take_error_tasks(&self) -> Vec<ErrorTask> {
        std::mem::take(&mut *self.error_tasks.lock())
    }

    /// Does `work` when somebody next sleeps or waits.
    pub(crate) fn later(&self, work: impl FnOnce(&Self) + Send + 'static) {
        let this = Weak::clone(&self.this);
        let now = self.machine.clock().now();
        self.machine.at(now, move || {
            if let Some(this) = this.upgrade() {
                work(&this);
            }
        });
    }

    /// Writes a line of the kernel log.
    pub(crate) fn log(&self, line: impl Into<String>) {
        self.machine.trace().record(Event::Log(line.into()));
    }
}
