//! F25: the base class's fault handler named by the driver.
//!
//! # What
//!
//! `drm_gem_shmem_vm_ops`: the base class's fault, open and close handlers, named in the driver's table.
//!
//! # Why
//!
//! All seven UMA drivers of Linux 6.12 name it, none replaces it: a driver that wants its fault to do something
//! else (bring an evicted page back) has to leave the base class. It indexes a page array that drivers fill with holes.
//!
//! # Instead
//!
//! The derive writes the handlers from the parts. In a function of the driver's own:
//! `bo.cmap.fault(vma, fault, &bo.backing, &bo.dmap, &bo.reclaim)`.
//!
//! # Before
//!
//! ```rust,ignore
//! # pub struct Bo {
//! #     lost: AtomicBool,
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
//! fn fault(&self, vma: &Vma, fault: FaultContext) -> Fault {
//!     if self.lost.load(Ordering::Relaxed) {
//!         return Fault::SigBus;
//!     }
//!     legacy::fault(&self.base, vma, fault)
//! }
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! fn fault_own(&self, vma: &Vma, fault: FaultContext) -> Fault {
//!     if self.lost.load(Ordering::Relaxed) {
//!         return Fault::SigBus;
//!     }
//!     self.cmap.fault(vma, fault, &self.backing, &self.dmap, None)
//! }
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
