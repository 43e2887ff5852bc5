//! The heap: backed from the start up, twice as much each time (`lima_gem.c: lima_heap_alloc`).

use drm_core::errno::{Errno, Result};
use drm_core::memory::Gfp;
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;
use drm_core::{PAGE_SHIFT, PAGE_SIZE};

use super::bo::LimaBo;
use super::mapping;
use crate::vm::LimaVm;

/// Pages that a heap begins with (`heap_init_nr_pages`), and grows by multiples of.
pub(super) const INIT_PAGES: u64 = 8;

/// Backs more of the heap: new granules get tables of their own, and those that a job uses stay as they are. `vm` shows them
/// first; then every other space that maps the heap.
///
/// `ENOSPC` for a full heap; `ENOMEM`, `EIO`. A failure leaves the heap as it was; where only `vm` could not show them, the new
/// pages wait for the next attempt.
pub(super) fn grow(bo: &LimaBo, vm: Option<&Arc<LimaVm>>) -> Result {
    let header = &bo.gem;
    let heap = bo.heap.as_ref().zip(bo.chunks.as_ref());
    let (heap, chunks) = heap.ok_or(Errno::EINVAL)?;
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
    let fresh = old_size >> PAGE_SHIFT..new_size >> PAGE_SHIFT;
    chunks.map_range(&mut guard, heap, fresh, Gfp::KERNEL)?;
    if let Some(vm) = vm {
        mapping::map_more(bo, &mut guard, vm, new_size)?;
    }
    bo.heap_size.store(new_size, Ordering::SeqCst);
    mapping::map_everywhere(bo, &mut guard, new_size);
    Ok(())
}
