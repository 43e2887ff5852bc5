//! F24: a user mapping made through the base class.
//!
//! # What
//!
//! `drm_gem_shmem_mmap`: a user mapping, called from a wrapper of the driver's.
//!
//! # Why
//!
//! It takes all pages at once and keeps them as long as the mapping lives, so a mapped object cannot be
//! reclaimed. Drivers wrap it to refuse some objects: lima heaps, pvr's flag, panthor's flag.
//!
//! # Instead
//!
//! `CpuMapOptions::refuse_mmap(errno)` in the constructor says which objects refuse; the derive does the rest. In
//! a function of the driver's own: `bo.cmap.mmap(vma, &bo.backing, &bo.dmap)`.
//!
//! # Before
//!
//! ```rust,ignore
//! fn mmap(&self, vma: &mut NewVma) -> Result {
//!     if self.flags.contains(Flags::NO_MMAP) {
//!         return Err(Errno::EINVAL);
//!     }
//!     self.base.mmap(vma)
//! }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! let options = CpuMapOptions::as_base_class().refuse_mmap(Errno::EINVAL);
//! let cmap = CpuMap::new(&new, options);
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(24),
    slug: "mmap",
    items: &[function("drm_gem_shmem_mmap", &["Object::mmap"])],
    source: include_str!("f24_mmap.rs"),
};
