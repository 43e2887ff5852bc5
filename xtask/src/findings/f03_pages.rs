//! F03: the page array read or filled by hand.
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
    number: Number(3),
    slug: "pages",
    items: &[field(SHMEM, "pages", &["Fields::pages"])],
    source: include_str!("f03_pages.rs"),
};
