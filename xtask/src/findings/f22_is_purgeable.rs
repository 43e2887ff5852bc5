//! F22: the purge test.
//!
//! # What
//!
//! `drm_gem_shmem_is_purgeable`: may the pages be thrown away?
//!
//! # Why
//!
//! It reads five fields without a lock. In Linux 6.12 it does not see a pin, nor an importer that is still
//! attached after the last handle has gone: such an object is purged under a device that reads it. An object that was never
//! mapped for a device counts as not purgeable although it has pages.
//!
//! # Instead
//!
//! `bo.reclaim.is_purgeable(&bo.gem, &bo.backing, &bo.dmap)`: one answer, from the parts; reclaim asks again under
//! the lock before it acts.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo) -> u64 {
//! #     let mut count = 0;
//! if bo.base.is_purgeable() {
//!     count += bo.base.base.pages();
//! }
//! #     count
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! if bo.reclaim.is_purgeable(&bo.gem, &bo.backing, &bo.dmap) {
//!     count += bo.gem.pages();
//! }
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(22),
    slug: "is_purgeable",
    items: &[function(
        "drm_gem_shmem_is_purgeable",
        &["Object::is_purgeable"],
    )],
    source: include_str!("f22_is_purgeable.rs"),
};
