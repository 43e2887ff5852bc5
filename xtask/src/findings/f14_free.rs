//! F14: an object ended by the base class.
//!
//! # What
//!
//! An object is ended by `drm_gem_shmem_free`: at the end of the driver's `free`, or by hand on an error path.
//!
//! # Why
//!
//! The helper decides by `import_attach` whether the table is the exporter's; the pointer is set only after the
//! driver's import hook has returned. v3d_bo.c:180 frees in between, so the exporter's table is unmapped and freed twice.
//! The helper also tolerates one use that is left over, because it cannot know whose it was.
//!
//! # Instead
//!
//! Parts are torn down by the derive, in the reverse of their order, and each gives back what it holds. On an
//! error path, dropping the object is enough; what the driver does before goes into `free_before`.
//!
//! # Before
//!
//! ```rust,ignore
//! # pub struct Bo {
//! #     base: legacy::Object,
//! # }
//! #
//! # impl Bo {
//! #     fn drop_mappings(&self) {}
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
//! fn free(&self, gone: &Gone) {
//!     self.drop_mappings();
//!     self.base.free(gone);
//! }
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! fn free_own(&self, _gone: &Gone) {
//!     self.drop_mappings();
//! }
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(14),
    slug: "free",
    items: &[
        function("drm_gem_shmem_free", &["Object::free"]),
        function("drm_gem_shmem_release", &[]),
    ],
    source: include_str!("f14_free.rs"),
};
