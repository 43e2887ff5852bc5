//! Objects made of parts: every part is asked, under the lock.

use drm_core::gem::Gem;

use super::BoState;
use crate::uma::IvpuBo;

pub(crate) fn state(object: &Gem) -> Option<BoState> {
    let bo = object.downcast::<IvpuBo>()?;
    let (ctx, mmu_mapped) = bo.place();
    let guard = bo.gem.resv().lock();
    let own = bo.backing.pages(&guard).map(|pages| pages.iter().collect());
    let foreign = || {
        let table = bo
            .dmap
            .existing(&guard)
            .filter(|_| bo.backing.is_import())?;
        Some(
            (0..bo.gem.pages())
                .filter_map(|index| table.dma_page(index))
                .collect(),
        )
    };
    Some(BoState {
        size: bo.gem.size(),
        pages_use: bo.backing.users(&guard),
        vmap_use: bo.cmap.vmaps(),
        pages: own.or_else(foreign),
        sgt: bo.dmap.is_mapped(),
        wc: bo.cmap.is_write_combined(),
        vpu_addr: bo.vpu_addr(),
        ssid: ctx.map(|ctx| ctx.ssid()),
        mmu_mapped,
    })
}
