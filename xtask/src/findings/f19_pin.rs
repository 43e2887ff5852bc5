//! F19: a pin that is a page use.
//!
//! # What
//!
//! `drm_gem_shmem_pin` and `unpin`: a pin that is a page use.
//!
//! # Why
//!
//! In Linux 6.12 a pin is the same number as any other use, so a pinned object can be purged: the purge test
//! does not look at it. An import must not be pinned, and the helper only warns; panthor asks `import_attach` before each
//! of its five calls (panthor_mmu.c:1109-1307).
//!
//! # Instead
//!
//! `bo.backing.pin(&mut guard)?` blocks reclaim and does nothing else; the token has to be given back to the
//! backing it came from, by `unpin`. For an import there is nothing to pin, and the part knows.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo) -> Result {
//! if bo.base.base.import_attach().is_none() {
//!     bo.base.pin()?;
//! }
//! #     Ok(())
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! # fn page(bo: &Bo) -> Result<gem_uma::Pin> {
//! let mut guard = bo.gem.resv().lock_interruptible()?;
//! let pin = bo.backing.pin(&mut guard)?;
//! #     Ok(pin)
//! # }
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(19),
    slug: "pin",
    items: &[
        function("drm_gem_shmem_pin", &["Object::pin"]),
        function("drm_gem_shmem_unpin", &["Object::unpin"]),
    ],
    source: include_str!("f19_pin.rs"),
};
