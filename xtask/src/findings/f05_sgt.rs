//! F05: the scatter table read, replaced or freed by hand.
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
