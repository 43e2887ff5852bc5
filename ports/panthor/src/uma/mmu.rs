//! What a mapping into an address space takes of the parts (`panthor_mmu.c`).

use drm_core::errno::Result;
use gem_uma::PinnedTable;

use super::PanthorObject;

impl PanthorObject {
    /// The table with a pin for the pair of space and object, so that mapping need not allocate
    /// (`panthor_vm_prepare_map_op_ctx`).
    pub(super) fn map_prepare(&self) -> Result<PinnedTable> {
        let mut guard = self.gem.resv().lock_interruptible()?;
        self.dmap.pin_table(&mut guard, &self.backing)
    }

    /// Gives the pair's pin back (`panthor_vm_bo_put`). The pages stay: the table has them.
    pub(super) fn map_release(&self, mapped: PinnedTable) {
        let mut guard = self.gem.resv().lock();
        self.dmap.unpin_table(&mut guard, &self.backing, mapped);
    }
}
