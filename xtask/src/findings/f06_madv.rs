//! F06: the madvise state read or written.
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
    number: Number(6),
    slug: "madv",
    items: &[field(SHMEM, "madv", &["Fields::madv"])],
    source: include_str!("f06_madv.rs"),
};
