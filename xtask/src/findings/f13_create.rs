//! F13: an object made by the base class.
//!
//! # What
//!
//! An object is made by `drm_gem_shmem_create` or one of its relatives.
//!
//! # Why
//!
//! It returns an object that is complete for the helper and not for the driver: size rounded, offset live, flags
//! not yet written. A size of 0 gets as far as the offset allocator and comes back as `ENOSPC`; v3d and ivpu refuse it in
//! their hooks. On an error path drivers free by hand what the reference count would free too.
//!
//! # Instead
//!
//! `gem_uma::create(dev, size, T::new)` runs the driver's constructor with what the driver has to say, and
//! publishes nothing before it has returned. An error drops what was built, in reverse.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(dev: &Device, size: u64) -> Result<Gem<Bo>> {
//! let bo = legacy::create::<Bo>(dev, size)?;
//! #     Ok(bo)
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! let bo = gem_uma::create(dev, size, Bo::new)?;
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(13),
    slug: "create",
    items: &[
        function("drm_gem_shmem_create", &["create"]),
        function("__drm_gem_shmem_create", &["create_private"]),
        function("drm_gem_shmem_create_with_mnt", &[]),
        function("drm_gem_shmem_create_with_handle", &[]),
        function("drm_gem_shmem_init", &[]),
    ],
    source: include_str!("f13_create.rs"),
};
