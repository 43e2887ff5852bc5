//! Where the free list leans on the base class (`pvr_free_list.c`).

use drm_core::dma::Entry;
use drm_core::errno::Result;

use super::gem::PvrGemObject;

/// The frames of a block of memory (`pvr_free_list_insert_node_locked`): taken from the base class directly, past the
/// driver's own helper, and never mapped in any address space.
pub(super) fn block_sgt(mem_obj: &PvrGemObject) -> Result<Vec<Entry>> {
    Ok(mem_obj.base.get_pages_sgt()?.dma_entries().to_vec())
}
