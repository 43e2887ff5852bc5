//! F12: the accessed policy stored as a flag.
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
    number: Number(12),
    slug: "mark_accessed",
    items: &[field(
        SHMEM,
        "pages_mark_accessed_on_put",
        &["Object::pages_mark_accessed_on_put"],
    )],
    source: include_str!("f12_mark_accessed.rs"),
};
