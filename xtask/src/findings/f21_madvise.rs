//! F21: madvise with a value that nobody checks.
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
    number: Number(21),
    slug: "madvise",
    items: &[
        function("drm_gem_shmem_madvise", &["Object::madvise"]),
        function("drm_gem_shmem_madvise_locked", &[]),
    ],
    source: include_str!("f21_madvise.rs"),
};
