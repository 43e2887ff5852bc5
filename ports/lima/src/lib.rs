//! lima, the driver of Arm's Mali-400 and Mali-450, on a mock GPU.
//!
//! The real driver is `drivers/gpu/drm/lima` of Linux 6.12.117. What is odd about it, and where it is modelled:
//!
//! * **Address 0 is an address.** The allocator works in bytes from 0, without alignment, and the first object is there
//!   ([`vm`]).
//! * **Page tables come in blocks of eight**, 32 KiB for 32 MiB of addresses, and never go before the space does. A range that
//!   ends with the last byte of the space is unmapped by a loop that wraps ([`vm::LimaVm::unmap`]).
//! * **Nothing is flushed when something is mapped or unmapped.** Translations are zapped when a job starts, so an idle
//!   processor keeps old ones ([`hw::MmuUnit`]).
//! * **A heap is backed as it is used.** It begins with 8 pages and doubles when the geometry processor runs out; the driver
//!   fills the base class's page array and replaces its table, without the lock (`shmem::heap`). Only the address space of the
//!   job that ran out learns of the new pages. On the other side every space does (`uma::heap`).
//! * **Any MMU fault of a job with a heap counts as "out of heap"**, and afterwards the MMU stays masked until a time-out
//!   (`gp`, `mmu`).
//! * **The address space outlives its file** while a pipe still has it as its current one ([`device`]).
//! * **CTX_CREATE is declared write-only**, so its pad is never seen (`ioctl`).
//!
//! `DEFECTS.md` lists the defects by number.
//!
//! Not modelled: what jobs compute, the tile lists of the load balancer, runtime power management and frequency scaling, more
//! than two pixel processors, and the bytes of the error file in sysfs ([`dump::ErrorTask`] has its contents). A job is done
//! when the test says so ([`hw::Hardware::raise_gp`]).

pub mod device;
pub mod dump;
pub mod file;
pub mod hw;
pub mod inspect;
pub mod regs;
pub mod shmem;
pub mod side;
pub mod uapi;
pub mod uma;
pub mod vm;

mod gp;
mod ioctl;
mod mmu;
mod pp;
mod sched;
mod submit;

use drm_core::device::Device;
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::Result;
use drm_core::machine::Machine;
use drm_core::sync::Arc;
use port_kit::Side;

pub use device::Lima;
pub use hw::Model;

use side::Memory;

/// What a job may take unless a module parameter says otherwise.
const DEFAULT_TIMEOUT_MS: u64 = 10_000;

/// What is probed, and the module's parameters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Config {
    /// The device.
    pub model: Model,
    /// `sched_timeout_ms`; 0 for ten seconds.
    pub sched_timeout_ms: u64,
    /// `max_error_tasks`: failed jobs whose contents are saved.
    pub max_error_tasks: usize,
}

impl Config {
    fn timeout_ns(&self) -> u64 {
        let ms = match self.sched_timeout_ms {
            0 => DEFAULT_TIMEOUT_MS,
            ms => ms,
        };
        ms * 1_000_000
    }
}

/// The memory library of a side; `None` for a side that there is not yet.
#[must_use]
pub fn memory(side: Side) -> Option<Arc<dyn Memory>> {
    match side {
        Side::Before => Some(Arc::new(shmem::Shmem)),
        Side::After => Some(Arc::new(uma::Uma)),
    }
}

/// Probes a device on `machine`, with objects of `memory` (`lima_pdev_probe`).
///
/// # Errors
///
/// `ENOMEM`.
pub fn probe(
    machine: &Machine,
    memory: Arc<dyn Memory>,
    config: Config,
) -> Result<(Device, Arc<Lima>)> {
    let lima = Lima::new(machine, memory, config)?;
    let dma = DmaDevice::new(
        machine,
        "lima",
        DmaConfig {
            mask: u32::MAX.into(),
            coherent: false,
            iommu: false,
            max_segment: 0,
        },
    );
    let device = Device::new(dma, Arc::clone(&lima) as Arc<dyn drm_core::device::Driver>);
    Ok((device, lima))
}
