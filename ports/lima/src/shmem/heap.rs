//! The heap: backed from the start up, twice as much each time (`lima_gem.c: lima_heap_alloc`).

use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Fail;
use drm_core::memory::Page;
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;
use drm_core::{PAGE_SHIFT, PAGE_SIZE};

use super::bo::LimaBo;
use super::mapping;
use crate::vm::LimaVm;

/// Pages that a heap begins with (`heap_init_nr_pages`).
const INIT_PAGES: u64 = 8;

/// Backs more of the heap: reads pages one by one into the helper's array, and replaces the helper's table by a larger one.
/// Only `vm` learns of the new pages.
///
/// `ENOSPC` for a full heap. A failed page leaves those before it in the array, where the next attempt overwrites them and
/// loses their references. A failed DMA mapping leaves no table, while the old entries stay in the address spaces.
pub(super) fn grow(bo: &LimaBo, vm: Option<&Arc<LimaVm>>) -> Result {
    let header = &bo.base.base;
    let machine = header.machine();
    let Some(file) = header.filp() else {
        machine.oops("Kernel mode fault at addr 0x0: lima_heap_alloc of an import");
        return Err(Errno::EFAULT);
    };
    let old_size = bo.heap();
    if old_size >= header.size() {
        return Err(Errno::ENOSPC);
    }
    let wanted = if old_size == 0 {
        INIT_PAGES * PAGE_SIZE
    } else {
        old_size * 2
    };
    let new_size = wanted.min(header.size());

    let mut guard = header.resv().lock();
    let mut fields = bo.base.locked(&mut guard);
    if fields.pages.is_none() {
        machine.failpoints().check(Fail::Alloc)?;
        fields.pages = Some(vec![None; header.pages() as usize]);
        fields.pages_use_count = 1;
        file.set_unevictable(true);
    }
    let pages = fields.pages.get_or_insert_default();
    for index in old_size >> PAGE_SHIFT..new_size >> PAGE_SHIFT {
        let page = file.read_page(index)?;
        // What an earlier attempt left here is overwritten, with its reference.
        std::mem::forget(pages[index as usize].replace(page));
    }
    let backed = (new_size >> PAGE_SHIFT) as usize;
    let addrs: Vec<u64> = pages[..backed].iter().flatten().map(Page::phys).collect();
    drop(fields);
    drop(guard);

    let table = SgTable::from_addrs(machine, addrs.into_iter(), header.dev().dma().max_segment())?;

    // No lock from here on: the table that a running job's addresses came from is unmapped and overwritten.
    let mut fields = bo.base.racy_mut();
    if let Some(old) = fields.sgt.take() {
        old.unmap();
    }
    table.map(header.dev().dma())?;
    fields.sgt = Some(Arc::new(table));
    drop(fields);

    if let Some(vm) = vm
        && let Err(error) = mapping::map_more(bo, vm, old_size)
    {
        if let Some(table) = bo.base.racy_mut().sgt.take() {
            table.unmap();
        }
        return Err(error);
    }
    bo.heap_size.store(new_size, Ordering::SeqCst);
    Ok(())
}
