//! F21: madvise with a value that nobody checks.
//!
//! # What
//!
//! `drm_gem_shmem_madvise`: user space says whether the pages may go.
//!
//! # Why
//!
//! The helper stores the caller's number unchecked. panfrost's ioctl hands on what user space wrote; a negative
//! number marks the object purged for ever while it keeps its pages.
//!
//! # Instead
//!
//! `bo.reclaim.madvise(&mut guard, advice)?` says whether the pages are still there, and under
//! `Advice::Known` refuses what is no advice.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo, mut guard: ResvGuard, madv: u32) -> Result<bool> {
//! let retained = bo.base.madvise(&mut guard, madv as i32);
//! #     Ok(retained)
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! let retained = bo.reclaim.madvise(&mut guard, madv as i32)?;
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(21),
    slug: "madvise",
    items: &[
        function("drm_gem_shmem_madvise", &["Object::madvise"]),
        function("drm_gem_shmem_madvise_locked", &[]),
    ],
    source: include_str!("f21_madvise.rs"),
};
