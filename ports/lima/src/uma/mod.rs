//! The side on the parts of `gem_uma`.

mod bo;
mod dump;
mod heap;
mod mapping;

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::gem::{self, Gem};
use drm_core::prime::DmaBuf;

pub use bo::LimaBo;

use crate::side::{Bo, Memory};

/// Objects made of parts.
#[derive(Debug, Default)]
pub struct Uma;

impl Memory for Uma {
    fn name(&self) -> &'static str {
        "gem-uma"
    }

    fn create_bo(&self, dev: &Device, size: u64, heap: bool) -> Result<Gem> {
        bo::create(dev, size, heap).map(Gem::into_dyn)
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        gem_uma::import(dev, dma_buf, dev.dma(), |new| {
            let bo = new.create(|new| LimaBo::new(new, false))?;
            Ok(bo.into_dyn())
        })
    }

    fn bo<'a>(&self, object: &'a dyn gem::Object) -> Option<&'a dyn Bo> {
        let object: &dyn std::any::Any = object;
        object.downcast_ref::<LimaBo>().map(|bo| bo as &dyn Bo)
    }
}
