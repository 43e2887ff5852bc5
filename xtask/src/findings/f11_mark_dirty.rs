//! F11: the dirty policy stored as a flag.
//!
//! # What
//!
//! `pages_mark_dirty_on_put`: whether pages are marked dirty when they are given back, stored as a flag.
//!
//! # Why
//!
//! Three drivers set it at three moments: in the hook (ivpu_gem.c:207), after creation (pvr_gem.c:363), and just
//! before the end (v3d_bo.c:63). The others leave it false, so what the device wrote may be lost when pages are given back
//! under memory pressure.
//!
//! # Instead
//!
//! A policy of the backing, said once: `BackingOptions::dirty(true)`.
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
//! base.pages_mark_dirty_on_put.set(true);
//! Ok(Self { base })
//! #     }
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! Ok(Self {
//!     backing: Backing::new(&new, BackingOptions::as_base_class().dirty(true)),
//!     dmap: DeviceMap::new(&new),
//!     cmap: CpuMap::new(&new, CpuMapOptions::as_base_class()),
//!     share: Share::new(&new, ShareOptions::default()),
//!     gem: new.into_gem()
//! })
//! ```

use super::{Finding, Number, SHMEM, field};

pub(super) const FINDING: Finding = Finding {
    number: Number(11),
    slug: "mark_dirty",
    items: &[field(
        SHMEM,
        "pages_mark_dirty_on_put",
        &["Object::pages_mark_dirty_on_put"],
    )],
    source: include_str!("f11_mark_dirty.rs"),
};
