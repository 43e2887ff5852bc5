//! F04: the count of page users read or written.
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
    number: Number(4),
    slug: "pages_use_count",
    items: &[
        field(SHMEM, "pages_use_count", &["Fields::pages_use_count"]),
        field(SHMEM, "pages_pin_count", &[]),
    ],
    source: include_str!("f04_pages_use_count.rs"),
};
