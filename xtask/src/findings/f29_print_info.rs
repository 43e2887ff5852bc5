//! F29: the base class printed by the driver.
//!
//! # What
//!
//! `drm_gem_shmem_print_info`: the base class is printed for debugging.
//!
//! # Why
//!
//! It prints the counts of the base class without the lock, whatever the driver has made of them.
//!
//! # Instead
//!
//! Each part prints what it owns; the derive puts them together.
//!
//! # Before
//!
//! ```rust,ignore
//! # pub struct Bo {
//! #     base: legacy::Object,
//! # }
//! #
//! # impl Bo {
//! fn print(&self, out: &mut dyn fmt::Write) -> fmt::Result {
//!     self.base.print_info(out, 1)
//! }
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
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! # struct Bo {
//! #     backing: Backing,
//! #     cmap: CpuMap,
//! # }
//! #
//! # impl Bo {
//! fn print(&self, out: &mut dyn fmt::Write) -> fmt::Result {
//!     self.backing.print_info(out, 1)?;
//!     self.cmap.print_info(out, 1)
//! }
//! # }
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(29),
    slug: "print_info",
    items: &[function(
        "drm_gem_shmem_print_info",
        &["Object::print_info"],
    )],
    source: include_str!("f29_print_info.rs"),
};
