//! How the CPU sees the object: one mapping for the kernel, shared by its users, and the mappings of processes.

mod kernel;
mod options;
mod user;

use std::fmt;

pub use options::{Caching, CpuMapOptions, Entries, Populate};

use drm_core::gem::Gone;
use drm_core::machine::Machine;
use drm_core::memory::KernelMap;
use drm_core::resv::{LockedBy, ResvSlot};
use drm_core::sync::Arc;
use drm_core::sync::atomic::{AtomicU32, Ordering};

use crate::backing::Pin;
use crate::new::New;
use crate::part::Part;
use crate::reclaim::Tracker;

/// The kernel's mapping of the whole object.
#[derive(Debug)]
struct Kernel {
    map: KernelMap,
    /// A mapped object does not move.
    pin: Pin,
}

/// Values of [`CpuMap::said`].
const SAID_CACHED: u32 = 1;
const SAID_WRITE_COMBINED: u32 = 2;

/// The CPU's mappings of one object.
///
/// Having a `CpuMap` tells you that the CPU may map the object, and how it caches what it sees; not that it does.
///
/// # Invariants
///
/// `kernel` is set exactly while `vmaps > 0`. Both counts leave and reach 0 with the reservation held. Write-combining is
/// worked out from the device and the options each time it is asked for.
pub struct CpuMap {
    machine: Machine,
    slot: ResvSlot,
    options: CpuMapOptions,
    coherent: bool,
    /// What a half-moved driver said of the caching before anything was mapped: one of the values above, or 0.
    said: AtomicU32,
    kernel: LockedBy<Option<Kernel>>,
    vmaps: AtomicU32,
    vmas: AtomicU32,
    tracker: Option<Arc<Tracker>>,
}

impl fmt::Debug for CpuMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CpuMap")
            .field("write_combined", &self.is_write_combined())
            .field("vmaps", &self.vmaps())
            .field("vmas", &self.vmas())
            .finish_non_exhaustive()
    }
}

impl CpuMap {
    /// The mappings of an object; there are none yet.
    #[must_use]
    pub fn new(new: &New, options: CpuMapOptions) -> Self {
        Self {
            machine: new.machine().clone(),
            slot: new.resv_slot().clone(),
            options,
            coherent: new.dev().dma().config().coherent,
            said: AtomicU32::new(0),
            kernel: LockedBy::new(new.resv_slot(), None),
            vmaps: AtomicU32::new(0),
            vmas: AtomicU32::new(0),
            tracker: new.tracker(),
        }
    }

    /// Whether the CPU's mappings are write-combined (what the base class keeps in `map_wc`). Those of an import are the
    /// exporter's, whatever this says.
    #[must_use]
    pub fn is_write_combined(&self) -> bool {
        match self.said.load(Ordering::SeqCst) {
            SAID_CACHED => return false,
            SAID_WRITE_COMBINED => return true,
            _ => {}
        }
        match self.options.caching {
            Caching::Derived => !self.coherent,
            Caching::Cached => false,
            Caching::WriteCombined => true,
        }
    }

    /// What a half-moved driver says once the object is there. A warning, and nothing changes, when something is mapped already: there
    /// must not be two mappings with two cache modes.
    pub(crate) fn set_write_combined(&self, value: bool) {
        if value == self.is_write_combined() {
            return;
        }
        if self.vmaps() > 0 || self.vmas() > 0 {
            self.machine
                .warn("gem-uma: the caching of an object changed while it is mapped");
            return;
        }
        let said = if value {
            SAID_WRITE_COMBINED
        } else {
            SAID_CACHED
        };
        self.said.store(said, Ordering::SeqCst);
    }

    /// Users of the kernel's mapping (`vmap_use_count`). Without the reservation the answer may be old.
    #[must_use]
    pub fn vmaps(&self) -> u32 {
        self.vmaps.load(Ordering::SeqCst)
    }

    /// Mappings of processes. Without the reservation the answer may be old.
    #[must_use]
    pub fn vmas(&self) -> u32 {
        self.vmas.load(Ordering::SeqCst)
    }
}

impl Part for CpuMap {
    fn teardown(&self, gone: &Gone) {
        let Some(kernel) = self.kernel.get_gone(gone).take() else {
            return;
        };
        self.machine
            .warn("gem-uma: freed while mapped for the kernel");
        kernel.map.unmap();
        self.machine.counters().vunmaps.add(1);
        kernel.pin.end_gone();
        self.vmaps.store(0, Ordering::SeqCst);
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        let tabs = "\t".repeat(indent);
        writeln!(out, "{tabs}vmap_use_count={}", self.vmaps())?;
        let address = self.kernel_map().map_or(0, |map| map.address());
        writeln!(out, "{tabs}vaddr={address:#x}")
    }
}
