//! panfrost: the driver for Arm Mali GPUs with a job manager (Midgard, Bifrost, early Valhall), on a mock GPU.

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
mod uma;
pub mod uapi;

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
        Side::After => Some(assemble(machine, params, uma::Objects::new, inspect::uma::INSPECT)),
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
