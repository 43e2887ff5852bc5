//! F18: a pin under a lock that the caller holds.
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
    number: Number(18),
    slug: "pin_locked",
    items: &[
        function("drm_gem_shmem_pin_locked", &["Object::pin_locked"]),
        function("drm_gem_shmem_unpin_locked", &["Object::unpin_locked"]),
    ],
    source: include_str!("f18_pin_locked.rs"),
};
