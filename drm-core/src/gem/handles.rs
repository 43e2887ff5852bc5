//! Handles of one file: small numbers, lowest free first, from 1 (`object_idr`).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::reference::{Gem, WeakGem};

#[derive(Debug)]
enum Slot {
    Free,
    /// Taken, but the object is not published yet, or no more.
    Reserved,
    Taken(WeakGem),
}

/// The handles of one file. Look-up takes one step, however many there are.
///
/// A handle holds no reference of its own: all handles of an object share one, which its header keeps.
#[derive(Debug, Default)]
pub struct HandleTable {
    slots: Vec<Slot>,
    free: BinaryHeap<Reverse<u32>>,
}

impl HandleTable {
    /// The lowest free number; look-ups do not find it yet. `None` when all are taken.
    pub fn reserve(&mut self) -> Option<u32> {
        if let Some(Reverse(handle)) = self.free.pop() {
            self.slots[handle as usize - 1] = Slot::Reserved;
            return Some(handle);
        }
        let handle = u32::try_from(self.slots.len() + 1).ok()?;
        self.slots.push(Slot::Reserved);
        Some(handle)
    }

    /// Lets look-ups find `object` under a reserved number.
    pub fn publish(&mut self, handle: u32, object: WeakGem) {
        if let Some(slot) = self.slot(handle) {
            *slot = Slot::Taken(object);
        }
    }

    /// Hides the object; the number stays reserved. `None` for a number that no object has.
    pub fn hide(&mut self, handle: u32) -> Option<Gem> {
        let slot = self.slot(handle)?;
        match std::mem::replace(slot, Slot::Reserved) {
            Slot::Taken(object) => object.upgrade(),
            other => {
                *slot = other;
                None
            }
        }
    }

    /// Frees a reserved number.
    pub fn release(&mut self, handle: u32) {
        if let Some(slot @ Slot::Reserved) = self.slot(handle) {
            *slot = Slot::Free;
            self.free.push(Reverse(handle));
        }
    }

    /// Frees a number that an object has; a reference to the object, if it lives, is the caller's to drop.
    pub fn forget(&mut self, handle: u32) -> Option<Gem> {
        let object = self.hide(handle);
        self.release(handle);
        object
    }

    /// The object of a handle, with a reference.
    #[must_use]
    pub fn lookup(&self, handle: u32) -> Option<Gem> {
        match self.slots.get(handle.checked_sub(1)? as usize)? {
            Slot::Taken(object) => object.upgrade(),
            Slot::Free | Slot::Reserved => None,
        }
    }

    /// Handles and objects, by number.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Gem)> + '_ {
        self.slots
            .iter()
            .zip(1..)
            .filter_map(|(slot, handle)| match slot {
                Slot::Taken(object) => object.upgrade().map(|object| (handle, object)),
                Slot::Free | Slot::Reserved => None,
            })
    }

    fn slot(&mut self, handle: u32) -> Option<&mut Slot> {
        self.slots.get_mut(handle.checked_sub(1)? as usize)
    }
}
