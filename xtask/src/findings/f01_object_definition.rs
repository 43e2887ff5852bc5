//! F01: the driver's object embeds the base class.
//!
//! # What
//!
//! The driver's object holds `struct drm_gem_shmem_object` as its first member, and steps between the two
//! with `to_drm_gem_shmem_obj` and `container_of`. In Rust: `legacy::Object` as a field, `legacy::Subclass`.
//!
//! # Why
//!
//! It is inheritance by layout. The base class frees the driver's memory itself, so its struct has to come
//! first (v3d_drv.h casts, pvr_gem.h asserts it); every driver carries every field, used or not; and the type says
//! nothing about what an object can do. virtio's host-memory object (virtgpu_vram.c:193) sits inside the shmem type and
//! initialises only the GEM half of it.
//!
//! # Instead
//!
//! The driver's struct names the parts it needs, and `#[derive(UmaObject)]` composes them. Parts are declared
//! from the ground up and torn down in reverse; one that is not there cannot be used.
//!
//! The GEM object is the field `gem`: what was `bo.base.base` is `bo.gem`.
//!
//! # Before
//!
//! ```rust,ignore
//! pub struct Bo {
//!     pub base: legacy::Object,
//!     pub noexec: AtomicBool,
//! }
//!
//! impl legacy::Subclass for Bo {
//!     fn base(&self) -> &legacy::Object {
//!         &self.base
//!     }
//! }
//! #
//! # impl gem::Object for Bo {
//! #     fn gem(&self) -> &Header {
//! #         &self.base.base
//! #     }
//! #     fn free(&self, gone: &Gone) {
//! #         legacy::object_free(&self.base, gone);
//! #     }
//! #     fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
//! #         legacy::object_print_info(&self.base, out, indent)
//! #     }
//! #     fn get_sg_table(&self, guard: &mut ResvGuard) -> Result<SgTable> {
//! #         legacy::object_get_sg_table(&self.base, guard)
//! #     }
//! #     fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
//! #         legacy::object_vmap(&self.base, guard)
//! #     }
//! #     fn mmap(&self, vma: &mut NewVma) -> Result {
//! #         legacy::object_mmap(&self.base, vma)
//! #     }
//! # }
//! #
//! # fn page(bo: &Bo) -> u64 {
//! let size = bo.base.base.size();
//! #     size
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! #[derive(UmaObject)]
//! #[uma(status = none, rss = none)]
//! pub struct Bo {
//!     #[uma(gem)]
//!     pub gem: Header,
//!     #[uma(backing)]
//!     pub backing: Backing,
//!     #[uma(device_map)]
//!     pub dmap: DeviceMap,
//!     #[uma(cpu_map)]
//!     pub cmap: CpuMap,
//!     #[uma(share)]
//!     pub share: Share,
//!     pub noexec: AtomicBool,
//! }
//!
//! let size = bo.gem.size();
//! ```

use super::{Finding, Number, function, ty};

pub(super) const FINDING: Finding = Finding {
    number: Number(1),
    slug: "object_definition",
    items: &[
        ty("drm_gem_shmem_object", &["Object", "Object::base", "Plain"]),
        function("to_drm_gem_shmem_obj", &["Subclass"]),
    ],
    source: include_str!("f01_object_definition.rs"),
};
