//! F33: the shmem file reached behind the base class.
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
    number: Number(33),
    slug: "filp",
    items: &[field(GEM, "filp", &[])],
    source: include_str!("f33_filp.rs"),
};
