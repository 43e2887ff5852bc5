//! F12: the accessed policy stored as a flag.
//!
//! # What
//!
//! `pages_mark_accessed_on_put`: whether pages are marked accessed when they are given back.
//!
//! # Why
//!
//! Nobody sets it. A flag that is always false is a parameter of the base class that every reader has to think
//! about.
//!
//! # Instead
//!
//! Nothing: the backing knows when its pages were used.
//!
//! # Before
//!
//! ```rust,ignore
//! base.pages_mark_accessed_on_put.set(true);
//! Ok(Self { base })
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! Ok(Self { backing, gem: new.into_gem() })
//! ```

use super::{Finding, Number, SHMEM, field};

pub(super) const FINDING: Finding = Finding {
    number: Number(12),
    slug: "mark_accessed",
    items: &[field(
        SHMEM,
        "pages_mark_accessed_on_put",
        &["Object::pages_mark_accessed_on_put"],
    )],
    source: include_str!("f12_mark_accessed.rs"),
};
