//! Objects of the base class.

use drm_core::gem::Gem;

use super::Counts;
use crate::shmem::PanthorObject;

/// What is inside an object of the base class; `None` for another.
pub(super) fn counts(object: &Gem) -> Option<Counts> {
    let bo = object.downcast::<PanthorObject>()?;
    let fields = bo.base.racy();
    let present = fields.pages.iter().flatten().flatten().count();
    Some(Counts {
        pages_use_count: fields.pages_use_count,
        vmap_use_count: fields.vmap_use_count,
        has_pages: fields.pages.is_some(),
        present,
        table: fields.sgt.as_ref().map(|sgt| sgt.dma_entries().to_vec()),
        has_table: fields.sgt.is_some(),
        madv: fields.madv,
        map_wc: bo.base.map_wc.get(),
    })
}
