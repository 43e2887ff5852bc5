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
//! fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
//!     self.base.print_info(out, indent)
//! }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! self.backing.print_info(out, indent)?;
//! self.cmap.print_info(out, indent)
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
