//! Contents for an error dump (`lima_sched.c: lima_sched_build_error_task_list`).

use drm_core::PAGE_SHIFT;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Object;

use super::bo::LimaBo;

/// What is backed: of a heap a part is mapped, of others the whole object.
pub(super) fn copy(bo: &LimaBo) -> Result<Vec<u8>> {
    match bo.heap() {
        0 => copy_whole(bo),
        backed => copy_heap(bo, backed),
    }
}

fn copy_heap(bo: &LimaBo, backed: u64) -> Result<Vec<u8>> {
    let heap = bo.heap.as_ref().ok_or(Errno::EINVAL)?;
    let guard = bo.gem.resv().lock();
    let map = heap.vmap(&guard, 0..backed >> PAGE_SHIFT)?;
    let mut bytes = vec![0; backed as usize];
    map.read(0, &mut bytes).map(|()| bytes)
}

fn copy_whole(bo: &LimaBo) -> Result<Vec<u8>> {
    let header = &bo.gem;
    let mut guard = header.resv().lock();
    let map = bo.vmap(&mut guard)?;
    let mut bytes = vec![0; header.size() as usize];
    let copied = map.map().read(0, &mut bytes);
    bo.vunmap(&mut guard, &map);
    copied.map(|()| bytes)
}
