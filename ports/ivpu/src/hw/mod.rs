//! The mock NPU: an MMU with one table per context, and a firmware that runs the jobs of command queues.

mod firmware;
mod mmu;

use drm_core::machine::Machine;
use drm_core::memory::Gfp;
use drm_core::sync::atomic::{AtomicBool, Ordering};
use drm_core::sync::{Arc, Mutex, OnceLock, Weak};
use port_kit::mmu::MachineTables;

pub(crate) use firmware::entry_offset;
pub use firmware::{COPY, Doorbell, ENTRIES, Entry, NOP, command};
pub use mmu::{Event, Mmu};

/// What reaches the driver. Called without locks of the hardware.
pub(crate) trait Interrupts: Send + Sync {
    /// The firmware is done with a job.
    fn job_done(&self, job_id: u32, status: u32);

    /// The MMU has an event.
    fn mmu_event(&self, event: Event);
}

/// The hardware.
pub struct Npu {
    machine: Machine,
    tables: Arc<MachineTables>,
    mmu: Mmu,
    doorbells: Mutex<Vec<Doorbell>>,
    driver: OnceLock<Weak<dyn Interrupts>>,
    paused: AtomicBool,
}

impl std::fmt::Debug for Npu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Npu")
            .field("mmu", &self.mmu)
            .finish_non_exhaustive()
    }
}

impl Npu {
    /// The NPU of `machine`; it goes on while the kernel waits.
    pub(crate) fn new(machine: &Machine) -> Arc<Self> {
        let tables = Arc::new(MachineTables::new(machine, Gfp::KERNEL));
        let npu = Arc::new(Self {
            machine: machine.clone(),
            mmu: Mmu::new(machine, &tables),
            tables,
            doorbells: Mutex::default(),
            driver: OnceLock::new(),
            paused: AtomicBool::new(false),
        });
        let weak: Weak<Self> = Arc::downgrade(&npu);
        machine.add_hardware(move || weak.upgrade().is_some_and(|npu| npu.step()));
        npu
    }

    /// Who serves its interrupts, once.
    pub(crate) fn connect(&self, driver: Weak<dyn Interrupts>) {
        // A second driver would be a bug of the probe; the first stays.
        let _ = self.driver.set(driver);
    }

    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Where page tables are.
    pub(crate) fn tables(&self) -> &Arc<MachineTables> {
        &self.tables
    }

    /// Its MMU.
    #[must_use]
    pub fn mmu(&self) -> &Mmu {
        &self.mmu
    }

    /// Lets no job make progress, as if all of them were long; or lets them go on.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::SeqCst);
    }

    /// A device access to one byte in a context, as a job makes it.
    pub fn access(&self, ssid: u32, va: u64, write: bool) -> Result<(), Event> {
        let done = self.mmu.translate(ssid, va, write).map(|_| ());
        if let Err(event) = done {
            self.raise(|driver| driver.mmu_event(event));
        }
        done
    }

    fn raise(&self, serve: impl FnOnce(&dyn Interrupts)) {
        if let Some(driver) = self.driver.get().and_then(Weak::upgrade) {
            serve(&*driver);
        }
    }
}
