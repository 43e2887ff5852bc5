//! F28: dumb buffers made by the base class.
//!
//! # What
//!
//! Dumb buffers: `drm_gem_shmem_dumb_create`, or the macro `DRM_GEM_SHMEM_DRIVER_OPS` that names it.
//!
//! # Why
//!
//! Nothing hurts for a display driver: this is what gem-shmem is for, and it stays. For a UMA driver it makes an
//! object with none of the driver's flags, and its pitch is computed in 32 bits: 0x10000001 pixels of 32 bits get a pitch
//! of 4 bytes.
//!
//! # Instead
//!
//! Display drivers keep `gem_shmem::Object::dumb_create`. A UMA driver computes the size with its own alignment and
//! creates an object of its own.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(file: &File, args: &mut DumbArgs) -> Result {
//! legacy::dumb_create::<Bo>(file, args)?;
//! #     Ok(())
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! # fn page(file: &File, args: &mut DumbArgs) -> Result {
//! args.pitch = args.width * args.bpp.div_ceil(8);
//! args.size = u64::from(args.pitch) * u64::from(args.height);
//! let bo = gem_uma::create(file.dev(), args.size, Bo::new)?;
//! args.handle = file.handle_create(&bo.into_dyn())?;
//! #     Ok(())
//! # }
//! ```

use super::{Finding, Number, constant, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(28),
    slug: "dumb_create",
    items: &[
        function("drm_gem_shmem_dumb_create", &["dumb_create"]),
        constant("DRM_GEM_SHMEM_DRIVER_OPS", &[]),
        constant("DRM_GEM_SHMEM_DRIVER_OPS_NO_MAP_SGT", &[]),
        constant("DRM_GEM_SHMEM_SIMPLE_DRIVER_OPS", &[]),
    ],
    source: include_str!("f28_dumb_create.rs"),
};
