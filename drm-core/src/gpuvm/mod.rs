//! Owns GPU address spaces (`drm_gpuvm`): which object is mapped where, who else maps it, and what is evicted.
//!
//! * [`GpuVm`]: an address space. Its mappings do not overlap.
//! * [`GpuVa`]: one mapping: a range of addresses shows an object from an offset on.
//! * [`GpuVmBo`]: the pair of an address space and an object, unique, counted; it lists the mappings of the object in
//!   the space, and is what the external and the evicted list hold.
//! * [`GpuVaList`]: the object's side: all pairs that it is in. A driver's object has one.
//! * [`GpuVm::sm_map`], [`GpuVm::sm_unmap`]: which mappings must go or be split so that a request fits. They yield steps
//!   that a driver applies to its page table and, by consuming the step, to the address space.
//!
//! It does not allocate, pin, lock or write page tables.
//!
//! # References
//!
//! As in the kernel, a pair refers to its space and its object, a mapping in a space refers to the space, and a linked
//! mapping to its pair. So a space lives until its mappings are removed and unlinked: one that is forgotten is a leak.
//!
//! # Locks
//!
//! The tree of a space is under the driver's own lock: two requests on one space must not run at the same time. The list
//! of an object's pairs, which a driver protects with the object's reservation or a lock of its own, has a lock inside.
//! The external and the evicted list are under the reservation of the space, if it is [`VmConfig::resv_protected`]: the
//! functions then panic without its guard, as lockdep would report it. Otherwise they have a lock inside.

mod list;
mod op;
mod pair;
mod sm;
mod space;
#[cfg(test)]
mod tests;
mod va;
mod vm;

pub use list::GpuVaList;
pub use op::{Applied, LeafSplit, Op, OpMap, OpRemap, OpUnmap, Part, Remapped, Removed};
pub use pair::GpuVmBo;
pub use sm::{MapRequest, SmSteps};
pub use va::GpuVa;
pub use vm::{GpuVm, Leftovers, VmConfig};

use crate::device::Device;
use crate::errno::Result;
use crate::gem::{Gem, Header, Object};
use crate::resv::Resv;

/// A driver's own types (what it would embed `struct drm_gpuvm`, `drm_gpuva` and `drm_gpuvm_bo` in).
pub trait VmTypes: Sized + Send + Sync + 'static {
    /// The driver's object.
    type Object: Object;
    /// What the driver keeps with an address space.
    type VmData: Send + Sync;
    /// What the driver keeps with a mapping.
    type VaData: Send + Sync;
    /// What the driver keeps with a pair.
    type VmBoData: Default + Send + Sync;
    /// The set of locks that [`GpuVm::prepare_objects`] adds to and [`GpuVm::validate`] works under.
    type Exec: LockSet;

    /// Makes an evicted object usable again (`vm_bo_validate`), and says so with [`GpuVmBo::evict`]. A driver that never
    /// evicts leaves it out.
    const VM_BO_VALIDATE: Option<ValidateFn<Self>> = None;

    /// The pairs of an object (`drm_gem_object.gpuva`).
    fn gpuva_list(object: &Self::Object) -> &GpuVaList<Self>;
}

/// See [`VmTypes::VM_BO_VALIDATE`].
pub type ValidateFn<T> = fn(&GpuVmBo<T>, &mut <T as VmTypes>::Exec) -> Result;

/// What a space asks of a set of reservation locks (`struct drm_exec`).
pub trait LockSet {
    /// Locks the object's reservation and makes room for `fences` fences, unless that is 0.
    ///
    /// # Errors
    ///
    /// Those of the set, `EDEADLK` among them: then the caller begins again with all locks dropped.
    fn prepare(&mut self, object: &Gem, fences: usize) -> Result;

    /// Whether the reservation is locked.
    fn holds(&self, resv: &Resv) -> bool;
}

/// An object without memory, that only provides the reservation of a space (`drm_gpuvm.c: drm_gpuvm_resv_object_alloc`).
#[must_use]
pub fn resv_object(dev: &Device) -> Gem {
    struct ResvObject(Header);
    impl Object for ResvObject {
        fn gem(&self) -> &Header {
            &self.0
        }
    }
    Gem::new(ResvObject(Header::new_private(dev, 0))).into_dyn()
}
