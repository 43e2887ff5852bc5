//! F34: the console's framebuffer on the base class.
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
    number: Number(34),
    slug: "fbdev",
    items: &[
        function("drm_fbdev_shmem_setup", &[]),
        function("drm_fbdev_shmem_driver_fbdev_probe", &[]),
        constant("DRM_FBDEV_SHMEM_DRIVER_OPS", &[]),
    ],
    source: include_str!("f34_fbdev.rs"),
};
