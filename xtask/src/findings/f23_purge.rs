//! F23: pages thrown away by the driver's own shrinker.
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
    number: Number(23),
    slug: "purge",
    items: &[
        function("drm_gem_shmem_purge", &["Object::purge"]),
        function("drm_gem_shmem_purge_locked", &[]),
    ],
    source: include_str!("f23_purge.rs"),
};
