//! Objects made of parts.

use drm_core::gem::Gem;

use super::Counts;
use crate::uma::PanthorObject;

/// What is inside an object made of parts; `None` for another.
pub(super) fn counts(object: &Gem) -> Option<Counts> {
    let bo = object.downcast::<PanthorObject>()?;
    let guard = bo.gem.resv().lock();
    let present = bo.backing.pages(&guard).map(|pages| pages.iter().count());
    Some(Counts {
        pages_use_count: bo.backing.users(&guard),
        vmap_use_count: bo.cmap.vmaps(),
        has_pages: present.is_some(),
        present: present.unwrap_or(0),
        table: bo.dmap.peek().map(|runs| runs.dma_entries().to_vec()),
        has_table: bo.dmap.is_mapped()
            || bo.backing.import().is_some_and(|import| import.is_mapped()),
        // Panthor takes no advice.
        madv: 0,
        // The exporter decides how an import is mapped; the base class forgets the flag.
        map_wc: bo.cmap.is_write_combined() && !bo.backing.is_import(),
    })
}
