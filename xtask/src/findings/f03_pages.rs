//! F03: the page array read or filled by hand.
//!
//! # What
//!
//! The page array `pages` is read, installed or filled by the driver.
//!
//! # Why
//!
//! panfrost_mmu.c:491 and lima_gem.c:49 install an array of their own and fill a part of it, at 2 MiB per GPU
//! fault or doubling a heap. From then on an array may have holes, and every function of the helper that walks it is wrong
//! for such an object: panfrost refuses mmap of a heap in its ioctl, while the operations table still offers it, and the
//! CPU fault handler hands out entry `i` without looking. Readers hold no lock: panfrost_gem.c:203 asks in fdinfo whether
//! `pages` is set.
//!
//! # Instead
//!
//! `Backing` owns the pages of an object that is filled at once, `SparseBacking` those of one that grows by
//! granules. Pages are lent for as long as a guard lives: `bo.backing.pages(&guard)`. Nobody else writes an entry.
//!
//! Whether pages are there is `bo.backing.is_resident()`; filling a range is `heap.populate(&mut guard, range, gfp)`.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo, mut guard: ResvGuard, file: &ShmemFile, count: usize, index: usize) -> Result {
//! let mut fields = bo.base.locked(&mut guard);
//! let pages = fields.pages.get_or_insert_with(|| vec![None; count]);
//! pages[index] = Some(file.read_page(index as u64)?);
//! fields.pages_use_count = 1;
//! #     Ok(())
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! # fn page(heap: &SparseBacking, mut guard: ResvGuard, index: u64) -> Result {
//! heap.populate(&mut guard, index..index + 1, Gfp::KERNEL)?;
//! #     Ok(())
//! # }
//! ```

use super::{Finding, Number, SHMEM, field};

pub(super) const FINDING: Finding = Finding {
    number: Number(3),
    slug: "pages",
    items: &[field(SHMEM, "pages", &["Fields::pages"])],
    source: include_str!("f03_pages.rs"),
};
