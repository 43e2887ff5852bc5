//! Objects made of parts: every part is asked, under the lock.

use drm_core::gem::Gem;

use super::{BoState, Kind};
use crate::uma;

pub(crate) fn state(object: &Gem) -> Option<BoState> {
    let nothing = |kind, sgt| BoState {
        kind,
        size: object.gem().size(),
        pages_use: 0,
        vmap_use: 0,
        pages: None,
        sgt,
    };
    let bo = match uma::Kind::of(object).ok()? {
        uma::Kind::Guest(bo) => bo,
        uma::Kind::Vram(_) => return Some(nothing(Kind::Vram, false)),
        uma::Kind::Import(bo) => return Some(nothing(Kind::Import, bo.has_table())),
    };
    let guard = bo.gem.resv().lock();
    let pages = bo.backing.pages(&guard);
    Some(BoState {
        pages_use: bo.backing.users(&guard),
        vmap_use: bo.cmap.vmaps(),
        pages: pages.map(|pages| pages.iter().collect()),
        ..nothing(Kind::Guest, bo.dmap.is_mapped())
    })
}
