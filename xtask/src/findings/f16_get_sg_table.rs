//! F16: a fresh scatter table for export.
//!
//! # What
//!
//! `drm_gem_shmem_get_sg_table`: a fresh, unmapped scatter table over all pages, for an importer.
//!
//! # Why
//!
//! It takes the pages for granted: without a pin it reads a page array that is not there. It describes the full
//! size even where a driver has filled only a part of the array.
//!
//! # Instead
//!
//! `Share` makes it, from pages that it has pinned: `bo.share.sg_table(&mut guard, &bo.gem, &bo.backing)`.
//! Normally the derive calls it.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo, mut guard: ResvGuard) -> Result<SgTable> {
//! let table = bo.base.get_sg_table(&mut guard)?;
//! #     Ok(table)
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! let table = bo.share.sg_table(&mut guard, &bo.gem, &bo.backing)?;
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(16),
    slug: "get_sg_table",
    items: &[function(
        "drm_gem_shmem_get_sg_table",
        &["Object::get_sg_table"],
    )],
    source: include_str!("f16_get_sg_table.rs"),
};
