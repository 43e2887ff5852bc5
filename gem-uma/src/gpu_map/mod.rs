//! Where device address spaces map the object.

mod mapping;

use std::fmt;

use drm_core::gem::Gone;
use drm_core::machine::Machine;
use drm_core::sync::{Arc, Mutex, MutexGuard};

pub use mapping::{GpuMapping, Mapping};

use crate::new::New;
use crate::part::Part;

/// The mappings of one object in the address spaces of its device: one per file, per VM, or one for all, as the driver has it.
///
/// Having a `GpuMap` tells you that the device may map the object; not that it does.
///
/// The list has a lock of its own, inside the reservation and outside the LRU lists: a driver may change it where no
/// reservation can be taken, because a fence depends on it.
pub struct GpuMap<M: GpuMapping> {
    machine: Machine,
    list: Mutex<Vec<Arc<Mapping<M>>>>,
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
            list: Mutex::new(Vec::new()),
        }
    }

    /// The mappings, locked.
    pub fn lock(&self) -> Mappings<'_, M> {
        Mappings(self.list.lock())
    }

    /// The mappings, if nobody has locked them: what reclaim uses.
    #[must_use]
    pub fn try_lock(&self) -> Option<Mappings<'_, M>> {
        self.list.try_lock().map(Mappings)
    }
}

/// The mappings of an object, locked; in the order in which they were made.
#[must_use = "the list is unlocked when this is dropped"]
pub struct Mappings<'a, M: GpuMapping>(MutexGuard<'a, Vec<Arc<Mapping<M>>>>);

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
        self.0.push(mapping);
    }

    /// The first mapping in an address space.
    #[must_use]
    pub fn find(&self, space: u64) -> Option<&Arc<Mapping<M>>> {
        self.0.iter().find(|mapping| mapping.space() == space)
    }

    /// Takes the first mapping in an address space off the list. It stays mapped while somebody holds it.
    pub fn remove(&mut self, space: u64) -> Option<Arc<Mapping<M>>> {
        let at = self.0.iter().position(|mapping| mapping.space() == space)?;
        Some(self.0.remove(at))
    }

    /// The mapping, if there is exactly one.
    #[must_use]
    pub fn sole(&self) -> Option<&Arc<Mapping<M>>> {
        match &self.0[..] {
            [mapping] => Some(mapping),
            _ => None,
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Mapping<M>>> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
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
