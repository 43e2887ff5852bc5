//! The hooks in the driver's table of functions that make objects (`panthor_drv.c: panthor_drm_driver`).

use drm_core::device::Device;
use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::prime::Attachment;
use drm_core::sync::Arc;
use gem_shmem::legacy;

use super::PanthorObject;
use crate::bo::DriverHooks;

/// The hooks of this side.
#[derive(Debug, Default)]
pub struct Hooks;

impl DriverHooks for Hooks {
    fn has_import_sg_table(&self) -> bool {
        true
    }

    /// The base class's own: the object gets no flags, and is of no space.
    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        let bo = legacy::prime_import_sg_table::<PanthorObject>(dev, attach, Some(table))?;
        Ok(bo.into_dyn())
    }
}
