//! F02: the constructor hook.
//!
//! # What
//!
//! `drm_driver.gem_create_object`: one constructor for every object of the driver, called back by the base
//! class in the middle of its own creation.
//!
//! # Why
//!
//! The hook gets a size and nothing else. It cannot know the creation flags, nor whether the object is an
//! import, so drivers write flags after creation, when the mmap offset is already live (ivpu_gem.c:274,
//! pvr_gem.c:363-364). An error after the hook frees the memory without the driver's destructor, so the hook may take
//! nothing that has to be given back.
//!
//! # Instead
//!
//! An ordinary constructor that gets `New`, the object under construction, and whatever the driver passes with
//! it. It says the policies of each part; `New` knows whether this is an import.
//!
//! # Before
//!
//! ```rust,ignore
//! # pub struct Bo {
//! #     base: legacy::Object,
//! #     noexec: AtomicBool,
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
//! impl legacy::CreateObject for Bo {
//!     fn gem_create_object(_dev: &Device, base: legacy::Object) -> Result<Self> {
//!         if base.base.size() == 0 {
//!             return Err(Errno::EINVAL);
//!         }
//!         Ok(Self { base, noexec: AtomicBool::new(false) })
//!     }
//! }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! impl Bo {
//!     /// Builds the parts of an object that is being made.
//!     pub fn new(new: New) -> Result<Self> {
//!         if new.size() == 0 {
//!             return Err(Errno::EINVAL);
//!         }
//!         Ok(Self {
//!             backing: Backing::new(&new, BackingOptions::as_base_class()),
//!             dmap: DeviceMap::new(&new),
//!             cmap: CpuMap::new(&new, CpuMapOptions::as_base_class()),
//!             share: Share::new(&new, ShareOptions::default()),
//!             gem: new.into_gem(),
//!             noexec: AtomicBool::new(false)
//!         })
//!     }
//! }
//! ```

use super::{Finding, Number, hook};

pub(super) const FINDING: Finding = Finding {
    number: Number(2),
    slug: "create_hook",
    items: &[hook("gem_create_object", &["CreateObject"])],
    source: include_str!("f02_create_hook.rs"),
};
