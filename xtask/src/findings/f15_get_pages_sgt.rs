//! F15: pages, table and DMA mapping in one call that is never undone.
//!
//! # What
//!
//! `drm_gem_shmem_get_pages_sgt`: pages, scatter table and DMA mapping in one call.
//!
//! # Why
//!
//! It has no counterpart. The page use that it takes ends with purge or with the object, so once a driver has
//! asked for the table its pages never leave: nothing can be reclaimed. It takes the lock itself, so a caller that holds it
//! has no way in. For an import without a table it warns and fails.
//!
//! # Instead
//!
//! `bo.dmap.lock_table(&bo.backing)?` locks, maps if need be, and lends the table until it is dropped; with the
//! lock held, `bo.dmap.table(&mut guard, &bo.backing)?`. What has to stay mapped longer takes a pin:
//! `bo.dmap.pin_table(..)`, given back by `unpin_table`.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo, vm: &Vm) -> Result {
//! let table = bo.base.get_pages_sgt()?;
//! vm.map(&table)?;
//! #     Ok(())
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! let table = bo.dmap.lock_table(&bo.backing)?;
//! vm.map(&table)?;
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(15),
    slug: "get_pages_sgt",
    items: &[
        function("drm_gem_shmem_get_pages_sgt", &["Object::get_pages_sgt"]),
        function("drm_gem_shmem_get_pages_sgt_locked", &[]),
    ],
    source: include_str!("f15_get_pages_sgt.rs"),
};
