//! Where the free list leans on the parts (`pvr_free_list.c`).

use drm_core::dma::Entry;
use drm_core::errno::Result;

use super::gem::PvrGemObject;

/// The frames of a block of memory (`pvr_free_list_insert_node_locked`): taken from the device map directly, past the
/// driver's own helper, and never mapped in any address space.
pub(super) fn block_sgt(mem_obj: &PvrGemObject) -> Result<Vec<Entry>> {
    Ok(mem_obj
        .dmap
        .lock_table(&mem_obj.backing)?
        .dma_entries()
        .to_vec())
}
