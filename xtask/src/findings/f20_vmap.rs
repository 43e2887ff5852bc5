//! F20: a kernel mapping counted by the base class.
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
    number: Number(20),
    slug: "vmap",
    items: &[
        function("drm_gem_shmem_vmap", &["Object::vmap"]),
        function("drm_gem_shmem_vunmap", &["Object::vunmap"]),
        function("drm_gem_shmem_vmap_locked", &[]),
        function("drm_gem_shmem_vunmap_locked", &[]),
    ],
    source: include_str!("f20_vmap.rs"),
};
