//! F29: the base class printed by the driver.
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
    number: Number(29),
    slug: "print_info",
    items: &[function(
        "drm_gem_shmem_print_info",
        &["Object::print_info"],
    )],
    source: include_str!("f29_print_info.rs"),
};
