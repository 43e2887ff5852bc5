//! The mock GPU: a firmware processor that reads its commands from memory, an MMU with a cache, an engine for jobs.
//!
//! It knows nothing of the driver. It is started with an address, and from there on finds everything in simulated RAM: the
//! structs that the firmware was given through its own page tables, the memory of clients through theirs.

mod engine;
mod firmware;
mod mmu;
mod space;

use drm_core::machine::Machine;
use drm_core::memory::Gfp;
use drm_core::sync::{Arc, Mutex, OnceLock, Weak};
use port_kit::mmu::{Leaf, MachineTables};

pub use engine::{Op, ops};
pub use mmu::{Fault, Requester};
pub use space::Boot;
pub(crate) use space::{BOOT_DATA_PT, MIPS_PFN_MASK, MIPS_PFN_SHIFT, MIPS_VALID};

use firmware::Firmware;
use mmu::MmuCache;
use space::FwSpace;

/// Nanoseconds from a kick until the firmware looks at its commands.
const LATENCY: u64 = 1000;

/// What the interrupt line of the GPU is connected to.
pub trait Host: Send + Sync {
    /// Something happened (`pvr_device_irq_thread_handler`).
    fn irq(&self);
}

/// How the firmware processor does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// It works.
    #[default]
    Works,
    /// It answers nothing until it is started again.
    Hung,
    /// It answers nothing, and does not start again.
    Dead,
}

/// A command that the firmware executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// MMU caches were flushed: which ones.
    MmuCache {
        /// Bits of [`mmucache`](crate::fwif::mmucache).
        flags: u32,
    },
    /// A client's buffer was looked at.
    Kick {
        /// Number of the context, as the driver knows it.
        context: u32,
    },
    /// Asked whether something can be freed.
    Cleanup {
        /// One of [`cleanup`](crate::fwif::cleanup).
        kind: u32,
        /// The answer.
        busy: bool,
    },
    /// The driver answered a request to grow a free list.
    FreeListGrown {
        /// Pages added.
        delta: u32,
        /// Pages now.
        new: u32,
        /// Of them, held back.
        ready: u32,
    },
    /// The driver answered a request to reconstruct free lists: their numbers.
    FreeListsReconstructed(Vec<u32>),
    /// A power request.
    Power {
        /// One of [`pow`](crate::fwif::pow).
        kind: u32,
    },
    /// Something that it does not know.
    Unknown {
        /// The number.
        kind: u32,
    },
}

#[derive(Default)]
struct State {
    firmware: Option<Firmware>,
    health: Health,
    cache: MmuCache,
    commands: Vec<Command>,
    faults: Vec<Fault>,
    /// Addresses that jobs could not go beyond.
    hung_jobs: usize,
}

/// The GPU of one machine.
pub struct Gpu {
    machine: Machine,
    this: Weak<Self>,
    memory: Arc<MachineTables>,
    host: OnceLock<Weak<dyn Host>>,
    state: Mutex<State>,
}

impl std::fmt::Debug for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gpu")
            .field("health", &self.state.lock().health)
            .finish_non_exhaustive()
    }
}

impl Gpu {
    /// A GPU that is off.
    #[must_use]
    pub fn new(machine: &Machine) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            machine: machine.clone(),
            this: this.clone(),
            memory: Arc::new(MachineTables::new(machine, Gfp::KERNEL)),
            host: OnceLock::new(),
            state: Mutex::default(),
        })
    }

    /// Connects the interrupt line, once.
    pub fn connect(&self, host: Weak<dyn Host>) {
        // A second driver would be a bug of the probe; the first stays.
        let _ = self.host.set(host);
    }

    /// Turns the firmware processor on (`pvr_fw_start`). It says in its memory when it runs. Its caches are empty.
    pub fn start(&self, boot: Boot, heap_size: u64) {
        let space = FwSpace::new(Arc::clone(&self.memory), boot, heap_size);
        let mut state = self.state.lock();
        state.cache.flush();
        if state.health == Health::Hung {
            state.health = Health::Works;
        }
        state.firmware = (state.health == Health::Works).then(|| Firmware::boot(space));
    }

    /// Turns the firmware processor off (`pvr_fw_stop`).
    pub fn stop(&self) {
        self.state.lock().firmware = None;
    }

    /// Tells the firmware that there are commands (`pvr_fw_mts_schedule`).
    pub fn kick(&self) {
        let this = self.this.clone();
        let at = self.machine.clock().now() + LATENCY;
        self.machine.at(at, move || {
            if let Some(this) = this.upgrade() {
                this.run();
            }
        });
    }

    /// Executes what is in the kernel's buffer, and raises the interrupt if there was anything.
    fn run(&self) {
        let mut worked = false;
        while self.step() {
            worked = true;
        }
        if worked {
            self.raise();
        }
    }

    fn raise(&self) {
        if let Some(host) = self.host.get().and_then(Weak::upgrade) {
            host.irq();
        }
    }

    /// Makes it well or ill.
    pub fn set_health(&self, health: Health) {
        self.state.lock().health = health;
    }

    /// The commands executed since the last call.
    pub fn take_commands(&self) -> Vec<Command> {
        std::mem::take(&mut self.state.lock().commands)
    }

    /// The accesses that found no memory since the last call.
    pub fn take_faults(&self) -> Vec<Fault> {
        std::mem::take(&mut self.state.lock().faults)
    }

    /// The translations that the MMU holds, in order: page catalogue and page.
    #[must_use]
    pub fn cached(&self) -> Vec<(u64, Leaf)> {
        self.state.lock().cache.entries()
    }
}
