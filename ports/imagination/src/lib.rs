//! imagination: the driver for Imagination PowerVR Rogue GPUs (`powervr`), on a mock GPU with mock firmware.
//!
//! User space chooses every GPU address, within fixed [heaps](heap); everything that the GPU does is asked of a firmware, whose
//! structs are buffer objects of the driver. The model is Linux 6.12.117 (`drivers/gpu/drm/imagination`), on AXE-1-16M, the core
//! that 6.12 supports; with a META firmware processor instead of its MIPS on request.
//!
//! | of the real driver | here |
//! | --- | --- |
//! | `pvr_drm.h` | [`uapi`], by the kernel's numbers and layouts |
//! | `pvr_gem.c` | [`shmem`] and [`uma`], the buffer objects of the two sides; [`PvrGem`] is the seam |
//! | `pvr_vm.c`, `pvr_mmu.c` | `vm`, on `drm_core::gpuvm` and `port_kit::mmu::rogue`; flushes in `mmu` |
//! | `pvr_fw.c`, `pvr_fw_meta.c`, `pvr_fw_mips.c`, `pvr_vm_mips.c` | `fw`: heap, objects, start, hard reset |
//! | `pvr_ccb.c`, `pvr_cccb.c`, `pvr_power.c` | `ccb`, `cccb`, `power` |
//! | `pvr_free_list.c`, `pvr_hwrt.c` | `free_list`, `hwrt` |
//! | `pvr_context.c`, `pvr_queue.c`, `pvr_job.c`, `pvr_sync.c`, `pvr_stream.c` | `context`, `queue`, `job`, [`stream`] |
//! | `pvr_rogue_fwif*.h` | [`fwif`]: offsets in the firmware's structs |
//!
//! # Odd habits
//!
//! * Every buffer is pinned and mapped for the device from creation to the end, and zeroed twice; policy is written into fields
//!   of the base class after creation; the table is taken again for each mapping and each block of a free list: [`shmem`].
//! * An unmap must name a mapping exactly, although a map splits what it displaces: `vm::bind`.
//! * A map reserves every table that it may need before it takes a lock, and is flushed by the next job or unmap: `vm::bind`,
//!   `mmu`. Two holes in that are defects D6 and D7 of `DEFECTS.md`.
//! * Free lists hold frame numbers of pages that no address space maps: `free_list`.
//! * A hard reset writes every firmware object anew, but for those that keep their contents: `fw::boot`. Objects that somebody
//!   forgot are among them (D9, D10).
//! * Nothing is ever reclaimed: no shrinker, no madvise, no status.
//!
//! # The mock GPU
//!
//! [`hw`] starts with an address and finds everything in simulated RAM: its commands through the firmware's page table (flat for
//! MIPS, the kernel's address space for META), the memory of clients through theirs. Its MMU remembers translations until it
//! is told to forget them. A job's program is a list of copies and fills in GPU memory, at the address of its control stream.
//!
//! # What is not modelled
//!
//! * Device page sizes other than 4 KiB; RISC-V firmware, which 6.12 refuses.
//! * More than one job of a queue with the firmware at a time; geometry and fragment jobs in one kick; waits for fences of the
//!   same device within the firmware: the scheduler waits.
//! * Runtime power management; the watchdog, which only calls the reset that [`Control::hard_reset`] calls.
//! * Features and errata of other cores: fields of streams for them, quirks that user space is told of.
//! * The DMA mapping of page tables, and races between threads of the driver.
//! * High priority contexts: the caller never has the privilege.

mod buffer;
mod ccb;
mod cccb;
mod context;
mod control;
mod device;
mod drv;
mod features;
mod free_list;
mod fw;
pub mod fwif;
pub mod heap;
pub mod hw;
mod hwrt;
mod ids;
mod job;
mod mmu;
mod power;
mod queue;
pub mod shmem;
pub mod stream;
pub mod uapi;
pub mod uma;
mod uobj;
mod vm;

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::machine::Machine;
use drm_core::sync::Arc;
use port_kit::Side;

pub use buffer::{DriverHooks, PvrGem, PvrVm};
pub use control::{Control, FwObjectInfo};
pub use features::{Features, Params, Processor};
pub use free_list::{FreeListInfo, FwFreeList};
pub use vm::MappingInfo;

use device::PvrDevice;
use drv::PvrDriver;
use hw::Gpu;

/// A probed device.
pub struct Pvr {
    /// The DRM device.
    pub device: Device,
    /// The hardware.
    pub gpu: Arc<Gpu>,
    /// The driver.
    pub control: Arc<dyn Control>,
}

impl std::fmt::Debug for Pvr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pvr")
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

/// Probes the device: the hardware is taken over, its firmware started (`pvr_probe`).
///
/// # Errors
///
/// `ENOMEM`; `ETIMEDOUT` when the firmware does not start.
pub fn probe(machine: &Machine, side: Side, params: Params) -> Result<Pvr> {
    match side {
        Side::Before => probe_side::<shmem::PvrGemObject>(machine, params),
        Side::After => probe_side::<uma::PvrGemObject>(machine, params),
    }
}

fn probe_side<B: PvrGem>(machine: &Machine, params: Params) -> Result<Pvr> {
    let gpu = Gpu::new(machine);
    let pvr = PvrDevice::<B>::new(machine, &gpu, params);
    let driver = PvrDriver {
        pvr: Arc::clone(&pvr),
        hooks: B::Hooks::default(),
    };
    let device = Device::new(pvr.dma().clone(), Arc::new(driver));
    pvr.init(&device)?;
    Ok(Pvr {
        device,
        gpu,
        control: pvr,
    })
}
