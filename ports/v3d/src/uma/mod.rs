//! The side on the parts of `gem_uma`.

mod bo;
mod mmu;
mod vaddr;

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::gem::{self, Gem};
use drm_core::prime::DmaBuf;

pub use bo::V3dBo;

use crate::side::{Bo, Memory};

/// Objects made of parts.
#[derive(Debug, Default)]
pub struct Uma;

impl Memory for Uma {
    fn name(&self) -> &'static str {
        "gem-uma"
    }

    fn create_bo(&self, dev: &Device, size: u64) -> Result<Gem> {
        bo::create(dev, size).map(Gem::into_dyn)
    }

    /// `v3d_prime_import_sg_table`. In a full address space the object is dropped, and the import ends with it, once.
    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        gem_uma::import(dev, dma_buf, dev.dma(), |new| {
            let bo = new.create(V3dBo::new)?;
            match bo::create_finish(&bo) {
                Ok(()) => Ok(bo.into_dyn()),
                Err(error) => Err(error),
            }
        })
    }

    fn bo<'a>(&self, object: &'a dyn gem::Object) -> Option<&'a dyn Bo> {
        let object: &dyn std::any::Any = object;
        object.downcast_ref::<V3dBo>().map(|bo| bo as &dyn Bo)
    }
}
