//! F34: the console's framebuffer on the base class.
//!
//! # What
//!
//! The console's framebuffer on the base class: `drm_fbdev_shmem_setup`, or `DRM_FBDEV_SHMEM_DRIVER_OPS`.
//!
//! # Why
//!
//! The console keeps its buffer mapped for good and hands single pages to a user mapping: it reads `pages[i]` and
//! `map_wc` (drm_fbdev_shmem.c:50, :96), with a check that lets through one page too many. It ties the display half of
//! virtio to the base class.
//!
//! # Instead
//!
//! Display drivers keep it: gem-shmem gives page `i` to whoever holds a vmap. On parts it is a vmap and
//! `bo.backing.pages(&guard)`.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo, mut guard: ResvGuard, index: usize) -> Option<u64> {
//! let page = bo.base.locked(&mut guard).pages.as_ref().and_then(|pages| pages[index].as_ref().map(|page| page.phys()));
//! #     page
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! # fn page(bo: &Bo, guard: ResvGuard, index: u64) -> Option<u64> {
//! let page = bo.backing.pages(&guard).and_then(|pages| pages.phys(index));
//! #     page
//! # }
//! ```

use super::{Finding, Number, constant, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(34),
    slug: "fbdev",
    items: &[
        function("drm_fbdev_shmem_setup", &[]),
        function("drm_fbdev_shmem_driver_fbdev_probe", &[]),
        constant("DRM_FBDEV_SHMEM_DRIVER_OPS", &[]),
    ],
    source: include_str!("f34_fbdev.rs"),
};
