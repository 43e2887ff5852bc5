//! F12: the accessed policy stored as a flag.
//!
//! # What
//!
//! `pages_mark_accessed_on_put`: whether pages are marked accessed when they are given back.
//!
//! # Why
//!
//! Nobody sets it. A flag that is always false is a parameter of the base class that every reader has to think
//! about.
//!
//! # Instead
//!
//! Nothing: the backing knows when its pages were used.
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
//! #     fn gem_create_object(_dev: &Device, base: legacy::Object) -> Result<Self> {
//! base.pages_mark_accessed_on_put.set(true);
//! Ok(Self { base })
//! #     }
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! Ok(Self {
//!     backing: Backing::new(&new, BackingOptions::as_base_class()),
//!     dmap: DeviceMap::new(&new),
//!     cmap: CpuMap::new(&new, CpuMapOptions::as_base_class()),
//!     share: Share::new(&new, ShareOptions::default()),
//!     gem: new.into_gem()
//! })
//! ```

use super::{Finding, Number, SHMEM, field};

pub(super) const FINDING: Finding = Finding {
    number: Number(12),
    slug: "mark_accessed",
    items: &[field(
        SHMEM,
        "pages_mark_accessed_on_put",
        &["Object::pages_mark_accessed_on_put"],
    )],
    source: include_str!("f12_mark_accessed.rs"),
};
