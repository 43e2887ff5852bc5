//! F06: the madvise state read or written.
//!
//! # What
//!
//! The madvise state `madv` is read or written.
//!
//! # Why
//!
//! Its meaning is spread: 0 is in use, above 0 is whatever the driver wants, below 0 is purged, and the helper
//! stores any number that it is given, -1 included, which marks an object purged that still has its pages.
//! panfrost_gem.c:159 and :206 read it without the lock.
//!
//! # Instead
//!
//! `Reclaim` owns the advice: `is_discardable()`, `is_purged()`, or `advice()` for the number.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo) -> Result {
//! if bo.base.racy().madv < 0 {
//!     return Err(Errno::ENOMEM);
//! }
//! #     Ok(())
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! if bo.reclaim.advice() < 0 {
//!     return Err(Errno::ENOMEM);
//! }
//! ```

use super::{Finding, Number, SHMEM, field};

pub(super) const FINDING: Finding = Finding {
    number: Number(6),
    slug: "madv",
    items: &[field(SHMEM, "madv", &["Fields::madv"])],
    source: include_str!("f06_madv.rs"),
};
