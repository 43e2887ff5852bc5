//! Owns the pair of an address space and an object (`struct drm_gpuvm_bo`).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64 as StdAtomicU64, Ordering as StdOrdering};

use super::VmTypes;
use super::op::{Op, OpUnmap};
use super::va::GpuVa;
use super::vm::GpuVm;
use crate::gem::{Gem, Object};
use crate::resv::ResvGuard;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, Weak};

/// The linked mappings, in the order in which they were linked.
struct Linked<T: VmTypes> {
    next: u64,
    vas: BTreeMap<u64, GpuVa<T>>,
}

pub(super) struct Inner<T: VmTypes> {
    /// Never shown, only compared.
    id: u64,
    data: T::VmBoData,
    evicted: AtomicBool,
    linked: Mutex<Linked<T>>,
    // Dropped in this order, as `drm_gpuvm_bo_destroy` does.
    vm: GpuVm<T>,
    object: Gem<T::Object>,
}

/// A reference to the pair of an address space and an object (`struct drm_gpuvm_bo`). A clone is one more.
///
/// Holding it tells you that both exist, and that the space knows the object; not that the object is mapped.
pub struct GpuVmBo<T: VmTypes>(Arc<Inner<T>>);

/// A reference that does not count.
pub(super) struct WeakPair<T: VmTypes>(Weak<Inner<T>>);

impl<T: VmTypes> WeakPair<T> {
    /// `kref_get_unless_zero`.
    pub(super) fn upgrade(&self) -> Option<GpuVmBo<T>> {
        self.0.upgrade().map(GpuVmBo)
    }

    pub(super) fn is_alive(&self) -> bool {
        self.0.strong_count() > 0
    }
}

impl<T: VmTypes> Clone for GpuVmBo<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: VmTypes> fmt::Debug for GpuVmBo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "GpuVmBo({}, {:?}, {} references)",
            self.vm().name(),
            self.object(),
            self.refs()
        )
    }
}

impl<T: VmTypes> GpuVmBo<T> {
    pub(super) fn new(vm: &GpuVm<T>, object: &Gem<T::Object>) -> Self {
        static NEXT: StdAtomicU64 = StdAtomicU64::new(1);
        Self(Arc::new(Inner {
            id: NEXT.fetch_add(1, StdOrdering::Relaxed),
            data: T::VmBoData::default(),
            evicted: AtomicBool::new(false),
            linked: Mutex::new(Linked {
                next: 0,
                vas: BTreeMap::new(),
            }),
            vm: vm.clone(),
            object: object.clone(),
        }))
    }

    pub(super) fn id(&self) -> u64 {
        self.0.id
    }

    pub(super) fn downgrade(&self) -> WeakPair<T> {
        WeakPair(Arc::downgrade(&self.0))
    }

    /// The address space.
    #[must_use]
    pub fn vm(&self) -> &GpuVm<T> {
        &self.0.vm
    }

    /// The object.
    #[must_use]
    pub fn object(&self) -> &Gem<T::Object> {
        &self.0.object
    }

    /// The driver's part.
    #[must_use]
    pub fn data(&self) -> &T::VmBoData {
        &self.0.data
    }

    /// References (`kref`): this one, and one for every linked mapping, among others.
    #[must_use]
    pub fn refs(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    /// Whether both are the same pair.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The linked mappings, in the order in which they were linked (`drm_gpuvm_bo_for_each_va`).
    #[must_use]
    pub fn vas(&self) -> Vec<GpuVa<T>> {
        self.0.linked.lock().vas.values().cloned().collect()
    }

    /// One step per linked mapping, that unmaps it (`drm_gpuvm.c: drm_gpuvm_bo_unmap_ops_create`).
    #[must_use]
    pub fn unmap_ops(&self) -> Vec<Op<'_, T>> {
        self.vas()
            .into_iter()
            .map(|va| Op::Unmap(OpUnmap::new(self.vm(), va, false)))
            .collect()
    }

    /// Whether the object is evicted. Under the object's reservation.
    #[must_use]
    pub fn is_evicted(&self) -> bool {
        self.0.evicted.load(Ordering::SeqCst)
    }

    /// Puts the pair on the space's list of external objects, if the object does not share the space's reservation
    /// (`drm_gpuvm.c: drm_gpuvm_bo_extobj_add`).
    ///
    /// # Panics
    ///
    /// If the space is under its reservation and `vm_guard` is not of it.
    pub fn extobj_add(&self, vm_guard: Option<&ResvGuard>) {
        self.vm().assert_lists_locked(vm_guard);
        if self.vm().is_extobj(self.object()) {
            self.vm().extobj().lock().add_tail(self.0.id, self);
        }
    }

    /// Says that the object lost its memory, or has it again (`drm_gpuvm.c: drm_gpuvm_bo_evict`).
    ///
    /// The space's list of evicted objects follows at once, with one exception: the list of a space under its reservation
    /// cannot be touched while only an external object is locked, so it follows when the next job locks both
    /// ([`GpuVm::prepare_objects`]) and when it validates ([`GpuVm::validate`]).
    ///
    /// # Panics
    ///
    /// If `guard` is not of the object's reservation.
    pub fn evict(&self, evict: bool, guard: &ResvGuard) {
        assert!(
            guard.locks(self.object().gem().resv()),
            "evicting needs the object's reservation"
        );
        self.0.evicted.store(evict, Ordering::SeqCst);
        let vm = self.vm();
        if vm.is_resv_protected() && vm.is_extobj(self.object()) {
            return;
        }
        let mut list = vm.evicted().lock();
        if evict {
            list.add_tail(self.0.id, self);
        } else {
            list.remove(self.0.id, self.0.id);
        }
    }

    /// Drops this reference; `true` when it was the last and the pair is gone (`drm_gpuvm.c: drm_gpuvm_bo_put`).
    ///
    /// A reference that is simply dropped does the same, without the check and the answer.
    ///
    /// # Panics
    ///
    /// If it was the last, the space is under its reservation and `vm_guard` is not of it.
    pub fn put(self, vm_guard: Option<&ResvGuard>) -> bool {
        let Some(inner) = Arc::into_inner(self.0) else {
            return false;
        };
        inner.vm.assert_lists_locked(vm_guard);
        drop(inner);
        true
    }

    /// The pair that the object lists for this space: this one, or one that was there before, and then this one is dropped
    /// (`drm_gpuvm.c: drm_gpuvm_bo_obtain_prealloc`).
    #[must_use]
    pub fn obtain_prealloc(self) -> Self {
        let before = {
            let mut list = T::gpuva_list(self.object()).0.lock();
            let before = list.find(self.vm().id());
            if before.is_none() {
                list.add_tail(self.vm().id(), &self);
            }
            before
        };
        before.unwrap_or(self)
    }

    /// Adds a mapping to the list; what [`GpuVmBo::unlink_va`] is called with.
    pub(super) fn link_va(&self, va: &GpuVa<T>) -> u64 {
        let mut linked = self.0.linked.lock();
        let place = linked.next;
        linked.next += 1;
        linked.vas.insert(place, va.clone());
        place
    }

    pub(super) fn unlink_va(&self, place: u64) -> Option<GpuVa<T>> {
        self.0.linked.lock().vas.remove(&place)
    }
}

impl<T: VmTypes> Drop for Inner<T> {
    fn drop(&mut self) {
        self.vm.extobj().lock().remove(self.id, self.id);
        self.vm.evicted().lock().remove(self.id, self.id);
        T::gpuva_list(&self.object)
            .0
            .lock()
            .remove(self.vm.id(), self.id);
    }
}
