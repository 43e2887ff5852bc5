//! The side on `gem_shmem::legacy`, as the driver of Linux 6.12 is.

mod bo;
mod mmu;
mod vaddr;

use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::gem::{self, Gem};
use drm_core::prime::Attachment;
use drm_core::sync::Arc;
use gem_shmem::legacy;

pub use bo::V3dBo;

use crate::side::{Bo, Memory};

/// Objects that embed the base class.
#[derive(Debug, Default)]
pub struct Shmem;

impl Memory for Shmem {
    fn name(&self) -> &'static str {
        "gem-shmem"
    }

    fn create_bo(&self, dev: &Device, size: u64) -> Result<Gem> {
        bo::create(dev, size).map(Gem::into_dyn)
    }

    fn has_import_sg_table(&self) -> bool {
        true
    }

    /// `v3d_prime_import_sg_table`. A full address space runs into the double free: the object does not know yet that it is an
    /// import, so the helper's release unmaps and frees the exporter's table, and the core gives it back once more.
    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        let bo = legacy::prime_import_sg_table::<V3dBo>(dev, attach, Some(table))?;
        match bo::create_finish(&bo) {
            Ok(()) => Ok(bo.into_dyn()),
            Err(error) => {
                bo.free_directly(|bo, gone| bo.base.free(gone));
                Err(error)
            }
        }
    }

    fn bo<'a>(&self, object: &'a dyn gem::Object) -> Option<&'a dyn Bo> {
        let object: &dyn std::any::Any = object;
        object.downcast_ref::<V3dBo>().map(|bo| bo as &dyn Bo)
    }
}
