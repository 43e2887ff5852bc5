//! v3d, the driver of Broadcom's VideoCore VI and VII (Raspberry Pi 4 and 5), on a mock GPU.
//!
//! The real driver is `drivers/gpu/drm/v3d` of Linux 6.12.117. What is odd about it, and where it is modelled:
//!
//! * **One address space for everybody.** A flat table of 4 MiB maps every object of every client, from its creation to its
//!   release ([`device`]); a file that imports an own buffer sees the same address. Nothing isolates clients: the unit that
//!   could (the GMP, 128 KiB granules) is not programmed, but every address is aligned for it, so a one-page object costs 32
//!   pages of space.
//! * **Every object is pinned for life.** Creation fetches the DMA-mapped table, which keeps one use of the pages
//!   (`shmem::bo`). There is no madvise, no shrinker, no demand paging.
//! * **A flush for every change.** Each insertion and each removal flushes the MMU cache and the TLB of the whole device
//!   ([`hw::Figures`]).
//! * **The binner asks for memory by interrupt.** A work item creates an object of 256 KiB and hands it to the render job of
//!   the frame ([`irq`]).
//! * **CPU jobs** touch objects through a kernel mapping that the driver makes of the base class's page array, without lock,
//!   count or check (`shmem::vaddr`, `cpu_job`). The other side counts the users of one mapping (`uma::vaddr`).
//! * **A failed import frees the exporter's table**, and the core frees it again (`shmem`).
//! * **The error path of SUBMIT_CPU** dereferences null ([`submit`]).
//!
//! `DEFECTS.md` lists the defects by number.
//!
//! Not modelled: performance monitors (their ids are never found), timeline sync objects, the file's job statistics, runtime
//! power management, V3D 3.3 with its GCA, and what shaders do. A job is done when the test says so ([`hw::Hardware`]).

pub mod device;
pub mod hw;
pub mod inspect;
pub mod irq;
pub mod regs;
pub mod shmem;
pub mod side;
pub mod submit;
pub mod uapi;
pub mod uma;

mod cpu_job;
mod ioctl;
mod job;
mod sched;

use drm_core::device::Device;
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::Result;
use drm_core::machine::Machine;
use drm_core::sync::Arc;
use port_kit::Side;
use port_kit::mmu::v3d::LargePages;

pub use device::V3d;
pub use hw::Model;

use side::Memory;

/// What is probed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Config {
    /// The device.
    pub model: Model,
    /// Which page-table entries are written: small ones alone up to Linux 6.12.
    pub large_pages: LargePages,
}

/// The memory library of a side; `None` for a side that there is not yet.
#[must_use]
pub fn memory(side: Side) -> Option<Arc<dyn Memory>> {
    match side {
        Side::Before => Some(Arc::new(shmem::Shmem)),
        Side::After => Some(Arc::new(uma::Uma)),
    }
}

/// Probes a device on `machine`, with objects of `memory` (`v3d_platform_drm_probe`).
///
/// # Errors
///
/// `ENOMEM` without 4 MiB in one piece for the page table.
pub fn probe(
    machine: &Machine,
    memory: Arc<dyn Memory>,
    config: Config,
) -> Result<(Device, Arc<V3d>)> {
    let v3d = V3d::new(machine, memory, config.model, config.large_pages)?;
    // 30 bits and what MMU_DEBUG_INFO adds.
    let pa_width = 30 + (v3d.hw().read_hub(regs::hub::MMU_DEBUG_INFO) >> 8 & 0xf);
    let dma = DmaDevice::new(
        machine,
        "v3d",
        DmaConfig {
            mask: (1 << pa_width) - 1,
            coherent: false,
            iommu: false,
            max_segment: 0,
        },
    );
    let device = Device::new(dma, Arc::clone(&v3d) as Arc<dyn drm_core::device::Driver>);
    v3d.set_device(&device);
    Ok((device, v3d))
}
