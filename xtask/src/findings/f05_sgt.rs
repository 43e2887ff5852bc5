//! F05: the scatter table read, replaced or freed by hand.
//!
//! # What
//!
//! The scatter table `sgt` is read, replaced, unmapped or freed by the driver.
//!
//! # Why
//!
//! lima_gem.c:72-102 frees the table and puts a longer one in its place when a heap grows, after it has dropped
//! the lock. ivpu_gem.c:172 unmaps and clears it, but keeps the page use that came with it, so the next binding takes a
//! second one. Afterwards nobody knows who owns the table, nor whether the pages it names are still there.
//!
//! # Instead
//!
//! `DeviceMap` owns the table. It makes it at first use, lends it under the lock, and ends it before the pages
//! go. An object that grows has `GranuleMap`: a table per granule, so that old ones stay as they are.
//!
//! Reading it: `bo.dmap.existing(&guard)`; ending it early: `bo.dmap.unmap(&mut guard, &bo.backing)`.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo, mut guard: ResvGuard) {
//! if let Some(table) = bo.base.locked(&mut guard).sgt.take() {
//!     table.unmap();
//! }
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! # fn page(bo: &Bo, mut guard: ResvGuard) -> Result {
//! bo.dmap.unmap(&mut guard, &bo.backing)?;
//! #     Ok(())
//! # }
//! ```

use super::{Finding, Number, SHMEM, field, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(5),
    slug: "sgt",
    items: &[
        field(SHMEM, "sgt", &["Fields::sgt"]),
        function("__drm_gem_shmem_free_sgt_locked", &[]),
    ],
    source: include_str!("f05_sgt.rs"),
};
