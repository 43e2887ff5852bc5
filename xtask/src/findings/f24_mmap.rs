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
//! # pub struct Bo {
//! #     no_mmap: bool,
//! #     base: legacy::Object,
//! # }
//! #
//! # impl legacy::Subclass for Bo {
//! #     fn base(&self) -> &legacy::Object {
//! #         &self.base
//! #     }
//! # }
//! #
//! # impl gem::Object for Bo {
//! #     fn gem(&self) -> &Header {
//! #         &self.base.base
//! #     }
//! #
//! fn mmap(&self, vma: &mut NewVma) -> Result {
//!     if self.no_mmap {
//!         return Err(Errno::EINVAL);
//!     }
//!     self.base.mmap(vma)
//! }
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! fn mmap_own(&self, vma: &mut NewVma) -> Result {
//!     if self.no_mmap {
//!         return Err(Errno::EINVAL);
//!     }
//!     self.cmap.mmap(vma, &self.backing, &self.dmap)
//! }
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(24),
    slug: "mmap",
    items: &[function("drm_gem_shmem_mmap", &["Object::mmap"])],
    source: include_str!("f24_mmap.rs"),
};
