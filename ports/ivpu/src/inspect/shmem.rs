//! Objects of the base class: every field is read, without locks.

use drm_core::gem::Gem;

use super::BoState;
use crate::shmem::IvpuBo;

pub(crate) fn state(object: &Gem) -> Option<BoState> {
    let bo = object.downcast::<IvpuBo>()?;
    let (ctx, mmu_mapped) = bo.place();
    let fields = bo.base.racy();
    let own = fields
        .pages
        .as_ref()
        .map(|pages| pages.iter().flatten().map(|page| page.phys()).collect());
    let foreign = || {
        let sgt = fields.sgt.as_ref().filter(|_| bo.base.base.is_imported())?;
        Some(
            (0..bo.base.base.pages())
                .filter_map(|index| sgt.dma_page(index))
                .collect(),
        )
    };
    Some(BoState {
        size: bo.base.base.size(),
        pages_use: fields.pages_use_count,
        vmap_use: fields.vmap_use_count,
        pages: own.or_else(foreign),
        sgt: fields.sgt.is_some(),
        wc: bo.base.map_wc.get(),
        vpu_addr: bo.vpu_addr(),
        ssid: ctx.map(|ctx| ctx.ssid()),
        mmu_mapped,
    })
}
