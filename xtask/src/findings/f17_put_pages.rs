//! F17: a page use given back by hand.
//!
//! # What
//!
//! `drm_gem_shmem_put_pages`: a page use is given back by hand.
//!
//! # Why
//!
//! Whoever calls it has to know which of the four kinds of users it speaks for; a call too many takes the pages
//! from under somebody else. No driver of Linux 6.12 calls it, because the use of the scatter table cannot be given back.
//!
//! # Instead
//!
//! A pin is a token that is given back: `bo.backing.unpin(&mut guard, pin)`. Pages without a pin go when reclaim
//! takes them.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo, mut guard: ResvGuard) {
//! bo.base.put_pages(&mut guard);
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! # fn page(bo: &Bo, mut guard: ResvGuard, pin: gem_uma::Pin) {
//! bo.backing.unpin(&mut guard, pin);
//! # }
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(17),
    slug: "put_pages",
    items: &[
        function("drm_gem_shmem_put_pages", &["Object::put_pages"]),
        function("drm_gem_shmem_put_pages_locked", &[]),
        function("drm_gem_shmem_get_pages", &[]),
        function("drm_gem_shmem_get_pages_locked", &[]),
    ],
    source: include_str!("f17_put_pages.rs"),
};
