//! The side on `gem_shmem::legacy`, as the driver of Linux 6.12 is.

mod bo;
mod dump;
mod heap;
mod mapping;

use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::gem::{self, Gem};
use drm_core::prime::Attachment;
use drm_core::sync::Arc;
use gem_shmem::legacy;

pub use bo::LimaBo;

use crate::side::{Bo, Memory};

/// Objects that embed the base class.
#[derive(Debug, Default)]
pub struct Shmem;

impl Memory for Shmem {
    fn name(&self) -> &'static str {
        "gem-shmem"
    }

    fn create_bo(&self, dev: &Device, size: u64, heap: bool) -> Result<Gem> {
        bo::create(dev, size, heap).map(Gem::into_dyn)
    }

    fn has_import_sg_table(&self) -> bool {
        true
    }

    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        let bo = legacy::prime_import_sg_table::<LimaBo>(dev, attach, Some(table))?;
        Ok(bo.into_dyn())
    }

    fn bo<'a>(&self, object: &'a dyn gem::Object) -> Option<&'a dyn Bo> {
        let object: &dyn std::any::Any = object;
        object.downcast_ref::<LimaBo>().map(|bo| bo as &dyn Bo)
    }
}
