//! Everything that can wait while a driver is moved: with a rule for it, or by hand.

mod object;

use std::fmt;

use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::mmap::NewVma;
use drm_core::resv::ResvGuard;
use drm_core::sync::Arc;

pub use object::Bo;

/// Fields that are read.
pub fn read(bo: &Gem<Bo>, mut guard: ResvGuard) -> bool {
    let resident = bo.base.racy().pages.is_some() && bo.base.racy().sgt.is_some();
    let used = bo.base.locked(&mut guard).pages_use_count > 0 || bo.base.racy().vmap_use_count > 0;
    let fields = bo.base.racy();
    let advised = fields.madv > 0 && fields.vaddr.is_none();
    resident && used && advised && bo.base.map_wc.get()
}

/// Fields that are read in a way that has no counterpart.
pub fn odd(bo: &Bo, mut guard: ResvGuard) -> u32 {
    let holes = bo.base.racy().pages.iter().flatten().filter(|page| page.is_none()).count();
    let users = bo.base.racy().pages_use_count;
    let entries = bo.base.locked(&mut guard).sgt.iter().map(|table| table.entries().len()).sum::<usize>();
    users + holes as u32 + entries as u32
}

/// Fields and flags that are written.
pub fn write(bo: &Bo, mut guard: ResvGuard) {
    bo.base.map_wc.set(true);
    bo.base.pages_mark_dirty_on_put.set(true);
    if let Some(table) = bo.base.locked(&mut guard).sgt.take() {
        table.unmap();
    }
    bo.base.locked(&mut guard).madv = 1;
}

/// Methods, one after the other.
pub fn methods(bo: &Bo, guard: &mut ResvGuard) -> Result<Arc<SgTable>> {
    bo.base.pin_locked(guard)?;
    bo.base.get_sg_table(guard)?;
    bo.base.unpin_locked(guard);
    bo.base.vmap(guard)?;
    bo.base.vunmap(guard);
    if bo.base.madvise(guard, 1) && bo.base.is_purgeable() {
        bo.base.purge(guard);
    }
    Ok(bo.base.get_pages_sgt()?)
}

/// What takes the lock itself, or needs none.
pub fn others(bo: &Bo, vma: &mut NewVma, out: &mut dyn fmt::Write) -> Result {
    bo.base.pin()?;
    bo.base.unpin();
    let _printed = bo.base.print_info(out, 1);
    bo.base.mmap(vma)
}
