//! rocket: the driver for the NPU of Rockchip's RK3588, on a mock NPU.
//!
//! The real driver (`drivers/accel/rocket`, as of Linux 6.18) has some 190 lines for all of its memory. What is odd in it, and where:
//!
//! | habit | where |
//! | --- | --- |
//! | every BO is mapped twice: by the DMA API for a facade device without IOMMU, which only does cache maintenance, and by the IOMMU API in the domain of the file, by physical addresses | `shmem/create.rs`, [`Domain`] |
//! | a BO has its handle before it has pages and an address | `shmem/create.rs` |
//! | a BO belongs to the address space of the file that created it, for ever, and points to that file without a reference | `shmem/gem.rs` |
//! | PREP answers with what is left of the time | `drv.rs` |
//! | inputs of a job get no fence; what is wrong with a job is not told | `job/submit.rs` |
//! | an unmapped page entry keeps everything but its valid bit | `port_kit::mmu::rockchip` |
//! | each job takes a reference to the IOMMU group that nobody gives back | `job/core.rs` |
//!
//! # Not modelled
//!
//! * What the NPU computes: a task moves bytes from one device address to another. Its ping-pong register sets, and chained tasks, are
//!   registers that nobody reads.
//! * Runtime power management, clocks, resets as such: a core is always on, and its IOMMU is, too.
//! * The registers of the IOMMU, one by one, and the dump of directory and page entry after a fault: one line tells the fault.
//! * A job that is attached to a core while the attach fails; IOMMU groups beyond the count of their references.
//! * The module reference of an open file; a device without cores, of which no file can be opened.
//! * A positive answer of an ioctl: it is kept beside ([`Probed::returned`]).
//! * Another thread that closes the guessed handle of a BO which is being created: the creator keeps a reference here that the real one
//!   has given up by then.
//! * Memory of an object that is freed under a handle: its pages stay with the dead object until the handle goes.
//! * Cache lines: with [`Params::cache_model`] whole pages differ between CPU and NPU until PREP and FINI; a line that the CPU evicts
//!   on its own is not written back.

mod device;
mod domain;
mod drv;
pub mod hw;
pub mod inspect;
mod job;
mod memory;
mod shmem;
pub mod uapi;
mod uma;
mod va;

use drm_core::device::Device;
use drm_core::machine::Machine;
use drm_core::sync::Arc;
use port_kit::Side;

pub use device::RocketDevice;
pub use domain::Domain;

use drv::Rocket;
use hw::Npu;
use inspect::Inspect;
use memory::Memory;

/// How the device is built in.
#[derive(Clone, Copy, Debug)]
pub struct Params {
    /// Bytes of device addresses that the IOMMU translates (`geometry.aperture_end` + 1).
    pub aperture: u64,
    /// Whether CPU and NPU see different bytes until caches are cleaned and invalidated.
    pub cache_model: bool,
}

impl Default for Params {
    /// 4 GiB, as the hardware has it; memory that both see alike.
    fn default() -> Self {
        Self {
            aperture: 1 << 32,
            cache_model: false,
        }
    }
}

/// A device with its driver.
pub struct Probed {
    device: Device,
    rocket: Arc<RocketDevice>,
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
    pub fn rocket(&self) -> &Arc<RocketDevice> {
        &self.rocket
    }

    /// The hardware.
    #[must_use]
    pub fn npu(&self) -> &Arc<Npu> {
        self.rocket.npu()
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
    objects: fn(&Arc<RocketDevice>) -> Arc<M>,
    inspect: Inspect,
) -> Probed {
    let npu = Npu::new(machine, params.cache_model);
    let rocket = RocketDevice::probe(machine, &npu, params);
    let memory = objects(&rocket);
    let driver = Arc::new(Rocket::new(&rocket, &memory));
    Probed {
        device: Device::new(rocket.dma().clone(), driver),
        rocket,
        inspect,
    }
}
