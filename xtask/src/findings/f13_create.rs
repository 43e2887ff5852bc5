//! F13: an object made by the base class.
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
    number: Number(13),
    slug: "create",
    items: &[
        function("drm_gem_shmem_create", &["create"]),
        function("__drm_gem_shmem_create", &["create_private"]),
        function("drm_gem_shmem_create_with_mnt", &[]),
        function("drm_gem_shmem_create_with_handle", &[]),
        function("drm_gem_shmem_init", &[]),
    ],
    source: include_str!("f13_create.rs"),
};
