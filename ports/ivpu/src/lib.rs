//! ivpu: the driver for the NPU of Intel's processors, on a mock NPU.
//!
//! What is odd in the real driver (`drivers/accel/ivpu`, Linux 6.12), and where:
//!
//! | habit | where |
//! | --- | --- |
//! | the driver builds page tables of its own, four levels, with a hint for 64 KiB; an unmapped entry is not 0 | [`Context`], `port_kit::mmu::ivpu` |
//! | addresses come with the handle, pages and entries with the first job | `shmem/gem.rs`: `open`, `bind` |
//! | a BO has one context in its life: a second handle is refused | `shmem/gem.rs`: `open` |
//! | an import has no table before the first job, and a buffer of this very device is imported like any other | `shmem/create.rs` |
//! | a context that closes takes its BOs out; the base class has no such operation, so its table is freed behind its back | `shmem/gem.rs`: `unbind_locked` |
//! | entries that are written before an error stay | [`Context`] |
//! | only the command buffer's fence is seen by BO_WAIT | `job.rs` |
//!
//! # Not modelled
//!
//! * What a job computes: its command is to do nothing, or to copy. The firmware, its image, its logs, IPC, the buffers of all these.
//! * Metric streamer; preemption buffers of the hardware scheduler; the recomputed global range after the firmware is loaded.
//! * Runtime power management: the MMU is down only when a test says so ([`Probed::suspend`]); recovery after a fault of the firmware.
//! * The rings of the MMU's command and event queue: commands are done at once, so neither is ever full. Stream table, cache flushes of
//!   descriptors.
//! * Write-combining of table pages, and the arrays of kernel pointers to them.
//! * What came after 6.12: BOs of user pointers, command queue ioctls, undone mappings, other ranges. A table of the wrong length, which
//!   later kernels refuse, is mapped as it is.
//! * GET_PARAM of what has nothing to do with memory.

pub mod context;
mod device;
mod drv;
mod file;
pub mod hw;
pub mod inspect;
mod job;
mod memory;
mod ranges;
mod shmem;
pub mod uapi;
mod uma;

use drm_core::device::Device;
use drm_core::machine::Machine;
use drm_core::sync::Arc;
use port_kit::Side;

pub use context::Context;
pub use device::IvpuDevice;
pub use memory::Listed;
pub use ranges::{Generation, Ranges};

use drv::Ivpu;
use hw::Npu;
use inspect::Inspect;
use memory::Memory;

/// How the device is built in, and the driver's module parameters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Params {
    /// Which hardware.
    pub generation: Generation,
    /// Every access snoops, whatever the BO says.
    pub force_snoop: bool,
    /// `intel_vpu.disable_mmu_cont_pages`.
    pub disable_mmu_cont_pages: bool,
    /// Longest segment of a scatter table in bytes, 0 for no limit: to cut memory that is contiguous.
    pub max_segment: u32,
}

/// A device with its driver.
pub struct Probed {
    device: Device,
    ivpu: Arc<IvpuDevice>,
    memory: Arc<dyn Memory>,
    inspect: Inspect,
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
    pub fn ivpu(&self) -> &Arc<IvpuDevice> {
        &self.ivpu
    }

    /// The hardware.
    #[must_use]
    pub fn npu(&self) -> &Arc<Npu> {
        self.ivpu.npu()
    }

    /// Powers the MMU down (`ivpu_pm_runtime_suspend_cb`); the next job powers it up.
    pub fn suspend(&self) {
        self.npu().mmu().disable();
    }

    /// Takes the device away: every file's context is closed (`ivpu_dev_fini`).
    pub fn unplug(&self) {
        self.device.unplug();
        for file in self.ivpu.files() {
            file.unbind();
        }
    }

    /// Every BO, in order of creation: the file `bo_list` of debugfs.
    #[must_use]
    pub fn bo_list(&self) -> Vec<Listed> {
        self.memory.bo_list()
    }

    /// A BO of the kernel in the global range, until what is returned is dropped.
    #[must_use]
    pub fn kernel_bo(&self, size: u64, flags: u32) -> Option<HeldBo> {
        let context = self.ivpu.global_context();
        let range = &self.ivpu.ranges().global;
        let bo = self
            .memory
            .kernel_bo(&self.device, context, range, size, flags)?;
        Some(HeldBo(bo))
    }
}

/// A BO of the kernel.
pub struct HeldBo(Box<dyn memory::KernelBo>);

impl std::fmt::Debug for HeldBo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("HeldBo").field(&self.0.vpu_addr()).finish()
    }
}

impl HeldBo {
    /// The object.
    #[must_use]
    pub fn object(&self) -> drm_core::gem::Gem {
        self.0.object()
    }

    /// Where the NPU sees it.
    #[must_use]
    pub fn vpu_addr(&self) -> u64 {
        self.0.vpu_addr()
    }
}

/// Puts an NPU into `machine` and lets the driver find it, on one side; `None` for a side that there is not, and when the machine has no
/// memory for the first tables.
#[must_use]
pub fn probe(side: Side, machine: &Machine, params: Params) -> Option<Probed> {
    match side {
        Side::Before => assemble(machine, params, shmem::Objects::new, inspect::shmem::state),
        Side::After => assemble(machine, params, uma::Objects::new, inspect::uma::state),
    }
}

fn assemble<M: Memory>(
    machine: &Machine,
    params: Params,
    objects: fn(&Arc<IvpuDevice>) -> Arc<M>,
    inspect: Inspect,
) -> Option<Probed> {
    let npu = Npu::new(machine);
    let ivpu = IvpuDevice::probe(machine, &npu, params).ok()?;
    let memory = objects(&ivpu);
    let driver = Arc::new(Ivpu::new(&ivpu, &memory));
    let device = Device::new(ivpu.dma().clone(), driver);
    let memory: Arc<dyn Memory> = memory;
    ivpu.connect(Arc::downgrade(&memory), device.downgrade());
    Some(Probed {
        device,
        ivpu,
        memory,
        inspect,
    })
}
