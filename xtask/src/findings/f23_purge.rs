//! F23: pages thrown away by the driver's own shrinker.
//!
//! # What
//!
//! `drm_gem_shmem_purge`: the driver's own shrinker throws an object's pages away.
//!
//! # Why
//!
//! The helper warns about an object that may not be purged, and purges it all the same. What has to go first (GPU
//! mappings, VA nodes) is up to the driver, which does it under three locks taken by `trylock`
//! (panfrost_gem_shrinker.c:38-60).
//!
//! # Instead
//!
//! `bo.reclaim.purge(&mut guard, &bo.gem, &bo.backing, &bo.dmap)` ends the mappings in their order, and answers
//! `EBUSY` where it may not.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo, mut guard: ResvGuard, shrinker_list: &legacy::List) -> Result {
//! bo.base.purge(&mut guard);
//! shrinker_list.del(&bo.base);
//! #     Ok(())
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! bo.reclaim.purge(&mut guard, &bo.gem, &bo.backing, &bo.dmap)?;
//! shrinker_list.remove(&bo.reclaim);
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(23),
    slug: "purge",
    items: &[
        function("drm_gem_shmem_purge", &["Object::purge"]),
        function("drm_gem_shmem_purge_locked", &[]),
    ],
    source: include_str!("f23_purge.rs"),
};
