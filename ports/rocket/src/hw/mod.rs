//! The mock NPU: three cores, each behind an IOMMU of its own; none of them sees the CPU caches.

mod cache;
mod core;
mod iommu;
pub mod regs;

use drm_core::PAGE_SIZE;
use drm_core::machine::Machine;
use drm_core::memory::Gfp;
use drm_core::sync::atomic::{AtomicBool, Ordering};
use drm_core::sync::{Arc, Weak};
use port_kit::mmu::MachineTables;

pub use cache::Caches;
pub use core::Core;
pub use iommu::{Iommu, PageFault};

/// Cores of an RK3588.
pub const CORES: usize = 3;

/// Interrupt lines of a core. Called without locks of the hardware.
pub(crate) trait Interrupts: Send + Sync {
    /// The core's own.
    fn npu_irq(&self);

    /// Its IOMMU's.
    fn mmu_irq(&self);
}

/// The hardware.
pub struct Npu {
    machine: Machine,
    tables: Arc<MachineTables>,
    caches: Caches,
    cores: [Core; CORES],
    paused: AtomicBool,
}

impl std::fmt::Debug for Npu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Npu")
            .field("paused", &self.paused)
            .finish_non_exhaustive()
    }
}

impl Npu {
    /// The NPU of `machine`; it goes on while the kernel waits. With `cache_model`, memory that was not cleaned or invalidated
    /// differs between CPU and NPU; without, both see the same at once.
    pub(crate) fn new(machine: &Machine, cache_model: bool) -> Arc<Self> {
        let tables = Arc::new(MachineTables::new(machine, Gfp::KERNEL));
        let npu = Arc::new(Self {
            machine: machine.clone(),
            caches: Caches::new(machine, cache_model),
            cores: std::array::from_fn(|_| Core::new(&tables)),
            paused: AtomicBool::new(false),
            tables,
        });
        let weak: Weak<Self> = Arc::downgrade(&npu);
        machine.add_hardware(move || weak.upgrade().is_some_and(|npu| npu.step()));
        npu
    }

    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Where page tables are, as the walkers of the IOMMUs read them.
    pub(crate) fn tables(&self) -> &Arc<MachineTables> {
        &self.tables
    }

    /// What lies between CPU and NPU.
    #[must_use]
    pub fn caches(&self) -> &Caches {
        &self.caches
    }

    /// Core `index`.
    ///
    /// # Panics
    ///
    /// Beyond [`CORES`].
    #[must_use]
    pub fn core(&self, index: usize) -> &Core {
        &self.cores[index]
    }

    /// Lets no task make progress, as if all of them were long; or lets them go on.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::SeqCst);
    }

    /// Drops translations of `len` bytes at `iova` from the TLBs that are attached to the table at `root` (`rk_iommu_zap_iova`).
    pub(crate) fn zap(&self, root: u64, iova: u64, len: u64) {
        for core in &self.cores {
            if core.iommu().root() == Some(root) {
                core.iommu().zap(iova, len);
                self.machine.counters().invalidations.add(len / PAGE_SIZE);
            }
        }
    }

    /// One task of each core that has one; whether there was any.
    fn step(&self) -> bool {
        if self.paused.load(Ordering::SeqCst) {
            return false;
        }
        let mut worked = false;
        for core in &self.cores {
            worked |= core.step(&self.caches);
        }
        worked
    }
}
