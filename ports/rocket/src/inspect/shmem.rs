//! Objects of the base class: every field is read, without locks.

use drm_core::gem::Gem;

use super::BoState;
use crate::shmem::RocketObject;

pub(crate) fn state(object: &Gem) -> Option<BoState> {
    let bo = object.downcast::<RocketObject>()?;
    let fields = bo.base.racy();
    let pages = fields
        .pages
        .as_ref()
        .map(|pages| pages.iter().flatten().map(|page| page.phys()).collect());
    Some(BoState {
        size: bo.base.base.size(),
        pages_use: fields.pages_use_count,
        vmap_use: fields.vmap_use_count,
        pages,
        sgt: fields.sgt.is_some(),
        start: bo.start(),
        mapped: bo.size(),
    })
}
