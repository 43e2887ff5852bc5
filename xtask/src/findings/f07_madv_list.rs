//! F07: the driver's purge list threaded through the base class.
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
    items: &[field(
        SHMEM,
        "madv_list",
        &[
            "Object::madv_list",
            "List::move_tail",
            "List::del",
            "List::objects",
            "List::contains",
        ],
    )],
    source: include_str!("f07_madv_list.rs"),
};
