//! F15: pages, table and DMA mapping in one call that is never undone.
//!
//! # What
//!
//! x
//!
//! # Why
//!
//! x
//!
//! # Instead
//!
//! x
//!
//! # Before
//!
//! ```rust,ignore
//! x();
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! x();
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
