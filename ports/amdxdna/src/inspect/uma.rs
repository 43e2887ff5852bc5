//! Objects made of parts: every part is asked, under the lock.

use drm_core::gem::Gem;

use super::BoState;
use crate::uma::{AmdxdnaObject, DevObject};

pub(crate) fn state(object: &Gem) -> Option<BoState> {
    if let Some(dev) = object.downcast::<DevObject>() {
        let (pinned, kva) = dev.look();
        return Some(BoState {
            pinned,
            kva,
            chunks: dev.piece.look(|slice| slice.ids()).ok(),
            ..BoState::default()
        });
    }
    let bo = object.downcast::<AmdxdnaObject>()?;
    let (pinned, kva, open_ref, client) = bo.look();
    let (of_table, sgt) = match bo.is_import() {
        true => (bo.gem.pages(), true),
        false => (0, bo.dmap.is_mapped()),
    };
    let guard = bo.gem.resv().lock();
    let pages = bo.backing.pages(&guard);
    Some(BoState {
        pages_use: bo.backing.users(&guard),
        vmap_use: bo.cmap.vmaps(),
        pages: pages.map_or(of_table, |pages| pages.len()),
        sgt,
        pinned,
        kva,
        open_ref,
        client,
        umaps: bo.place().maps().count(),
        map_invalid: bo.place().maps().is_invalid(),
        chunks: None,
    })
}
