//! What a mapping into an address space takes of the base class (`panthor_mmu.c`).

use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::sync::Arc;

use super::PanthorObject;

impl PanthorObject {
    /// A use of the pages for the pair of space and object, so that mapping need not allocate; then the table, which takes a
    /// second use for ever (`panthor_vm_prepare_map_op_ctx`).
    pub(super) fn map_prepare(&self) -> Result<Arc<SgTable>> {
        if self.base.base.import_attach().is_none() {
            self.base.pin()?;
        }
        match self.base.get_pages_sgt() {
            Ok(sgt) => Ok(sgt),
            Err(error) => {
                self.map_release();
                Err(error)
            }
        }
    }

    /// Gives the pair's use back (`panthor_vm_bo_put`). The pages stay: the table has them.
    pub(super) fn map_release(&self) {
        if self.base.base.import_attach().is_none() {
            self.base.unpin();
        }
    }
}
