//! Objects of the base class.

use drm_core::gem::Gem;
use drm_core::memory::Page;

use super::BoState;
use crate::shmem::V3dBo;

pub(super) fn state(object: &Gem) -> Option<BoState> {
    let bo = object.downcast::<V3dBo>()?;
    let fields = bo.base.racy();
    let physical = |pages: &Vec<Option<Page>>| {
        pages
            .iter()
            .map(|page| page.as_ref().map(Page::phys))
            .collect()
    };
    Some(BoState {
        pages_use: fields.pages_use_count,
        vmap_use: fields.vmap_use_count,
        vaddr: fields.vaddr.is_some(),
        madv: fields.madv,
        pages: fields.pages.as_ref().map(physical),
        table: fields
            .sgt
            .as_ref()
            .map(|table| (0..).map_while(|page| table.dma_page(page)).collect()),
        wc: bo.base.map_wc.get(),
        dirty: bo.base.pages_mark_dirty_on_put.get(),
        job_vaddr: bo.vaddr.lock().is_some(),
    })
}
