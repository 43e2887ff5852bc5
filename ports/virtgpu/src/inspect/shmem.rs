//! Objects of the base class: every field is read, without locks.

use drm_core::gem::Gem;

use super::{BoState, Kind};
use crate::shmem::VirtioGpuObject;

pub(crate) fn state(object: &Gem) -> Option<BoState> {
    let bo = object.downcast::<VirtioGpuObject>()?;
    let kind = match (bo.is_shmem(), bo.is_vram()) {
        (true, _) => Kind::Guest,
        (_, true) => Kind::Vram,
        _ => Kind::Import,
    };
    let fields = bo.base.racy();
    let pages = fields.pages.as_ref();
    Some(BoState {
        kind,
        size: bo.base.base.size(),
        pages_use: fields.pages_use_count,
        vmap_use: fields.vmap_use_count,
        pages: pages.map(|pages| pages.iter().flatten().map(|page| page.phys()).collect()),
        sgt: fields.sgt.is_some() || bo.has_table(),
    })
}
