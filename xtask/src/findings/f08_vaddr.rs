//! F08: the kernel address read past the helper.
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
    number: Number(8),
    slug: "vaddr",
    items: &[field(SHMEM, "vaddr", &["Fields::vaddr"])],
    source: include_str!("f08_vaddr.rs"),
};
