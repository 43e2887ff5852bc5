//! F10: write-combining stored as a flag.
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
    number: Number(10),
    slug: "map_wc",
    items: &[field(SHMEM, "map_wc", &["Object::map_wc"])],
    source: include_str!("f10_map_wc.rs"),
};
