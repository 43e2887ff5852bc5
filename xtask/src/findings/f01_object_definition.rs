//! F01: the driver's object embeds the base class.
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

use super::{Finding, Number, function, ty};

pub(super) const FINDING: Finding = Finding {
    number: Number(1),
    slug: "object_definition",
    items: &[
        ty("drm_gem_shmem_object", &["Object", "Plain"]),
        function("to_drm_gem_shmem_obj", &["Subclass"]),
    ],
    source: include_str!("f01_object_definition.rs"),
};
