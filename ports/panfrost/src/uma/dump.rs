//! What a core dump says of a BO (`panfrost_dump.c`).

use drm_core::PAGE_SIZE;
use drm_core::gem::Object as _;

use super::mapping::Mapping;
use crate::dump::DumpedBo;

/// Pages and contents of a BO. The scatter table is read without any lock; a heap has none, and is not dumped.
pub(super) fn dump_bo(mapping: &Mapping) -> DumpedBo {
    let bo = &mapping.object;
    let Some(sgt) = bo.dmap.peek() else {
        return DumpedBo::default();
    };
    let mut guard = bo.gem.resv().lock();
    let Ok(map) = bo.vmap(&mut guard) else {
        return DumpedBo::default();
    };
    if !mapping.is_active() {
        bo.gem.machine().warn("panfrost_dump.c:219");
    }
    let runs = sgt.entries().iter();
    let pages = runs
        .flat_map(|run| (run.addr..run.addr + run.len).step_by(PAGE_SIZE as usize))
        .collect();
    let mut bytes = vec![0; bo.gem.size() as usize];
    let valid = map.map().read(0, &mut bytes).is_ok();
    bo.vunmap(&mut guard, &map);
    DumpedBo {
        valid,
        iova: mapping.va(),
        pages,
        bytes,
    }
}
