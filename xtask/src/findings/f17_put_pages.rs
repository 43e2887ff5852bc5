//! F17: a page use given back by hand.
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
    number: Number(17),
    slug: "put_pages",
    items: &[
        function("drm_gem_shmem_put_pages", &["Object::put_pages"]),
        function("drm_gem_shmem_put_pages_locked", &[]),
        function("drm_gem_shmem_get_pages", &[]),
        function("drm_gem_shmem_get_pages_locked", &[]),
    ],
    source: include_str!("f17_put_pages.rs"),
};
