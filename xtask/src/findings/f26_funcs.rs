//! F26: the operations table repeated to change one entry.
//!
//! # What
//!
//! x
//!
//! # Why
//!
//! x
//!
//! # Instead
//!
//! x
//!
//! # Before
//!
//! ```rust,ignore
//! x();
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! x();
//! ```

use super::{Finding, GEM, Number, entry, field, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(26),
    slug: "funcs",
    items: &[
        function("drm_gem_shmem_object_free", &["object_free"]),
        function("drm_gem_shmem_object_print_info", &["object_print_info"]),
        function("drm_gem_shmem_object_pin", &["object_pin"]),
        function("drm_gem_shmem_object_unpin", &["object_unpin"]),
        function(
            "drm_gem_shmem_object_get_sg_table",
            &["object_get_sg_table"],
        ),
        function("drm_gem_shmem_object_vmap", &["object_vmap"]),
        function("drm_gem_shmem_object_vunmap", &["object_vunmap"]),
        function("drm_gem_shmem_object_mmap", &["object_mmap"]),
        field(GEM, "funcs", &[]),
        entry("free", &[]),
        entry("open", &[]),
        entry("close", &[]),
        entry("print_info", &[]),
        entry("export", &[]),
        entry("pin", &[]),
        entry("unpin", &[]),
        entry("get_sg_table", &[]),
        entry("vmap", &[]),
        entry("vunmap", &[]),
        entry("mmap", &[]),
        entry("evict", &[]),
        entry("status", &[]),
        entry("rss", &[]),
        entry("vm_ops", &[]),
    ],
    source: include_str!("f26_funcs.rs"),
};
