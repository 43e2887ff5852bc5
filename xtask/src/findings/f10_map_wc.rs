//! F10: write-combining stored as a flag.
//!
//! # What
//!
//! `map_wc`: whether CPU mappings are write-combined, stored as a flag that anyone may set at any time.
//!
//! # Why
//!
//! It is written in the hook, or after creation from flags the hook cannot see (ivpu_gem.c:274,
//! pvr_gem.c:364), by seven drivers. Setting it after the first mapping gives two mappings of one page with
//! two cache modes. An import loses it without a word.
//!
//! # Instead
//!
//! `CpuMapOptions` says where the caching comes from, before the object can be seen: `Caching::Derived` from the
//! device's coherency, or a mode that the creation flags ask for. `bo.cmap.is_write_combined()` reads it.
//!
//! # Before
//!
//! ```rust,ignore
//! # pub struct Bo {
//! #     base: legacy::Object,
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
//! # }
//! #
//! # impl legacy::CreateObject for Bo {
//! #     fn gem_create_object(dev: &Device, base: legacy::Object) -> Result<Self> {
//! base.map_wc.set(!coherent(dev));
//! Ok(Self { base })
//! #     }
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! let write_combined = !coherent(dev);
//! Ok(Self {
//!     backing: Backing::new(&new, BackingOptions::as_base_class()),
//!     dmap: DeviceMap::new(&new),
//!     cmap: CpuMap::new(
//!         &new,
//!         CpuMapOptions::as_base_class().caching(if write_combined { Caching::WriteCombined } else { Caching::Cached })
//!     ),
//!     share: Share::new(&new, ShareOptions::default()),
//!     gem: new.into_gem()
//! })
//! ```

use super::{Finding, Number, SHMEM, field};

pub(super) const FINDING: Finding = Finding {
    number: Number(10),
    slug: "map_wc",
    items: &[field(SHMEM, "map_wc", &["Object::map_wc"])],
    source: include_str!("f10_map_wc.rs"),
};
