//! F19: a pin that is a page use.
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
    number: Number(19),
    slug: "pin",
    items: &[
        function("drm_gem_shmem_pin", &["Object::pin"]),
        function("drm_gem_shmem_unpin", &["Object::unpin"]),
    ],
    source: include_str!("f19_pin.rs"),
};
