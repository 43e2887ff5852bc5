//! F25: the base class's fault handler named by the driver.
//!
//! # What
//!
//! x
//!
//! # Why
//!
//! x
//!
//! # Instead
//!
//! x
//!
//! # Before
//!
//! ```rust,ignore
//! x();
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! x();
//! ```

use super::{Finding, Number, function};

pub(super) const FINDING: Finding = Finding {
    number: Number(25),
    slug: "vm_ops",
    items: &[function(
        "drm_gem_shmem_vm_ops",
        &["fault", "vm_open", "vm_close"],
    )],
    source: include_str!("f25_vm_ops.rs"),
};
