//! F09: the count of kernel mappings read or written.
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

use super::{Finding, Number, SHMEM, field};

pub(super) const FINDING: Finding = Finding {
    number: Number(9),
    slug: "vmap_use_count",
    items: &[field(SHMEM, "vmap_use_count", &["Fields::vmap_use_count"])],
    source: include_str!("f09_vmap_use_count.rs"),
};
