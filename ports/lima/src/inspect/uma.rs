//! Objects made of parts.

use drm_core::PAGE_SHIFT;
use drm_core::gem::Gem;

use super::BoState;
use crate::side::Bo;
use crate::uma::LimaBo;

/// Asks every part, under the lock. A heap shows what is backed of it, as one array and one table, and is its own user, as in the
/// base class.
pub(super) fn state(object: &Gem) -> Option<BoState> {
    let bo = object.downcast::<LimaBo>()?;
    let mappings = bo.mappings();
    let guard = bo.gem.resv().lock();
    let (pages, table) = match bo.heap.as_ref().zip(bo.chunks.as_ref()) {
        Some((heap, chunks)) => {
            let physical = |index| {
                let granule = heap.granule(&guard, heap.granule_of(index))?;
                granule.phys(index % heap.granule_pages())
            };
            let bus = |index| {
                let table = chunks.existing(&guard, heap.granule_of(index))?;
                table.dma_page(index % heap.granule_pages())
            };
            let pages = (0..bo.gem.pages()).map(physical).collect();
            let backed = 0..bo.heap_size() >> PAGE_SHIFT;
            (Some(pages), Some(backed.map_while(bus).collect()))
        }
        None => {
            let pages = bo.backing.pages(&guard);
            let table = bo.dmap.existing(&guard);
            (
                pages.map(|pages| pages.iter().map(Some).collect()),
                table.map(|table| (0..).map_while(|page| table.dma_page(page)).collect()),
            )
        }
    };
    Some(BoState {
        pages_use: bo.backing.users(&guard) + u32::from(bo.heap.is_some()),
        vmap_use: bo.cmap.vmaps(),
        vaddr: bo.cmap.kernel_map().is_some(),
        // Nothing of this driver is ever offered.
        madv: 0,
        pages,
        table,
        wc: bo.cmap.is_write_combined() && !bo.backing.is_import(),
        dirty: false,
        heap_size: bo.heap_size(),
        mappings,
    })
}
