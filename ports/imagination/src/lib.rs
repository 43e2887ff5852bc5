//! imagination
//!
//! under construction

mod buffer;
mod cccb;
mod ccb;
mod context;
mod control;
mod device;
mod drv;
mod exec;
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
mod stream;
pub mod uapi;
mod uobj;
mod vm;

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::machine::Machine;
use drm_core::sync::Arc;
use port_kit::Side;

pub use buffer::{PvrGem, PvrVm};
pub use control::{Control, FwObjectInfo};
pub use exec::Exec;
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

/// Probes the device: the hardware is taken over, its firmware started (`pvr_probe`). `None` for a side that there is not yet.
///
/// # Errors
///
/// `ENOMEM`; `ETIMEDOUT` when the firmware does not start.
pub fn probe(machine: &Machine, side: Side, params: Params) -> Option<Result<Pvr>> {
    match side {
        Side::Before => Some(probe_side::<shmem::PvrGemObject>(machine, params)),
        Side::After => None,
    }
}

fn probe_side<B: PvrGem>(machine: &Machine, params: Params) -> Result<Pvr> {
    let gpu = Gpu::new(machine);
    let pvr = PvrDevice::<B>::new(machine, &gpu, params);
    let driver = PvrDriver {
        pvr: Arc::clone(&pvr),
    };
    let device = Device::new(pvr.dma().clone(), Arc::new(driver));
    pvr.init(&device)?;
    Ok(Pvr {
        device,
        gpu,
        control: pvr,
    })
}
