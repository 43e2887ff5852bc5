//! panfrost: the driver for Arm Mali GPUs with a job manager (Midgard T600 to T880, Bifrost G31 to G76, Valhall G57), as
//! Linux 6.12.117 has it (`drivers/gpu/drm/panfrost`), on a mock GPU.
//!
//! One VM per open file, whose addresses the kernel chooses (best fit from 32 MiB to 4 GiB). Ordinary objects get all pages, a
//! scatter table and page-table entries the moment a handle is made. Heaps get theirs 2 MiB at a time, in the fault interrupt.
//! Objects that user space offers are purged by a shrinker.
//!
//! What it does with its objects exists twice: `shmem` stands on the base class of today, `uma` on gem-uma. Everything else
//! exists once and sees a side through the trait in `memory`. [`hw`] is the hardware, [`uapi`] what user space sees, [`inspect`]
//! a look inside for tests.
//!
//! # Odd habits, and where they are modelled
//!
//! * The fault handler makes the base class's page array itself, mostly empty, and sets the use count to 1: `shmem/mmu.rs`.
//! * Whether a heap's chunk is mapped is asked of its first page, not of its table, and not of the file that faulted: the same
//!   place. `DEFECTS.md` says what comes of it (D2 to D5).
//! * Any number is stored as advice (D6), and a heap that is offered is never purged (D1): `shmem/drv.rs`, `shmem/shrinker.rs`.
//! * A purge gives the VA back, while the object goes on telling it; whoever opens a purged object gets it populated again:
//!   `shmem/mapping.rs`, `shmem/gem.rs`.
//! * `open` and `close` of an object are called by hand for the counter buffer, which has no handle and is mapped executable:
//!   `shmem/perfcnt.rs`. The core dump reads the scatter table without a lock: `shmem/dump.rs`.
//! * Code must not end or begin at a multiple of 4 GiB, and is aligned to its own size, which need not be a power of two:
//!   `mmu/vm.rs`, `shmem/gem.rs`.
//! * Errors of the page-table code are ignored: `mmu/map.rs`.
//! * TLB entries are flushed only when the VM holds a hardware space and the device is awake: `mmu/space.rs`. There, too: after a
//!   terminal fault the space is switched on again with its interrupt still masked.
//! * A file that closes does not stop its running job, because the scheduler has forgotten whose it is: `job/open.rs`. A job without
//!   objects uses its VM after it is freed: `job/irq.rs` reports it.
//! * The device sleeps 50 ms after its last use, and wakes with a reset: `pm.rs`, `device.rs`.
//!
//! The before side answers the recordings of the running driver line for line (`tests/replay`): four of them, 22,834 operations.

mod device;
mod drv;
mod dump;
mod exception;
mod features;
pub mod hw;
pub mod inspect;
mod job;
mod memory;
mod mmu;
mod perfcnt;
mod pm;
pub mod regs;
mod shmem;
pub mod uapi;
mod uma;

use drm_core::device::Device;
use drm_core::machine::{Machine, Shrinker};
use drm_core::sync::Arc;
use port_kit::Side;

pub use device::PanfrostDevice;
pub use dump::{CoreDump, DumpedBo};
pub use features::Features;
pub use mmu::Vm;
pub use pm::AUTOSUSPEND_NS;

use drv::Panfrost;
use hw::Gpu;
use inspect::Inspect;
use memory::Memory;

/// How the device is built in, and the driver's module parameters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Params {
    /// The GPU sees the CPU caches (`dma-coherent` in the device tree).
    pub coherent: bool,
    /// `panfrost.unstable_ioctls`: performance counters.
    pub unstable_ioctls: bool,
}

/// A device with its driver.
pub struct Probed {
    device: Device,
    pfdev: Arc<PanfrostDevice>,
    shrinker: Arc<dyn Shrinker>,
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
        &self.device
    }

    /// The driver's own device.
    #[must_use]
    pub fn pfdev(&self) -> &Arc<PanfrostDevice> {
        &self.pfdev
    }

    /// The hardware.
    #[must_use]
    pub fn gpu(&self) -> &Arc<Gpu> {
        self.pfdev.gpu()
    }
}

/// Puts a GPU into `machine` and lets the driver find it, on one side; `None` for a side that there is not. The device has gone to
/// sleep when this returns: nobody opens it as fast as that.
#[must_use]
pub fn probe(side: Side, machine: &Machine, params: Params) -> Option<Probed> {
    match side {
        Side::Before => Some(assemble(
            machine,
            params,
            shmem::Objects::new,
            inspect::shmem::INSPECT,
        )),
        Side::After => Some(assemble(
            machine,
            params,
            uma::Objects::new,
            inspect::uma::INSPECT,
        )),
    }
}

fn assemble<M: Memory>(
    machine: &Machine,
    params: Params,
    objects: fn(&Arc<PanfrostDevice>) -> Arc<M>,
    inspect: Inspect,
) -> Probed {
    let gpu = Gpu::new(machine);
    let pfdev = PanfrostDevice::probe(machine, &gpu, params);
    let memory = objects(&pfdev);
    let shared: Arc<dyn Memory> = Arc::clone(&memory) as _;
    pfdev.set_memory(Arc::downgrade(&shared));
    let shrinker = Arc::clone(&memory).shrinker();
    machine.register_shrinker(&shrinker);
    let driver = Arc::new(Panfrost::new(&pfdev, &memory));
    let device = Device::new(pfdev.dma().clone(), driver);
    machine.sleep(AUTOSUSPEND_NS);
    Probed {
        device,
        pfdev,
        shrinker,
        inspect,
        _memory: shared,
    }
}
