//! F33: the shmem file reached behind the base class.
//!
//! # What
//!
//! The shmem file `base.filp` is reached behind the base class: page by page allocation, or the mask of the zone
//! that pages come from.
//!
//! # Why
//!
//! panfrost_mmu.c:501 and lima_gem.c:24 read single pages and put them into an array of their own, with a
//! reference per page where the base class gives back one per folio. lima_gem.c:125 changes the mask after creation, when
//! the first page might already be there.
//!
//! # Instead
//!
//! The zone is a policy of the backing: `BackingOptions::gfp(gfp)`. Filling a range is `SparseBacking::populate`.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo) {
//! if let Some(file) = bo.base.base.filp() {
//!     file.set_gfp(Gfp::DMA32);
//! }
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! # fn page(new: New) -> Backing {
//! let backing = Backing::new(&new, BackingOptions::as_base_class().gfp(Gfp::DMA32));
//! #     backing
//! # }
//! ```

use super::{Finding, GEM, Number, field};

pub(super) const FINDING: Finding = Finding {
    number: Number(33),
    slug: "filp",
    items: &[field(GEM, "filp", &[])],
    source: include_str!("f33_filp.rs"),
};
