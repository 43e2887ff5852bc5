//! F30: a field touched without the reservation lock.
//!
//! # What
//!
//! A field that the reservation lock protects is touched without it.
//!
//! # Why
//!
//! lima_gem.c drops the lock at :65 and goes on to free and replace the scatter table (:72-102) that another
//! thread may be walking. Readers do it everywhere, because C gives no reason not to: fdinfo, debug prints, core dumps.
//!
//! # Instead
//!
//! The lock's guard is an argument of everything that needs it. What may be asked without the lock
//! (`is_resident`, `advice`, `is_mapped`) says so: the answer may be old.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo) -> bool {
//! let resident = bo.base.racy().pages.is_some();
//! #     resident
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! let resident = bo.backing.is_resident();
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(30),
    slug: "unlocked",
    items: &[function("", &["Object::racy", "Object::racy_mut"])],
    source: include_str!("f30_unlocked.rs"),
};
