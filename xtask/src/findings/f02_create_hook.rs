//! F02: the constructor hook.
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

use super::{Finding, Number, hook};

pub(super) const FINDING: Finding = Finding {
    number: Number(2),
    slug: "create_hook",
    items: &[hook("gem_create_object", &["CreateObject"])],
    source: include_str!("f02_create_hook.rs"),
};
