//! Contents for an error dump (`lima_sched.c: lima_sched_build_error_task_list`).

use drm_core::PAGE_SHIFT;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Object;
use drm_core::machine::Fail;
use drm_core::memory::{KernelMap, Page};

use super::bo::LimaBo;

/// What is backed: of a heap by a mapping of the page array past the helper's count, of others by the helper.
pub(super) fn copy(bo: &LimaBo) -> Result<Vec<u8>> {
    match bo.heap() {
        0 => copy_whole(bo),
        backed => copy_heap(bo, backed),
    }
}

fn copy_heap(bo: &LimaBo, backed: u64) -> Result<Vec<u8>> {
    let machine = bo.base.base.machine();
    let pages: Vec<Page> = bo
        .base
        .racy()
        .pages
        .iter()
        .flatten()
        .take((backed >> PAGE_SHIFT) as usize)
        .flatten()
        .cloned()
        .collect();
    machine.failpoints().check(Fail::Vmap)?;
    let map = KernelMap::new(machine.ram(), &pages).map_err(|_| Errno::ENOMEM)?;
    machine.counters().vmaps.add(1);
    let mut bytes = vec![0; backed as usize];
    let copied = map.read(0, &mut bytes);
    map.unmap();
    machine.counters().vunmaps.add(1);
    copied.map(|()| bytes)
}

fn copy_whole(bo: &LimaBo) -> Result<Vec<u8>> {
    let header = &bo.base.base;
    let mut guard = header.resv().lock();
    let map = bo.vmap(&mut guard)?;
    let mut bytes = vec![0; header.size() as usize];
    let copied = map.map().read(0, &mut bytes);
    bo.vunmap(&mut guard, &map);
    copied.map(|()| bytes)
}
