//! F18: a pin under a lock that the caller holds.
//!
//! # What
//!
//! `drm_gem_shmem_pin_locked` and `unpin_locked`: a pin taken by a caller that holds the reservation lock.
//!
//! # Why
//!
//! Two names for one thing, told apart by what the caller holds, which only a debug check sees. panfrost and
//! lima wrap it in `.pin` to refuse heap objects (panfrost_gem.c:195, lima_gem.c:188) and leave `.unpin` as it is.
//!
//! # Instead
//!
//! The guard is an argument: `bo.backing.pin(&mut guard)?` gives a token. In the operations table the derive
//! writes both; an object whose pages come in granules refuses by itself.
//!
//! # Before
//!
//! ```rust,ignore
//! # pub struct Bo {
//! #     is_heap: bool,
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
//! #
//! fn pin(&self, guard: &mut ResvGuard) -> Result {
//!     if self.is_heap {
//!         return Err(Errno::EINVAL);
//!     }
//!     self.base.pin_locked(guard)
//! }
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! fn pin_own(&self, guard: &mut ResvGuard) -> Result {
//!     if self.is_heap {
//!         return Err(Errno::EINVAL);
//!     }
//!     self.share.pin(guard, &self.backing)
//! }
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(18),
    slug: "pin_locked",
    items: &[
        function("drm_gem_shmem_pin_locked", &["Object::pin_locked"]),
        function("drm_gem_shmem_unpin_locked", &["Object::unpin_locked"]),
    ],
    source: include_str!("f18_pin_locked.rs"),
};
