//! Objects made of parts.

use drm_core::gem::Gem;

use super::BoState;
use crate::uma::V3dBo;

/// Asks every part, under the lock.
pub(super) fn state(object: &Gem) -> Option<BoState> {
    let bo = object.downcast::<V3dBo>()?;
    let guard = bo.gem.resv().lock();
    let pages = bo.backing.pages(&guard);
    let table = bo.dmap.existing(&guard);
    let kernel = bo.cmap.kernel_map();
    Some(BoState {
        pages_use: bo.backing.users(&guard),
        vmap_use: bo.cmap.vmaps(),
        vaddr: kernel.is_some(),
        // Nothing of this driver is ever offered.
        madv: 0,
        pages: pages.map(|pages| pages.iter().map(Some).collect()),
        table: table.map(|table| (0..).map_while(|page| table.dma_page(page)).collect()),
        wc: bo.cmap.is_write_combined() && !bo.backing.is_import(),
        // The parts of a native object keep this as an option, from creation to release.
        dirty: false,
        // A CPU job is a user of the one mapping, and counted with the others.
        job_vaddr: false,
    })
}
