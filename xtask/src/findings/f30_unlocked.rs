//! F30: a field touched after the reservation lock was dropped.
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

use super::{Finding, Number};

pub(super) const FINDING: Finding = Finding {
    number: Number(30),
    slug: "unlocked",
    items: &[],
    source: include_str!("f30_unlocked.rs"),
};
