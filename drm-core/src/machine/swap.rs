//! Swap: page contents outside of RAM.

use slab::Slab;

use crate::PAGE_SIZE;
use crate::memory::Ram;
use crate::sync::Mutex;

type Contents = Box<[u8; PAGE_SIZE as usize]>;

/// Slots of one page each, a set number of them.
#[derive(Debug)]
pub(super) struct Swap {
    limit: usize,
    slots: Mutex<Slab<Contents>>,
}

impl Swap {
    pub(super) fn new(pages: u64) -> Self {
        Self {
            limit: pages as usize,
            slots: Mutex::new(Slab::new()),
        }
    }

    /// Pages that still fit.
    pub(super) fn free(&self) -> u64 {
        (self.limit - self.slots.lock().len()) as u64
    }

    /// Writes the page at physical address `phys` out; `None` when swap is full.
    pub(super) fn write(&self, ram: &Ram, phys: u64) -> Option<usize> {
        let mut slots = self.slots.lock();
        if slots.len() >= self.limit {
            return None;
        }
        let mut contents = Box::new([0; PAGE_SIZE as usize]);
        ram.read(phys, &mut contents[..]);
        Some(slots.insert(contents))
    }

    /// Reads a slot into the page at `phys` and frees it.
    pub(super) fn read(&self, slot: usize, ram: &Ram, phys: u64) {
        let contents = self.slots.lock().remove(slot);
        ram.write(phys, &contents[..]);
    }

    /// Frees a slot; its contents are lost.
    pub(super) fn discard(&self, slot: usize) {
        self.slots.lock().remove(slot);
    }
}
