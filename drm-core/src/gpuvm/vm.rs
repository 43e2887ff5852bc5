//! Owns the address space (`struct drm_gpuvm`): its range, its mappings, its external and its evicted objects.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64 as StdAtomicU64, Ordering as StdOrdering};

use super::list::PairList;
use super::pair::GpuVmBo;
use super::space::Space;
use super::va::GpuVa;
use super::{LockSet, VmTypes};
use crate::errno::{Errno, Result};
use crate::gem::{Gem, Object};
use crate::resv::{Resv, ResvGuard};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, Mutex};

/// What an address space is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VmConfig {
    /// For debug output.
    pub name: &'static str,
    /// The addresses that can be mapped, in bytes.
    pub range: Range<u64>,
    /// The part of them that the kernel keeps for itself; empty for none.
    pub reserved: Range<u64>,
    /// The external and the evicted list are under the space's reservation (`DRM_GPUVM_RESV_PROTECTED`), not under a lock
    /// inside.
    pub resv_protected: bool,
}

/// What is still in an address space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Mappings.
    pub vas: usize,
    /// External objects.
    pub extobjs: usize,
    /// Evicted objects.
    pub evicted: usize,
}

impl Leftovers {
    /// Whether nothing is left, and the kernel would not warn when the space goes (`drm_gpuvm_fini`).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

struct Inner<T: VmTypes> {
    /// Never shown, only compared.
    id: u64,
    config: VmConfig,
    space: Mutex<Space<T>>,
    extobj: Mutex<PairList<T>>,
    evicted: Mutex<PairList<T>>,
    walked: AtomicU64,
    data: T::VmData,
    resv_object: Gem,
}

/// A reference to an address space (`struct drm_gpuvm`). A clone is one more (`drm_gpuvm_get`).
///
/// When the last goes, the driver's [`VmTypes::VmData`] is dropped: that is `vm_free`.
pub struct GpuVm<T: VmTypes>(Arc<Inner<T>>);

impl<T: VmTypes> Clone for GpuVm<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: VmTypes> fmt::Debug for GpuVm<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "GpuVm({}, {:#x?}, {} references)",
            self.name(),
            self.range(),
            self.refs()
        )
    }
}

impl<T: VmTypes> GpuVm<T> {
    /// A space without mappings (`drm_gpuvm.c: drm_gpuvm_init`). Objects that share the reservation of `resv_object` are
    /// local to it; [`resv_object`](super::resv_object) makes one that serves for nothing else.
    #[must_use]
    pub fn new(config: VmConfig, resv_object: Gem, data: T::VmData) -> Self {
        static NEXT: StdAtomicU64 = StdAtomicU64::new(1);
        Self(Arc::new(Inner {
            id: NEXT.fetch_add(1, StdOrdering::Relaxed),
            config,
            space: Mutex::new(Space::default()),
            extobj: Mutex::new(PairList::default()),
            evicted: Mutex::new(PairList::default()),
            walked: AtomicU64::new(0),
            data,
            resv_object,
        }))
    }

    /// For debug output.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.config.name
    }

    /// The addresses that can be mapped.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.0.config.range.clone()
    }

    /// The driver's part.
    #[must_use]
    pub fn data(&self) -> &T::VmData {
        &self.0.data
    }

    /// The object whose reservation is the space's (`drm_gpuvm_resv_obj`).
    #[must_use]
    pub fn resv_object(&self) -> &Gem {
        &self.0.resv_object
    }

    /// The reservation of the space and of its local objects (`drm_gpuvm_resv`).
    #[must_use]
    pub fn resv(&self) -> &Resv {
        self.0.resv_object.gem().resv()
    }

    /// Whether the lists are under [`GpuVm::resv`].
    #[must_use]
    pub fn is_resv_protected(&self) -> bool {
        self.0.config.resv_protected
    }

    /// Whether the object has another reservation than the space (`drm_gpuvm_is_extobj`).
    #[must_use]
    pub fn is_extobj<O: Object + ?Sized>(&self, object: &Gem<O>) -> bool {
        !object.gem().resv().is(self.resv())
    }

    /// References (`kref`): the holders', one per mapping, one per pair.
    #[must_use]
    pub fn refs(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    /// Whether both are the same space.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether `size` bytes from `addr` on can be mapped: they do not overflow, are inside the space, and outside the
    /// reserved part (`drm_gpuvm.c: drm_gpuvm_range_valid`).
    #[must_use]
    pub fn range_valid(&self, addr: u64, size: u64) -> bool {
        let Some(end) = addr.checked_add(size) else {
            return false;
        };
        let VmConfig {
            range, reserved, ..
        } = &self.0.config;
        let in_reserved = !reserved.is_empty() && addr < reserved.end && reserved.start < end;
        range.start <= addr && end <= range.end && !in_reserved
    }

    /// Puts a mapping into the space (`drm_gpuvm.c: drm_gpuva_insert`).
    ///
    /// # Errors
    ///
    /// `EINVAL` for a range that is not valid, `EEXIST` when another mapping is in the way or this one is in a space.
    pub fn insert(&self, va: &GpuVa<T>) -> Result {
        if !self.range_valid(va.addr(), va.size()) {
            return Err(Errno::EINVAL);
        }
        if va.is_inserted() {
            return Err(Errno::EEXIST);
        }
        let key = self.0.space.lock().insert(va).ok_or(Errno::EEXIST)?;
        va.state(|state| state.placed = Some((self.clone(), key)));
        Ok(())
    }

    /// Takes a mapping out of the space; `false` when it is not in it (`drm_gpuvm.c: drm_gpuva_remove`).
    pub fn remove(&self, va: &GpuVa<T>) -> bool {
        let placed = va.state(|state| match &state.placed {
            Some((vm, _)) if vm.is(self) => state.placed.take(),
            _ => None,
        });
        // The two references are dropped after the locks.
        let removed = placed
            .as_ref()
            .and_then(|(_, key)| self.0.space.lock().remove(*key));
        removed.is_some()
    }

    /// The first mapping with an address in the range (`drm_gpuvm.c: drm_gpuva_find_first`; the reserved part is no
    /// mapping here).
    #[must_use]
    pub fn find_first(&self, addr: u64, size: u64) -> Option<GpuVa<T>> {
        let space = self.0.space.lock();
        space.get(space.first(addr, size)?).cloned()
    }

    /// The mapping with exactly this range (`drm_gpuvm.c: drm_gpuva_find`).
    #[must_use]
    pub fn find(&self, addr: u64, size: u64) -> Option<GpuVa<T>> {
        self.find_first(addr, size)
            .filter(|va| va.addr() == addr && va.size() == size)
    }

    /// Whether nothing is mapped in the range, nor is it reserved (`drm_gpuvm.c: drm_gpuvm_interval_empty`).
    #[must_use]
    pub fn interval_empty(&self, addr: u64, size: u64) -> bool {
        let reserved = &self.0.config.reserved;
        let in_reserved = !reserved.is_empty()
            && addr < reserved.end
            && reserved.start < addr.saturating_add(size);
        !in_reserved && self.find_first(addr, size).is_none()
    }

    /// All mappings, by address (`drm_gpuvm_for_each_va`).
    #[must_use]
    pub fn vas(&self) -> Vec<GpuVa<T>> {
        self.0.space.lock().all()
    }

    /// The mappings with an address in the range, by address (`drm_gpuvm_for_each_va_range`).
    #[must_use]
    pub fn vas_in(&self, addr: u64, size: u64) -> Vec<GpuVa<T>> {
        let vas = self.0.space.lock().walk(addr, size);
        self.0.walked.fetch_add(vas.len() as u64, Ordering::Relaxed);
        vas
    }

    /// How many mappings all requests so far have looked at.
    #[must_use]
    pub fn vas_walked(&self) -> u64 {
        self.0.walked.load(Ordering::Relaxed)
    }

    /// The pair with `object`, with a reference, if there is one (`drm_gpuvm.c: drm_gpuvm_bo_find`).
    #[must_use]
    pub fn find_vm_bo(&self, object: &Gem<T::Object>) -> Option<GpuVmBo<T>> {
        T::gpuva_list(object).find(self)
    }

    /// The pair with `object`, with a reference; made if there is none (`drm_gpuvm.c: drm_gpuvm_bo_obtain`).
    #[must_use]
    pub fn obtain_vm_bo(&self, object: &Gem<T::Object>) -> GpuVmBo<T> {
        self.find_vm_bo(object)
            .unwrap_or_else(|| self.create_vm_bo(object).obtain_prealloc())
    }

    /// A pair that the object does not list yet (`drm_gpuvm.c: drm_gpuvm_bo_create`): made where allocation is allowed, for
    /// [`GpuVmBo::obtain_prealloc`] where it is not.
    #[must_use]
    pub fn create_vm_bo(&self, object: &Gem<T::Object>) -> GpuVmBo<T> {
        GpuVmBo::new(self, object)
    }

    /// The external objects, in the order in which they were added, with references.
    #[must_use]
    pub fn extobjs(&self) -> Vec<GpuVmBo<T>> {
        self.0.extobj.lock().all()
    }

    /// The objects known to be evicted, in the order in which that became known, with references.
    #[must_use]
    pub fn evicted_vm_bos(&self) -> Vec<GpuVmBo<T>> {
        self.0.evicted.lock().all()
    }

    /// What is still in the space.
    #[must_use]
    pub fn leftovers(&self) -> Leftovers {
        Leftovers {
            vas: self.0.space.lock().len(),
            extobjs: self.0.extobj.lock().len(),
            evicted: self.0.evicted.lock().len(),
        }
    }

    /// Locks the space's reservation (`drm_gpuvm.c: drm_gpuvm_prepare_vm`). Errors of [`LockSet::prepare`].
    pub fn prepare_vm(&self, exec: &mut T::Exec, fences: usize) -> Result {
        exec.prepare(&self.0.resv_object, fences)
    }

    /// Locks every external object; learns which of them were evicted meanwhile (`drm_gpuvm.c: drm_gpuvm_prepare_objects`).
    /// Local objects are locked with the space itself. Errors of [`LockSet::prepare`].
    ///
    /// # Panics
    ///
    /// If the space is under its reservation and `exec` does not hold it.
    pub fn prepare_objects(&self, exec: &mut T::Exec, fences: usize) -> Result {
        self.assert_exec_holds(exec);
        for vm_bo in self.extobjs() {
            exec.prepare(&vm_bo.object().clone().into_dyn(), fences)?;
            if self.is_resv_protected() && vm_bo.is_evicted() {
                self.0.evicted.lock().add_tail(vm_bo.id(), &vm_bo);
            }
        }
        Ok(())
    }

    /// Locks every object that is mapped in the range (`drm_gpuvm.c: drm_gpuvm_prepare_range`). Errors of
    /// [`LockSet::prepare`].
    pub fn prepare_range(&self, exec: &mut T::Exec, addr: u64, size: u64, fences: usize) -> Result {
        for object in self.vas_in(addr, size).iter().filter_map(GpuVa::object) {
            exec.prepare(&object.into_dyn(), fences)?;
        }
        Ok(())
    }

    /// Makes every evicted object usable again, in the order of the list (`drm_gpuvm.c: drm_gpuvm_validate`). One that is
    /// still evicted after its call stays on the list.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` when the driver has no [`VmTypes::VM_BO_VALIDATE`], or the error of that; the rest stays on the list.
    ///
    /// # Panics
    ///
    /// If the space is under its reservation and `exec` does not hold it, or that of an object which was validated.
    pub fn validate(&self, exec: &mut T::Exec) -> Result {
        let validate = T::VM_BO_VALIDATE.ok_or(Errno::EOPNOTSUPP)?;
        self.assert_exec_holds(exec);
        for vm_bo in self.evicted_vm_bos() {
            validate(&vm_bo, exec)?;
            if self.is_resv_protected() {
                assert!(
                    exec.holds(vm_bo.object().gem().resv()),
                    "a validated object must be locked"
                );
                if !vm_bo.is_evicted() {
                    self.0.evicted.lock().remove(vm_bo.id(), vm_bo.id());
                }
            }
        }
        Ok(())
    }

    pub(super) fn id(&self) -> u64 {
        self.0.id
    }

    pub(super) fn extobj(&self) -> &Mutex<PairList<T>> {
        &self.0.extobj
    }

    pub(super) fn evicted(&self) -> &Mutex<PairList<T>> {
        &self.0.evicted
    }

    pub(super) fn warn(&self, site: &'static str) {
        self.0.resv_object.gem().machine().warn(site);
    }

    pub(super) fn assert_lists_locked(&self, guard: Option<&ResvGuard>) {
        let locked = guard.is_some_and(|guard| guard.locks(self.resv()));
        assert!(
            locked || !self.is_resv_protected(),
            "the lists of this space need the guard of its reservation"
        );
    }

    fn assert_exec_holds(&self, exec: &T::Exec) {
        assert!(
            !self.is_resv_protected() || exec.holds(self.resv()),
            "the space's reservation must be locked"
        );
    }
}
