//! Where device address spaces map the object.

mod gpuvm;
mod mapping;

use std::fmt;

use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gone;
use drm_core::machine::Machine;
use drm_core::resv::{ResvGuard, ResvSlot};
use drm_core::sync::{Arc, Mutex, MutexGuard};

pub use gpuvm::{EvictVm, GpuVmMap};
pub use mapping::{GpuMapping, Mapping};

use crate::backing::Backing;
use crate::device_map::DeviceMap;
use crate::new::New;
use crate::part::Part;
use crate::reclaim::{GpuMaps, Live, Tracker};

/// The mappings of one object in the address spaces of its device: one per file, per VM, or one for all, as the driver has it.
///
/// Having a `GpuMap` tells you that the device may map the object; not that it does. For address spaces of
/// `drm_core::gpuvm` there is [`GpuVmMap`].
///
/// The list has a lock of its own, inside the reservation and outside the LRU lists: a driver may change it where no
/// reservation can be taken, because a fence depends on it.
pub struct GpuMap<M: GpuMapping> {
    machine: Machine,
    slot: ResvSlot,
    list: Mutex<Vec<Arc<Mapping<M>>>>,
    tracker: Option<Arc<Tracker>>,
}

impl<M: GpuMapping> fmt::Debug for GpuMap<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GpuMap")
            .field("mappings", &self.list.lock().len())
            .finish_non_exhaustive()
    }
}

impl<M: GpuMapping> GpuMap<M> {
    /// The map of an object; there are no mappings yet.
    #[must_use]
    pub fn new(new: &New) -> Self {
        Self {
            machine: new.machine().clone(),
            slot: new.resv_slot().clone(),
            list: Mutex::new(Vec::new()),
            tracker: new.tracker(),
        }
    }

    fn guarded<'a>(&'a self, list: MutexGuard<'a, Vec<Arc<Mapping<M>>>>) -> Mappings<'a, M> {
        Mappings {
            list,
            tracker: self.tracker.as_deref(),
        }
    }

    /// The mappings, locked.
    pub fn lock(&self) -> Mappings<'_, M> {
        self.guarded(self.list.lock())
    }

    /// The mappings, if nobody has locked them: what reclaim uses.
    #[must_use]
    pub fn try_lock(&self) -> Option<Mappings<'_, M>> {
        self.list.try_lock().map(|list| self.guarded(list))
    }

    /// Brings the object back for one address space, before a job of it runs: pages and table are got, and `map` writes the
    /// entries of each mapping that was evicted there. How many there were.
    ///
    /// Errors of [`DeviceMap::table`] and of `map`; what was not mapped stays evicted.
    pub fn restore(
        &self,
        guard: &mut ResvGuard,
        backing: &Backing,
        device: &DeviceMap,
        space: u64,
        mut map: impl FnMut(&Mapping<M>, &SgTable) -> Result,
    ) -> Result<usize> {
        let evicted: Vec<_> = {
            let mappings = self.lock();
            let here = mappings.iter().filter(|mapping| mapping.space() == space);
            here.filter(|mapping| mapping.is_evicted())
                .cloned()
                .collect()
        };
        if evicted.is_empty() {
            return Ok(0);
        }
        let table = device.table(guard, backing)?;
        for mapping in &evicted {
            map(mapping, &table)?;
            let mappings = self.lock();
            mapping.set_evicted(false);
            mappings.note();
        }
        Ok(evicted.len())
    }
}

/// The mappings of an object, locked; in the order in which they were made.
#[must_use = "the list is unlocked when this is dropped"]
pub struct Mappings<'a, M: GpuMapping> {
    list: MutexGuard<'a, Vec<Arc<Mapping<M>>>>,
    tracker: Option<&'a Tracker>,
}

impl<M: GpuMapping> fmt::Debug for Mappings<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mappings")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl<M: GpuMapping> Mappings<'_, M> {
    /// Adds a mapping at the end. The list holds one reference; whoever else needs the mapping holds more.
    pub fn insert(&mut self, mapping: Arc<Mapping<M>>) {
        self.list.push(mapping);
        self.note();
    }

    /// The first mapping in an address space.
    #[must_use]
    pub fn find(&self, space: u64) -> Option<&Arc<Mapping<M>>> {
        self.list.iter().find(|mapping| mapping.space() == space)
    }

    /// Takes the first mapping in an address space off the list. It stays mapped while somebody holds it.
    pub fn remove(&mut self, space: u64) -> Option<Arc<Mapping<M>>> {
        let at = self
            .list
            .iter()
            .position(|mapping| mapping.space() == space)?;
        let mapping = self.list.remove(at);
        self.note();
        Some(mapping)
    }

    /// The mapping, if there is exactly one.
    #[must_use]
    pub fn sole(&self) -> Option<&Arc<Mapping<M>>> {
        match &self.list[..] {
            [mapping] => Some(mapping),
            _ => None,
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Mapping<M>>> {
        self.list.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn live(&self) -> Live {
        let mut live = self.list.iter().filter(|mapping| !mapping.is_evicted());
        let Some(first) = live.next() else {
            return Live::Nowhere;
        };
        if live.any(|other| other.space() != first.space()) {
            return Live::Several;
        }
        Live::Single(first.reclaim().cloned())
    }

    fn note(&self) {
        if let Some(tracker) = self.tracker {
            tracker.live(self.live());
        }
    }
}

impl<M: GpuMapping> GpuMaps for GpuMap<M> {
    fn live(&self) -> Option<Live> {
        Some(self.try_lock()?.live())
    }

    fn try_evict(&self, guard: &ResvGuard) -> Result {
        assert!(
            guard.locks(self.slot.get()),
            "evicting needs the object's reservation"
        );
        let mappings = self.try_lock().ok_or(Errno::EBUSY)?;
        let mut locked: Vec<ResvGuard> = Vec::new();
        for mapping in mappings.iter().filter(|mapping| !mapping.is_evicted()) {
            let Some(resv) = mapping.resv() else { continue };
            if guard.locks(resv) || locked.iter().any(|guard| guard.locks(resv)) {
                continue;
            }
            locked.push(resv.try_lock().ok_or(Errno::EBUSY)?);
        }
        let result = mappings
            .iter()
            .filter(|mapping| !mapping.is_evicted())
            .try_for_each(|mapping| {
                mapping.try_unmap()?;
                mapping.set_evicted(true);
                Ok(())
            });
        mappings.note();
        result
    }
}

impl<M: GpuMapping> Part for GpuMap<M> {
    fn teardown(&self, _gone: &Gone) {
        let left = std::mem::take(&mut *self.list.lock());
        if !left.is_empty() {
            self.machine.warn("gem-uma: freed while mapped by the GPU");
        }
    }
}
