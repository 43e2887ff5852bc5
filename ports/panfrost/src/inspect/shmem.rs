//! Objects of the base class.

use std::any::Any;

use drm_core::gem::Gem;
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;

use super::{BoState, Inspect, MappingState};
use crate::shmem::{Mapping, PanfrostObject};

pub(crate) const INSPECT: Inspect = Inspect { state, object };

fn object(occupant: &Arc<dyn Any + Send + Sync>) -> Option<Gem> {
    let mapping = Arc::clone(occupant).downcast::<Mapping>().ok()?;
    Some(mapping.object.clone().into_dyn())
}

/// Reads every field, without locks.
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
    let guard = bo.base.base.resv().lock();
    let chunks = bo
        .sgts
        .get(&guard)
        .as_ref()
        .map(|sgts| sgts.iter().map(Option::is_some).collect());
    drop(guard);
    let fields = bo.base.racy();
    let own = fields.pages.as_ref().map(|pages| {
        pages
            .iter()
            .map(|page| page.as_ref().map(|page| page.phys()))
            .collect()
    });
    let foreign = || {
        let sgt = fields.sgt.as_ref().filter(|_| bo.base.base.is_imported())?;
        Some(
            (0..bo.base.base.pages())
                .map(|index| sgt.phys_page(index))
                .collect(),
        )
    };
    Some(BoState {
        noexec: bo.noexec(),
        heap: bo.is_heap(),
        pages_use: fields.pages_use_count,
        vmap_use: fields.vmap_use_count,
        pages: own.or_else(foreign),
        sgt: fields.sgt.is_some(),
        madv: fields.madv,
        wc: bo.base.map_wc.get(),
        gpu_use: bo.gpu_usecount.load(Ordering::SeqCst),
        heap_rss: bo.heap_rss_size.load(Ordering::Relaxed),
        listed: bo.base.madv_list.is_linked(),
        purgeable: bo.base.is_purgeable(),
        chunks,
        mappings: mappings.iter().map(mapping).collect(),
    })
}
