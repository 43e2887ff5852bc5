//! F08: the kernel address read past the helper.
//!
//! # What
//!
//! The kernel address `vaddr` is read past the helper that made it.
//!
//! # Why
//!
//! The address is good only while somebody holds a mapping, and nothing ties the two together. ivpu reads it in
//! nine files for the life of the object (ivpu_gem.h:51); pvr_gem.c:253 rebuilds the map from it to undo a mapping that
//! may be another caller's.
//!
//! # Instead
//!
//! `CpuMap` lends the mapping: `bo.cmap.kernel_map()` is there exactly while a vmap is held, and keeps the bytes
//! reachable for as long as it is.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo) -> Option<KernelMap> {
//! let map = bo.base.racy().vaddr.clone();
//! #     map
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! let map = bo.cmap.kernel_map();
//! ```

use super::{Finding, Number, SHMEM, field};

pub(super) const FINDING: Finding = Finding {
    number: Number(8),
    slug: "vaddr",
    items: &[field(SHMEM, "vaddr", &["Fields::vaddr"])],
    source: include_str!("f08_vaddr.rs"),
};
