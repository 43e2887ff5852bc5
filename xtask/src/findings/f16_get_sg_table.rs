//! F16: a fresh scatter table for export.
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
    number: Number(16),
    slug: "get_sg_table",
    items: &[function(
        "drm_gem_shmem_get_sg_table",
        &["Object::get_sg_table"],
    )],
    source: include_str!("f16_get_sg_table.rs"),
};
