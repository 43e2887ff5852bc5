//! F30: a field touched without the reservation lock.
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

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(30),
    slug: "unlocked",
    items: &[function("", &["Object::racy", "Object::racy_mut"])],
    source: include_str!("f30_unlocked.rs"),
};
