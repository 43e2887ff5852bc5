//! Purging what user space offered (`panfrost_gem_shrinker.c`).

use drm_core::gem::Gem;
use drm_core::machine::{ScanResult, ShrinkControl, Shrinker};
use drm_core::sync::atomic::Ordering;

use super::Objects;
use super::gem::PanfrostObject;

/// The object, unless it is dying or of another driver.
fn alive(weak: &drm_core::gem::WeakGem) -> Option<Gem<PanfrostObject>> {
    weak.upgrade().and_then(|object| object.downcast())
}

impl Shrinker for Objects {
    fn name(&self) -> &str {
        "drm-panfrost"
    }

    /// `panfrost_gem_shrinker_count`: pages of purgeable BOs, those in jobs among them.
    fn count(&self, _control: ShrinkControl) -> u64 {
        let Some(list) = self.shrinker_list.try_lock() else {
            return 0;
        };
        // References go once the lock is released: a last one would want the lock.
        let objects: Vec<_> = list.objects().iter().filter_map(alive).collect();
        let count = objects
            .iter()
            .filter(|bo| bo.reclaim.is_purgeable(&bo.gem, &bo.backing, &bo.dmap))
            .map(|bo| bo.gem.pages())
            .sum();
        drop(list);
        count
    }

    /// `panfrost_gem_shrinker_scan`: whole BOs, the one offered first first, until enough is freed.
    fn scan(&self, control: ShrinkControl) -> ScanResult {
        let Some(list) = self.shrinker_list.try_lock() else {
            return ScanResult::Stop;
        };
        let mut freed = 0;
        let objects: Vec<_> = list.objects().iter().filter_map(alive).collect();
        for bo in &objects {
            if freed >= control.nr_to_scan {
                break;
            }
            if bo.reclaim.is_purgeable(&bo.gem, &bo.backing, &bo.dmap) && purge(bo) {
                freed += bo.gem.pages();
                list.remove(&bo.reclaim);
            }
        }
        drop(list);
        ScanResult::Freed(freed)
    }
}

/// Purges a BO that no job uses, if both its locks are free (`panfrost_gem_purge`).
fn purge(bo: &PanfrostObject) -> bool {
    if bo.gpu_usecount.load(Ordering::SeqCst) != 0 {
        return false;
    }
    let Some(mappings) = bo.mappings.try_lock() else {
        return false;
    };
    let Some(mut guard) = bo.gem.resv().try_lock() else {
        return false;
    };
    PanfrostObject::teardown_mappings_locked(&mappings);
    if bo
        .reclaim
        .purge(&mut guard, &bo.gem, &bo.backing, &bo.dmap)
        .is_err()
    {
        return false;
    }
    true
}
