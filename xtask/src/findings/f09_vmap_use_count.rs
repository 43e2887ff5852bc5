//! F09: the count of kernel mappings read or written.
//!
//! # What
//!
//! The number of kernel mappings, `vmap_use_count`, is read or written.
//!
//! # Why
//!
//! No driver of Linux 6.12 does, only the helper's test; it is in the list because it can be, and because
//! `drm_gem_vram_helper` has a field of the same name that a text search takes for it.
//!
//! # Instead
//!
//! `CpuMap` counts: `bo.cmap.vmaps()`.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo, mut guard: ResvGuard) -> u32 {
//! let mappings = bo.base.locked(&mut guard).vmap_use_count;
//! #     mappings
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! let mappings = bo.cmap.vmaps();
//! ```

use super::{Finding, Number, SHMEM, field};

pub(super) const FINDING: Finding = Finding {
    number: Number(9),
    slug: "vmap_use_count",
    items: &[field(SHMEM, "vmap_use_count", &["Fields::vmap_use_count"])],
    source: include_str!("f09_vmap_use_count.rs"),
};
