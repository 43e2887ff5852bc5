//! Mappings in address spaces of `drm_core::gpuvm`.

use std::fmt;

use drm_core::errno::{Errno, Result};
use drm_core::gem::Gone;
use drm_core::gpuvm::{GpuVaList, GpuVm, GpuVmBo, VmTypes};
use drm_core::machine::Machine;
use drm_core::resv::{ResvGuard, ResvSlot};
use drm_core::sync::{Arc, Mutex, MutexGuard};

use crate::new::New;
use crate::part::Part;
use crate::reclaim::{GpuMaps, Live, Tracker, VmReclaim};

/// What eviction asks of a driver with address spaces of `drm_core::gpuvm`.
pub trait EvictVm: VmTypes {
    /// The list of an address space, if the driver keeps one for each.
    fn reclaim(vm: &GpuVm<Self>) -> Option<&VmReclaim>;

    /// Clears the entries of every mapping of the pair, and the TLB. Locks are only tried, nothing is allocated. The
    /// mappings stay in the address space.
    ///
    /// `EBUSY` when a lock is taken.
    fn try_unmap(vm_bo: &GpuVmBo<Self>) -> Result;
}

/// The pairs of one object with the address spaces that know it.
///
/// Having it tells you that the device may map the object; not that it does.
///
/// Pairs come and go by the functions of [`GpuVm`] and [`GpuVmBo`], under [`GpuVmMap::lock`]; whoever changed them calls
/// [`GpuVmMap::update`].
pub struct GpuVmMap<T: EvictVm> {
    machine: Machine,
    slot: ResvSlot,
    lock: Mutex<()>,
    list: GpuVaList<T>,
    tracker: Option<Arc<Tracker>>,
}

impl<T: EvictVm> fmt::Debug for GpuVmMap<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GpuVmMap")
            .field("list", &self.list)
            .finish_non_exhaustive()
    }
}

impl<T: EvictVm> GpuVmMap<T> {
    /// The map of an object; there are no pairs yet.
    #[must_use]
    pub fn new(new: &New) -> Self {
        Self {
            machine: new.machine().clone(),
            slot: new.resv_slot().clone(),
            lock: Mutex::new(()),
            list: GpuVaList::default(),
            tracker: new.tracker(),
        }
    }

    /// The pairs: what [`VmTypes::gpuva_list`] answers.
    #[must_use]
    pub fn list(&self) -> &GpuVaList<T> {
        &self.list
    }

    /// The lock around linking, unlinking and evicting (`gpuva.lock`); inside the reservation.
    pub fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock()
    }

    /// Tells reclaim where the object is mapped now: to be called after a pair came, went, was evicted or restored.
    pub fn update(&self) {
        if let Some(tracker) = &self.tracker {
            tracker.live(self.live_pairs());
        }
    }

    fn live_pairs(&self) -> Live {
        let pairs = self.list.vm_bos();
        let mut live = pairs.iter().filter(|pair| !pair.is_evicted());
        match (live.next(), live.next()) {
            (None, _) => Live::Nowhere,
            (Some(pair), None) => Live::Single(T::reclaim(pair.vm()).cloned()),
            (Some(_), Some(_)) => Live::Several,
        }
    }
}

impl<T: EvictVm> GpuMaps for GpuVmMap<T> {
    fn live(&self) -> Option<Live> {
        let _lock = self.lock.try_lock()?;
        Some(self.live_pairs())
    }

    fn try_evict(&self, guard: &ResvGuard) -> Result {
        assert!(
            guard.locks(self.slot.get()),
            "evicting needs the object's reservation"
        );
        let _lock = self.lock.try_lock().ok_or(Errno::EBUSY)?;
        let mut pairs = self.list.vm_bos();
        pairs.retain(|pair| !pair.is_evicted());
        let mut locked: Vec<ResvGuard> = Vec::new();
        for pair in &pairs {
            let resv = pair.vm().resv();
            if guard.locks(resv) || locked.iter().any(|guard| guard.locks(resv)) {
                continue;
            }
            locked.push(resv.try_lock().ok_or(Errno::EBUSY)?);
        }
        let result = pairs.iter().try_for_each(|pair| {
            T::try_unmap(pair)?;
            pair.evict(true, guard);
            Ok(())
        });
        self.update();
        result
    }
}

impl<T: EvictVm> Part for GpuVmMap<T> {
    fn teardown(&self, _gone: &Gone) {
        if !self.list.vm_bos().is_empty() {
            self.machine.warn("gem-uma: freed while mapped by the GPU");
        }
    }
}
