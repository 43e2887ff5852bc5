//! Owns the order of the mappings of one space, and the search for the first that a range touches.
//!
//! Mappings that are not empty never overlap. Empty ones can stand anywhere but inside another; an empty one at `a`
//! ends at `a - 1`, so a search that starts at `a` does not find it, and one at address 0 ends at `u64::MAX` and is found
//! by every search. That is how the kernel's interval tree sees them, and which requests fail depends on it.

use std::collections::BTreeMap;

use super::VmTypes;
use super::va::GpuVa;

/// Where a mapping stands: by address, and among equal addresses by age.
pub(super) type Key = (u64, u64);

/// The mappings of a space, by address.
pub(super) struct Space<T: VmTypes> {
    vas: BTreeMap<Key, GpuVa<T>>,
    /// Start and age of those that are not empty.
    solid: BTreeMap<u64, u64>,
    inserted: u64,
}

impl<T: VmTypes> Default for Space<T> {
    fn default() -> Self {
        Self {
            vas: BTreeMap::new(),
            solid: BTreeMap::new(),
            inserted: 0,
        }
    }
}

/// The last address of a range; of an empty one, the address before it.
fn last(addr: u64, size: u64) -> u64 {
    addr.wrapping_add(size).wrapping_sub(1)
}

impl<T: VmTypes> Space<T> {
    /// The first mapping with an address in the range (`drm_gpuva_it_iter_first`).
    pub(super) fn first(&self, addr: u64, size: u64) -> Option<Key> {
        let end = last(addr, size);
        // Nothing else can stand beside an empty mapping at 0.
        if let Some((&key, va)) = self.vas.first_key_value()
            && key.0 == 0
            && va.size() == 0
        {
            return Some(key);
        }
        // The only one that can begin at or before `addr` and touch it.
        let before = self
            .solid
            .range(..=addr)
            .next_back()
            .map(|(&start, &age)| (start, age));
        if let Some(key) = before
            && key.0 <= end
            && self
                .vas
                .get(&key)
                .is_some_and(|va| last(va.addr(), va.size()) >= addr)
        {
            return Some(key);
        }
        let after = self.vas.range((addr.checked_add(1)?, 0)..).next();
        after.map(|(&key, _)| key).filter(|key| key.0 <= end)
    }

    /// The mappings of a range, as the kernel walks it: from the first that has an address in it, to the last that begins
    /// below its end.
    pub(super) fn walk(&self, addr: u64, size: u64) -> Vec<GpuVa<T>> {
        let end = addr.wrapping_add(size);
        let Some(first) = self.first(addr, size) else {
            return Vec::new();
        };
        self.vas
            .range(first..)
            .take_while(|(key, _)| key.0 < end)
            .map(|(_, va)| va.clone())
            .collect()
    }

    /// Adds a mapping; `None` when another one is in the way.
    pub(super) fn insert(&mut self, va: &GpuVa<T>) -> Option<Key> {
        if self.first(va.addr(), va.size()).is_some() {
            return None;
        }
        let key = (va.addr(), self.inserted);
        self.inserted += 1;
        if va.size() > 0 {
            self.solid.insert(key.0, key.1);
        }
        self.vas.insert(key, va.clone());
        Some(key)
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<GpuVa<T>> {
        let va = self.vas.remove(&key)?;
        if va.size() > 0 {
            self.solid.remove(&key.0);
        }
        Some(va)
    }

    pub(super) fn get(&self, key: Key) -> Option<&GpuVa<T>> {
        self.vas.get(&key)
    }

    pub(super) fn all(&self) -> Vec<GpuVa<T>> {
        self.vas.values().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.vas.len()
    }
}
