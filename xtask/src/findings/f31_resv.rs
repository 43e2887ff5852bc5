//! F31: the reservation lock replaced.
//!
//! # What
//!
//! The pointer to the reservation lock, `base.resv`, is replaced by the driver.
//!
//! # Why
//!
//! panthor_gem.c:93 and :214 give an object the lock of its VM after the object exists; ivpu_gem.c:237 gives an
//! import its exporter's. Until then the object had another lock, and whoever took it holds nothing. The shared lock has to
//! outlive the object, which nothing says.
//!
//! # Instead
//!
//! The lock is chosen in the constructor, before any part is made and before anyone can see the object:
//! `new.resv_slot().choose(resv)`.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(dev: &Device, size: u64, vm: &Vm) -> Result<Gem<Bo>> {
//! let bo = legacy::create::<Bo>(dev, size)?;
//! bo.base.base.resv_slot().choose(vm.resv().clone());
//! #     Ok(bo)
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! # fn page(dev: &Device, size: u64, vm: &Vm) -> Result<Gem<Bo>> {
//! let bo = gem_uma::create(dev, size, |new| {
//!     new.resv_slot().choose(vm.resv().clone());
//!     Bo::new(new)
//! })?;
//! #     Ok(bo)
//! # }
//! ```

use super::{Finding, GEM, Number, field};

pub(super) const FINDING: Finding = Finding {
    number: Number(31),
    slug: "resv",
    items: &[field(GEM, "resv", &[])],
    source: include_str!("f31_resv.rs"),
};
