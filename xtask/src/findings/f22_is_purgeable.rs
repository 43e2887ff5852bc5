//! F22: the purge test.
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
    number: Number(22),
    slug: "is_purgeable",
    items: &[function(
        "drm_gem_shmem_is_purgeable",
        &["Object::is_purgeable"],
    )],
    source: include_str!("f22_is_purgeable.rs"),
};
