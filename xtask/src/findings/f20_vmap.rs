//! F20: a kernel mapping counted by the base class.
//!
//! # What
//!
//! `drm_gem_shmem_vmap` and `vunmap`: a kernel mapping of the whole object, counted by the base class.
//!
//! # Why
//!
//! A mapping takes a page use like any other, so an object that is only mapped can be told from a pinned one by
//! nobody. v3d_bo.c:191 maps the page array by itself beside the helper, without a count and with a cache mode of its own;
//! lima_sched.c:363 maps the first pages of a heap.
//!
//! # Instead
//!
//! `CpuMap` maps, counts, and pins: `bo.cmap.vmap(&mut guard, &bo.backing, &bo.dmap)?`, undone by
//! `bo.cmap.vunmap(&mut guard, &bo.backing)`. The first pages of a heap: `heap.vmap(&mut guard, range)`.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo, mut guard: ResvGuard) -> Result {
//! let map = bo.base.vmap(&mut guard)?;
//! fill(&map);
//! bo.base.vunmap(&mut guard);
//! #     Ok(())
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! let map = bo.cmap.vmap(&mut guard, &bo.backing, &bo.dmap)?;
//! fill(&map);
//! bo.cmap.vunmap(&mut guard, &bo.backing);
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(20),
    slug: "vmap",
    items: &[
        function("drm_gem_shmem_vmap", &["Object::vmap"]),
        function("drm_gem_shmem_vunmap", &["Object::vunmap"]),
        function("drm_gem_shmem_vmap_locked", &[]),
        function("drm_gem_shmem_vunmap_locked", &[]),
    ],
    source: include_str!("f20_vmap.rs"),
};
