//! Objects of the base class: every field is read, without locks.

use drm_core::PAGE_SHIFT;
use drm_core::gem::Gem;

use super::BoState;
use crate::shmem::AmdxdnaObject;

pub(crate) fn state(object: &Gem) -> Option<BoState> {
    let bo = object.downcast::<AmdxdnaObject>()?;
    let fields = bo.base.racy();
    let of_table = fields.sgt.as_ref().map_or(0, |sgt| sgt.len() >> PAGE_SHIFT);
    let (pinned, kva, open_ref, client, chunks) = bo.look();
    Some(BoState {
        pages_use: fields.pages_use_count,
        vmap_use: fields.vmap_use_count,
        pages: fields
            .pages
            .as_ref()
            .map_or(of_table, |pages| pages.len() as u64),
        sgt: fields.sgt.is_some(),
        umaps: bo.place().map_or(0, |place| place.maps().count()),
        map_invalid: bo.place().is_ok_and(|place| place.maps().is_invalid()),
        pinned,
        kva,
        open_ref,
        client,
        chunks,
    })
}
