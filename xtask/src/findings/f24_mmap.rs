//! F24: a user mapping made through the base class.
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
    number: Number(24),
    slug: "mmap",
    items: &[function("drm_gem_shmem_mmap", &["Object::mmap"])],
    source: include_str!("f24_mmap.rs"),
};
