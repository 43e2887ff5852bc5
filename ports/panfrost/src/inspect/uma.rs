//! Objects made of parts.

use std::any::Any;

use drm_core::gem::Gem;
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;

use super::{BoState, Inspect, MappingState};
use crate::uma::{Mapping, PanfrostObject};

pub(crate) const INSPECT: Inspect = Inspect { state, object };

fn object(occupant: &Arc<dyn Any + Send + Sync>) -> Option<Gem> {
    let mapping = Arc::clone(occupant).downcast::<Mapping>().ok()?;
    Some(mapping.object.clone().into_dyn())
}

/// Asks every part, under the lock.
fn state(object: &Gem) -> Option<BoState> {
    let bo = object.downcast::<PanfrostObject>()?;
    let mappings = bo.mappings.lock();
    let mapping = |mapping: &Arc<Mapping>| MappingState {
        va: mapping.va(),
        len: mapping.len(),
        active: mapping.is_active(),
        allocated: mapping.is_allocated(),
        vm: Arc::downgrade(&mapping.vm),
        refs: Arc::strong_count(mapping),
    };
    let guard = bo.gem.resv().lock();
    let granules = || 0..bo.gem.pages().div_ceil(512);
    let heap_pages = bo
        .heap
        .as_ref()
        .filter(|heap| heap.resident_pages() > 0)
        .map(|heap| {
            let page = |index: u64| {
                let granule = heap.granule(&guard, heap.granule_of(index))?;
                granule.phys(index % heap.granule_pages())
            };
            (0..bo.gem.pages()).map(page).collect()
        });
    let own = bo
        .backing
        .pages(&guard)
        .map(|pages| pages.iter().map(Some).collect());
    let foreign = || {
        let table = bo
            .dmap
            .existing(&guard)
            .filter(|_| bo.backing.is_import())?;
        Some(
            (0..bo.gem.pages())
                .map(|index| table.phys_page(index))
                .collect(),
        )
    };
    let chunks = bo.chunks.as_ref().map(|chunks| {
        granules()
            .map(|n| chunks.is_mapped(&guard, n))
            .collect::<Vec<_>>()
    });
    Some(BoState {
        noexec: bo.noexec(),
        heap: bo.is_heap(),
        // A heap with pages counts as its own user, as it does in the helper.
        pages_use: bo.backing.users(&guard) + u32::from(heap_pages.is_some()),
        vmap_use: bo.cmap.vmaps(),
        pages: own.or(heap_pages).or_else(foreign),
        sgt: bo.dmap.is_mapped(),
        madv: bo.reclaim.advice(),
        wc: bo.cmap.is_write_combined() && !bo.backing.is_import(),
        gpu_use: bo.gpu_usecount.load(Ordering::SeqCst),
        heap_rss: bo.heap_bytes(),
        listed: bo.reclaim.is_listed(),
        purgeable: bo.reclaim.is_purgeable(&bo.gem, &bo.backing, &bo.dmap),
        chunks: chunks.filter(|chunks| chunks.contains(&true)),
        mappings: mappings.iter().map(mapping).collect(),
    })
}
