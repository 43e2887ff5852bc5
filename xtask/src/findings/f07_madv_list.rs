//! F07: the driver's own purge list threaded through the base class.
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
    number: Number(7),
    slug: "madv_list",
    items: &[field(SHMEM, "madv_list", "Object::madv_list")],
    source: include_str!("f07_madv_list.rs"),
};
