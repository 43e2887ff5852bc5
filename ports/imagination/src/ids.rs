//! Numbers for things of a file or of the device (`struct xarray` with `XA_FLAGS_ALLOC1`): lowest free first, from 1.

use std::collections::BTreeMap;

use drm_core::errno::Result;
use drm_core::machine::{Fail, Machine};
use drm_core::sync::Mutex;

/// A table of things by number.
#[derive(Debug)]
pub struct Ids<T>(Mutex<BTreeMap<u32, T>>);

impl<T> Default for Ids<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Ids<T> {
    /// Gives `thing` a number (`xa_alloc`). `ENOMEM`.
    pub fn alloc(&self, machine: &Machine, thing: T) -> Result<u32> {
        machine.failpoints().check(Fail::Alloc)?;
        let mut table = self.0.lock();
        let free = (1..).zip(table.keys()).find(|(free, taken)| free != *taken);
        let id = free.map_or(table.len() as u32 + 1, |(free, _)| free);
        table.insert(id, thing);
        Ok(id)
    }

    /// The thing of a number (`xa_load`).
    #[must_use]
    pub fn load(&self, id: u32) -> Option<T> {
        self.0.lock().get(&id).cloned()
    }

    /// Takes a number back (`xa_erase`).
    pub fn erase(&self, id: u32) -> Option<T> {
        self.0.lock().remove(&id)
    }

    /// Numbers in use, in order.
    #[must_use]
    pub fn ids(&self) -> Vec<u32> {
        self.0.lock().keys().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_core::machine::Config;

    #[test]
    fn the_lowest_free_number_is_taken() {
        let machine = Machine::new(Config {
            ram: 1 << 20,
            ..Config::default()
        })
        .expect("host memory");
        let ids = Ids::default();
        let alloc = |thing| ids.alloc(&machine, thing).expect("memory");
        assert_eq!([alloc('a'), alloc('b'), alloc('c')], [1, 2, 3]);
        assert_eq!((ids.erase(2), ids.erase(2)), (Some('b'), None));
        assert_eq!((alloc('d'), alloc('e')), (2, 4));
        assert_eq!((ids.load(2), ids.load(9)), (Some('d'), None));
    }
}
