//! The hooks in the driver's table of functions that make objects (`pvr_drv.c: pvr_drm_driver`).

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::prime::DmaBuf;

use super::gem::PvrGemObject;
use crate::buffer::DriverHooks;
use crate::uapi::BoFlags;

/// The hooks of this side.
#[derive(Debug, Default)]
pub struct Hooks;

impl DriverHooks for Hooks {
    /// The base class's own: the object gets no flags, so that no process can map it.
    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        gem_uma::import(dev, dma_buf, dev.dma(), |new| {
            let bo = new.create(|new| PvrGemObject::new(new, BoFlags::empty()))?;
            Ok(bo.into_dyn())
        })
    }
}
