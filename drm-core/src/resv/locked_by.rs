//! Data inside a lock that stands elsewhere: it opens only with a guard of the right reservation.

use atomic_refcell::{AtomicRef, AtomicRefCell, AtomicRefMut};

use super::lock::{Resv, ResvGuard};
use crate::gem::Gone;
use crate::machine::Machine;
use crate::sync::{Arc, OnceLock};

/// Which reservation an object is under: its own, until another is chosen (`obj->resv`, `obj->_resv`).
///
/// Objects of one address space may share a reservation, and an import takes over the exporter's. A clone is the same slot.
#[derive(Clone, Debug)]
pub struct ResvSlot(Arc<Slot>);

#[derive(Debug)]
struct Slot {
    own: Resv,
    chosen: OnceLock<Resv>,
}

impl ResvSlot {
    /// A slot with a reservation of its own.
    #[must_use]
    pub fn new(machine: &Machine) -> Self {
        Self(Arc::new(Slot {
            own: Resv::new(machine),
            chosen: OnceLock::new(),
        }))
    }

    /// Chooses another reservation; `false` when one was chosen before. Only sound before anybody else locks the object.
    pub fn choose(&self, resv: Resv) -> bool {
        self.0.chosen.set(resv).is_ok()
    }

    /// The reservation in force.
    #[must_use]
    pub fn get(&self) -> &Resv {
        self.0.chosen.get().unwrap_or(&self.0.own)
    }

    /// Whether the object is under a reservation of its own.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.0.chosen.get().is_none()
    }
}

/// A value protected by a reservation lock that is stored elsewhere.
///
/// # Invariants
///
/// The value is only reached with a guard of its reservation: shared with `&ResvGuard`, exclusively with
/// `&mut ResvGuard`. A guard of another reservation is a bug of the caller, and panics, as lockdep would report it.
#[derive(Debug)]
pub struct LockedBy<T> {
    slot: ResvSlot,
    value: AtomicRefCell<T>,
}

impl<T> LockedBy<T> {
    /// `value`, protected by whatever reservation `slot` holds.
    #[must_use]
    pub fn new(slot: &ResvSlot, value: T) -> Self {
        Self {
            slot: slot.clone(),
            value: AtomicRefCell::new(value),
        }
    }

    #[track_caller]
    fn check(&self, guard: &ResvGuard) {
        assert!(
            guard.locks(self.slot.get()),
            "the guard is of another reservation than the one that protects this value"
        );
    }

    /// Reads under the lock.
    #[track_caller]
    pub fn get<'a>(&'a self, guard: &'a ResvGuard) -> AtomicRef<'a, T> {
        self.check(guard);
        self.value.borrow()
    }

    /// Changes under the lock.
    #[track_caller]
    pub fn get_mut<'a>(&'a self, guard: &'a mut ResvGuard) -> AtomicRefMut<'a, T> {
        self.check(guard);
        self.value.borrow_mut()
    }

    /// Changes without the lock, while an object dies: its last reference is gone, so nobody else can hold the lock for it.
    #[track_caller]
    pub fn get_gone<'a>(&'a self, _gone: &'a Gone) -> AtomicRefMut<'a, T> {
        self.value.borrow_mut()
    }

    /// Reads without the lock, as code that races does: what it sees may be old the moment it is seen. `None` while
    /// somebody changes the value.
    #[must_use]
    pub fn peek(&self) -> Option<AtomicRef<'_, T>> {
        self.value.try_borrow().ok()
    }

    /// Changes without the lock, as code that races does. `None` while somebody else looks at the value.
    #[must_use]
    pub fn peek_mut(&self) -> Option<AtomicRefMut<'_, T>> {
        self.value.try_borrow_mut().ok()
    }
}
