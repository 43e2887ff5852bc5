//! F31: the reservation lock replaced.
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

use super::{Finding, GEM, Number, field};

pub(super) const FINDING: Finding = Finding {
    number: Number(31),
    slug: "resv",
    items: &[field(GEM, "resv", &[])],
    source: include_str!("f31_resv.rs"),
};
