//! F14: an object ended by the base class.
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
    number: Number(14),
    slug: "free",
    items: &[
        function("drm_gem_shmem_free", &["Object::free"]),
        function("drm_gem_shmem_release", &[]),
    ],
    source: include_str!("f14_free.rs"),
};
