//! The hooks in the driver's table of functions that make objects (`panthor_drv.c: panthor_drm_driver`).

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::prime::DmaBuf;

use super::PanthorObject;
use super::reclaim::Registered;
use crate::bo::{DriverHooks, Policy};
use drm_core::sync::OnceLock;

/// The hooks of this side.
#[derive(Debug, Default)]
pub struct Hooks {
    pub(super) reclaim: OnceLock<Registered>,
}

impl DriverHooks for Hooks {
    fn start(&self, dev: &Device, policy: Policy) {
        if policy == Policy::Reclaimed {
            // Once, at probe.
            let _ = self.reclaim.set(Registered::new(dev));
        }
    }

    /// The base class's own: the object gets no flags, and is of no space.
    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        gem_uma::import(dev, dma_buf, dev.dma(), |new| {
            let bo = new.create(PanthorObject::new)?;
            Ok(bo.into_dyn())
        })
    }
}
