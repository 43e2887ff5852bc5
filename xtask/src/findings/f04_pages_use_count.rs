//! F04: the count of page users read or written.
//!
//! # What
//!
//! The number of page users, `pages_use_count` (later kernels: and `pages_pin_count`), is read or written.
//!
//! # Why
//!
//! One number counts four kinds of users: the scatter table, every user mapping, the kernel mapping, every
//! pin. panfrost_mmu.c:492 and lima_gem.c:50 write 1 so that the base class will free the array they installed;
//! ivpu_gem.c:334 warns if it is above 1 at the end. Whoever writes it takes over the books of the other three.
//!
//! # Instead
//!
//! Pages are cached state and not counted by their users; a pin is a token that somebody holds.
//!
//! A write goes away with what it stood for; a read asks what it meant: `bo.backing.pins() > 0`, or
//! `bo.backing.users(&guard)` for the old number.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo, mut guard: ResvGuard) {
//! if bo.base.locked(&mut guard).pages_use_count > 1 {
//!     warn(bo, "still in use");
//! }
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! if bo.backing.users(&guard) > 1 {
//!     warn(bo, "still in use");
//! }
//! ```

use super::{Finding, Number, SHMEM, field};

pub(super) const FINDING: Finding = Finding {
    number: Number(4),
    slug: "pages_use_count",
    items: &[
        field(SHMEM, "pages_use_count", &["Fields::pages_use_count"]),
        field(SHMEM, "pages_pin_count", &[]),
    ],
    source: include_str!("f04_pages_use_count.rs"),
};
