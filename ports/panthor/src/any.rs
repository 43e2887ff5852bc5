//! A GPU whose side is chosen at run time, for those who drive it through files and look at it: scenarios and replays.

use drm_core::device::{Device, File};
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::machine::Machine;
use port_kit::Side;
use port_kit::mmu::{Access, Leaf, WalkFault};

use crate::bo::BufferObject;
use crate::device::{Gpu, PanthorFile, probe};
use crate::hw::{Hw, HwConfig};
use crate::inspect::{self, Walk};
use crate::mmu::Vm;
use crate::sched::OomAnswer;
use crate::{shmem, uma};

/// A GPU with its driver, on some side.
pub trait AnyGpu {
    /// The DRM device.
    fn dev(&self) -> &Device;

    /// The hardware.
    fn hw(&self) -> &Hw;

    /// The address space of an id in a file.
    fn vm(&self, file: &File, id: u32) -> Option<Box<dyn AnyVm>>;

    /// The firmware's address space. `ENODEV` when the device is gone.
    fn fw_vm(&self) -> Result<Box<dyn AnyVm>>;

    /// The state of the object of a handle, as [`inspect::object`] shows it.
    fn object(&self, file: &File, handle: u32) -> Option<String>;

    /// Slots that are masked after a fault.
    fn faulty_slots(&self) -> u32;

    /// What the firmware was answered when a heap ran out, since the last call.
    fn take_oom_answers(&self) -> Vec<OomAnswer>;

    /// Lets every group leave its slot while the next heap grows.
    fn suspend_while_heap_grows(&self);
}

/// An address space, on some side.
pub trait AnyVm {
    /// Its mappings, as [`inspect::gpuvm`] shows them.
    fn gpuvm(&self, file: &File) -> String;

    /// How many mappings there are.
    fn mappings(&self) -> usize;

    /// Its leaves with an address in a range.
    fn walk(&self, from: u64, to: u64) -> Walk;

    /// Its leaves.
    fn leaves(&self) -> Vec<Leaf>;

    /// Its tables below the root, by level.
    fn tables(&self) -> String;

    /// Its state, as [`inspect::vm`] shows it.
    fn state(&self) -> String;

    /// The slot, or -1; users that need it there; whether it faulted since.
    fn slot(&self) -> (i32, u32, bool);

    /// Where the byte at an address is. The fault that a device would report.
    fn translate(&self, va: u64, access: Access) -> std::result::Result<(u64, Leaf), WalkFault>;

    /// Chunks of a heap.
    fn heap_chunks(&self, heap: u32) -> Option<usize>;

    /// Queued operations that have not begun.
    fn queued(&self) -> usize;
}

impl<B: BufferObject> AnyGpu for Gpu<B> {
    fn dev(&self) -> &Device {
        self.dev()
    }

    fn hw(&self) -> &Hw {
        self.hw()
    }

    fn vm(&self, file: &File, id: u32) -> Option<Box<dyn AnyVm>> {
        let vm = file.private::<PanthorFile<B>>()?.vms.get(id)?;
        Some(Box::new(vm))
    }

    fn fw_vm(&self) -> Result<Box<dyn AnyVm>> {
        Ok(Box::new(self.driver().fw_vm()?))
    }

    fn object(&self, file: &File, handle: u32) -> Option<String> {
        let object: Gem<B> = file.lookup(handle)?.downcast()?;
        Some(inspect::object(&object, 1))
    }

    fn faulty_slots(&self) -> u32 {
        self.driver().mmu().faulty_mask()
    }

    fn take_oom_answers(&self) -> Vec<OomAnswer> {
        self.driver().scheduler().take_oom_answers()
    }

    fn suspend_while_heap_grows(&self) {
        self.driver()
            .scheduler()
            .while_heap_grows(|scheduler| scheduler.suspend());
    }
}

impl<B: BufferObject> AnyVm for Vm<B> {
    fn gpuvm(&self, file: &File) -> String {
        inspect::gpuvm(self, file)
    }

    fn mappings(&self) -> usize {
        self.gpuvm().leftovers().vas
    }

    fn walk(&self, from: u64, to: u64) -> Walk {
        inspect::walk(self, from, to)
    }

    fn leaves(&self) -> Vec<Leaf> {
        self.view().leaves().collect()
    }

    fn tables(&self) -> String {
        inspect::tables(self)
    }

    fn state(&self) -> String {
        inspect::vm(self)
    }

    fn slot(&self) -> (i32, u32, bool) {
        let slot = self.slot();
        (slot.id(), slot.active_cnt(), slot.has_unhandled_faults())
    }

    fn translate(&self, va: u64, access: Access) -> std::result::Result<(u64, Leaf), WalkFault> {
        self.view().translate(va, access)
    }

    fn heap_chunks(&self, heap: u32) -> Option<usize> {
        self.heap_pool(false).ok()?.chunk_count(heap)
    }

    fn queued(&self) -> usize {
        self.queued_jobs()
    }
}

/// Finds a GPU and starts it on a side; `None` for a side that there is not yet.
///
/// # Errors
///
/// Those of [`probe`].
pub fn probe_side(
    side: Side,
    machine: &Machine,
    config: HwConfig,
) -> Option<Result<Box<dyn AnyGpu>>> {
    fn boxed<B: BufferObject>(gpu: Gpu<B>) -> Box<dyn AnyGpu> {
        Box::new(gpu)
    }
    match side {
        Side::Before => Some(probe::<shmem::PanthorObject>(machine, config).map(boxed)),
        Side::After => Some(probe::<uma::PanthorObject>(machine, config).map(boxed)),
    }
}
