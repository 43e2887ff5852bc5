//! F26: the operations table repeated to change one entry.
//!
//! # What
//!
//! The operations table of an object (`base.funcs`), set in the hook and filled with the adapters
//! `drm_gem_shmem_object_*`, in order to change one entry or two.
//!
//! # Why
//!
//! A table replaces the default as a whole, so each UMA driver repeats five to eight entries that only forward,
//! and a later addition to the default reaches none of them. virtio uses the pointer to the table as a type tag
//! (virtgpu_object.c:117). A wrapper cannot refuse what another entry reaches by another way.
//!
//! # Instead
//!
//! `#[derive(UmaObject)]` writes the table from the parts. What differs is said and named:
//! `#[uma(open = Bo::open_in)]`.
//!
//! # Before
//!
//! ```rust,ignore
//! pub struct Bo {
//!     pub base: legacy::Object,
//! }
//! #
//! # impl legacy::Subclass for Bo {
//! #     fn base(&self) -> &legacy::Object {
//! #         &self.base
//! #     }
//! # }
//! #
//! # impl Bo {
//! #     fn map_into(&self, _file: &File) -> Result {
//! #         Ok(())
//! #     }
//! # }
//!
//! impl gem::Object for Bo {
//!     fn gem(&self) -> &Header {
//!         &self.base.base
//!     }
//!     fn open(&self, file: &File) -> Result {
//!         self.map_into(file)
//!     }
//!     fn free(&self, gone: &Gone) {
//!         legacy::object_free(&self.base, gone);
//!     }
//!     fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
//!         legacy::object_print_info(&self.base, out, indent)
//!     }
//!     fn pin(&self, guard: &mut ResvGuard) -> Result {
//!         legacy::object_pin(&self.base, guard)
//!     }
//!     fn get_sg_table(&self, guard: &mut ResvGuard) -> Result<SgTable> {
//!         legacy::object_get_sg_table(&self.base, guard)
//!     }
//!     fn vmap(&self, guard: &mut ResvGuard) -> Result<IosysMap> {
//!         legacy::object_vmap(&self.base, guard)
//!     }
//!     fn mmap(&self, vma: &mut NewVma) -> Result {
//!         legacy::object_mmap(&self.base, vma)
//!     }
//! }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! #[derive(UmaObject)]
//! #[uma(open = Self::open_own, status = none, rss = none)]
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
//! }
//!
//! impl Bo {
//!     fn open_own(&self, file: &File) -> Result {
//!         self.map_into(file)
//!     }
//! }
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
