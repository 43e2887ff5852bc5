//! Owns lists of pairs: ordered, without references, with removal in logarithmic time.

use std::collections::BTreeMap;
use std::fmt;

use super::VmTypes;
use super::pair::{GpuVmBo, WeakPair};
use super::vm::GpuVm;
use crate::resv::ResvGuard;
use crate::sync::Mutex;

struct Entry<T: VmTypes> {
    key: u64,
    /// Which pair it is, even while its last reference is being dropped.
    pair: u64,
    weak: WeakPair<T>,
}

/// Pairs in the order in which they were added; each key once.
pub(super) struct PairList<T: VmTypes> {
    next: u64,
    entries: BTreeMap<u64, Entry<T>>,
    places: BTreeMap<u64, u64>,
}

impl<T: VmTypes> Default for PairList<T> {
    fn default() -> Self {
        Self {
            next: 0,
            entries: BTreeMap::new(),
            places: BTreeMap::new(),
        }
    }
}

impl<T: VmTypes> PairList<T> {
    /// Adds at the end, unless the key is in the list. A dying pair that has not left the list yet makes room.
    pub(super) fn add_tail(&mut self, key: u64, pair: &GpuVmBo<T>) {
        if let Some(place) = self.places.get(&key) {
            if self
                .entries
                .get(place)
                .is_some_and(|entry| entry.weak.is_alive())
            {
                return;
            }
            self.entries.remove(place);
        }
        let place = self.next;
        self.next += 1;
        self.places.insert(key, place);
        self.entries.insert(
            place,
            Entry {
                key,
                pair: pair.id(),
                weak: pair.downgrade(),
            },
        );
    }

    /// Removes `pair`, if it is what stands under the key.
    pub(super) fn remove(&mut self, key: u64, pair: u64) {
        let Some(place) = self.places.get(&key) else {
            return;
        };
        if self
            .entries
            .get(place)
            .is_some_and(|entry| entry.pair == pair)
        {
            self.entries.remove(place);
            self.places.remove(&key);
        }
    }

    /// The pair under the key, with a reference, unless it is dying.
    pub(super) fn find(&self, key: u64) -> Option<GpuVmBo<T>> {
        self.entries.get(self.places.get(&key)?)?.weak.upgrade()
    }

    /// All pairs that are not dying, with references.
    pub(super) fn all(&self) -> Vec<GpuVmBo<T>> {
        debug_assert!(
            self.entries
                .values()
                .all(|entry| self.places.contains_key(&entry.key))
        );
        self.entries
            .values()
            .filter_map(|entry| entry.weak.upgrade())
            .collect()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

/// The pairs of one object, in the order in which they were made (`drm_gem_object.gpuva.list`).
pub struct GpuVaList<T: VmTypes>(pub(super) Mutex<PairList<T>>);

impl<T: VmTypes> Default for GpuVaList<T> {
    fn default() -> Self {
        Self(Mutex::new(PairList::default()))
    }
}

impl<T: VmTypes> fmt::Debug for GpuVaList<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GpuVaList({} spaces)", self.0.lock().len())
    }
}

impl<T: VmTypes> GpuVaList<T> {
    /// Every pair, with a reference (`drm_gem_for_each_gpuvm_bo`).
    #[must_use]
    pub fn vm_bos(&self) -> Vec<GpuVmBo<T>> {
        self.0.lock().all()
    }

    /// The pair with `vm`, with a reference.
    #[must_use]
    pub fn find(&self, vm: &GpuVm<T>) -> Option<GpuVmBo<T>> {
        self.0.lock().find(vm.id())
    }

    /// Marks the object as evicted, or back, in every space (`drm_gpuvm_bo_gem_evict`); see [`GpuVmBo::evict`].
    ///
    /// # Panics
    ///
    /// If `guard` is not of the object's reservation.
    pub fn evict(&self, evict: bool, guard: &ResvGuard) {
        for vm_bo in self.vm_bos() {
            vm_bo.evict(evict, guard);
        }
    }
}
