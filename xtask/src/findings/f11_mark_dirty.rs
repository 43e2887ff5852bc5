//! F11: the dirty policy stored as a flag.
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

use super::{Finding, Number, SHMEM, field};

pub(super) const FINDING: Finding = Finding {
    number: Number(11),
    slug: "mark_dirty",
    items: &[field(
        SHMEM,
        "pages_mark_dirty_on_put",
        &["Object::pages_mark_dirty_on_put"],
    )],
    source: include_str!("f11_mark_dirty.rs"),
};
