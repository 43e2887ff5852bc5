//! Objects made of parts: every part is asked, under the lock.

use drm_core::gem::Gem;

use super::BoState;
use crate::uma::RocketObject;

pub(crate) fn state(object: &Gem) -> Option<BoState> {
    let bo = object.downcast::<RocketObject>()?;
    let guard = bo.gem.resv().lock();
    let pages = bo.backing.pages(&guard);
    Some(BoState {
        size: bo.gem.size(),
        pages_use: bo.backing.users(&guard),
        vmap_use: bo.cmap.vmaps(),
        pages: pages.map(|pages| pages.iter().collect()),
        sgt: bo.dmap.is_mapped(),
        start: bo.start(),
        mapped: bo.size(),
    })
}
