//! amdxdna: the driver for AMD's XDNA NPU, on a mock NPU.
//!
//! The real driver (`drivers/accel/amdxdna`, as of 2026: several chunks of heap, IOVAs, carve-out memory) has no page tables of its own.
//! What is odd in it, and where:
//!
//! | habit | where |
//! | --- | --- |
//! | the device uses the addresses of the process: an object is where the process has it mapped, and nowhere before | `umap.rs`, `device.rs` |
//! | or it uses IOVAs, or physical addresses of carve-out memory: which, is settled by what the machine has | `device.rs`, `hw/iommu.rs`, `cbuf.rs` |
//! | the firmware has a window of its own, of 64 MiB chunks; a device BO is a piece of it, without pages | `client.rs`, `hwctx.rs` |
//! | one struct for memory, commands, chunks, pieces and imports, told apart by fields | `shmem/gem.rs`; two types afterwards: `uma/gem.rs`, `uma/dev.rs` |
//! | every page is inserted when an object is mapped, and the kind of the mapping changed behind the base class | `shmem/mmap.rs` |
//! | imports are attached by hand, and look native to the core | `shmem/prime.rs`, `attached.rs` |
//! | memory of the process, and carve-out memory, are dma-bufs that the driver imports from itself | `ubuf.rs`, `cbuf.rs` |
//! | a chunk joins the heap before it has a handle | `shmem/create.rs` |
//! | the first command pins its arguments, and a flush maps an object for the kernel: both until it is freed | `shmem/create.rs`, `shmem/sync.rs` |
//!
//! # Not modelled
//!
//! * The first version of the driver (6.14), with one chunk, one mapping per object and its own `vm_ops`: its scenarios are run as this
//!   version answers them (a second mapping, a short one, a heap that was unmapped under its pieces, the size of a command).
//! * What the NPU computes: a command copies bytes or adds to them, in instructions of this mock's own. Opcodes, masks of compute units,
//!   chains of commands, `CONFIG_HWCTX` with its debug BOs, and the user-mode queue are not there; nor are time-outs and resets.
//! * Completion by a sync object, and waiting for a command: a scenario lets time pass and looks at the state.
//! * `GET_INFO` and `GET_ARRAY`: what they tell of memory is looked at from inside ([`Probed::usage`]).
//! * Priorities and quality of service: what a context asks for is read, and forgotten. Runtime power management.
//! * How the kernel numbers IOVAs: here they are taken from the top of 32 bits down, chunks aligned to their size.
//! * Faults of memory of the process behind a mapping of it: all of it is mapped at once, as the driver's touch of each page does. The
//!   missing check of its fault handler cannot be seen then.
//! * Memory that a failed mapping of user memory leaks, and dirty marks that its release forgets: process memory is not swapped here.
//! * A process that calls, and what it may pin, is set from outside ([`AmdxdnaDevice::run_as`]); `fork` shares memory of the process.
//! * Cache lines: the CPU and the NPU see the same bytes at all times. What is flushed is counted.
//! * Threads that allocate, map and close at the same time beyond the one that keeps changing protections ([`Task::set_churning`]).

mod attached;
mod cbuf;
mod client;
mod device;
mod drv;
mod exec;
mod export;
pub mod hw;
mod hwctx;
pub mod inspect;
mod memory;
mod piece;
mod place;
mod shmem;
mod task;
pub mod uapi;
mod ubuf;
mod uma;
mod umap;

use drm_core::device::Device;
use drm_core::machine::Machine;
use drm_core::sync::Arc;
use port_kit::Side;

pub use client::{CHUNK, HEAP_BASE, HEAP_MAX, Usage};
pub use device::{Addressing, AmdxdnaDevice};
pub use task::Task;

use drv::Amdxdna;
use inspect::Inspect;
use memory::Memory;

/// How the device is built in.
#[derive(Clone, Copy, Debug)]
pub struct Params {
    /// Whether the IOMMU lets the device share the addresses of processes.
    pub sva: bool,
    /// Whether the driver gives out IOVAs instead (module parameter `force_iova`).
    pub force_iova: bool,
    /// Whether the firmware knows a heap of several chunks.
    pub heap_expansion: bool,
}

impl Default for Params {
    /// Shared addresses, several chunks.
    fn default() -> Self {
        Self {
            sva: true,
            force_iova: false,
            heap_expansion: true,
        }
    }
}

/// A device with its driver.
pub struct Probed {
    drm: Device,
    device: Arc<AmdxdnaDevice>,
    inspect: Inspect,
    _memory: Arc<dyn Memory>,
}

impl std::fmt::Debug for Probed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Probed")
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

impl Probed {
    /// The DRM device: open it.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.drm
    }

    /// The driver's own device.
    #[must_use]
    pub fn amdxdna(&self) -> &Arc<AmdxdnaDevice> {
        &self.device
    }
}

/// Puts an NPU into `machine` and lets the driver find it, on one side; `None` for a side that there is not.
#[must_use]
pub fn probe(side: Side, machine: &Machine, params: Params) -> Option<Probed> {
    match side {
        Side::Before => Some(assemble(
            machine,
            params,
            shmem::Objects::new,
            inspect::shmem::state,
        )),
        Side::After => Some(assemble(
            machine,
            params,
            uma::Objects::new,
            inspect::uma::state,
        )),
    }
}

fn assemble<M: Memory>(
    machine: &Machine,
    params: Params,
    objects: fn(&Arc<AmdxdnaDevice>) -> Arc<M>,
    inspect: Inspect,
) -> Probed {
    let device = AmdxdnaDevice::probe(machine, params);
    let memory = objects(&device);
    let driver = Arc::new(Amdxdna::new(&device, &memory));
    let drm = Device::new(device.dma().clone(), driver);
    let memory: Arc<dyn Memory> = memory;
    device.set_memory(Arc::downgrade(&memory));
    Probed {
        drm,
        device,
        inspect,
        _memory: memory,
    }
}
