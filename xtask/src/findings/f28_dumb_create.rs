//! F28: dumb buffers made by the base class.
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

use super::{Finding, Number, constant, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(28),
    slug: "dumb_create",
    items: &[
        function("drm_gem_shmem_dumb_create", &["dumb_create"]),
        constant("DRM_GEM_SHMEM_DRIVER_OPS", &[]),
        constant("DRM_GEM_SHMEM_DRIVER_OPS_NO_MAP_SGT", &[]),
        constant("DRM_GEM_SHMEM_SIMPLE_DRIVER_OPS", &[]),
    ],
    source: include_str!("f28_dumb_create.rs"),
};
