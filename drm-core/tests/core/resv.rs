//! The reservation: who may hold it, and what it protects.

use drm_core::errno::Errno;
use drm_core::machine::Fail;
use drm_core::resv::{LockedBy, Resv, ResvSlot};

use crate::support::bench;

#[test]
fn a_lock_that_is_held_cannot_be_tried_and_contention_is_counted() {
    let bench = bench();
    let resv = Resv::new(&bench.machine);
    let before = bench.machine.counters().snapshot();
    let guard = resv.lock();
    assert!(resv.is_locked() && resv.try_lock().is_none());
    drop(guard);
    assert!(!resv.is_locked() && resv.try_lock().is_some());
    let done = bench.machine.counters().snapshot() - before;
    assert_eq!((done.resv_locked, done.resv_contended), (2, 1));
}

#[test]
fn a_signal_interrupts_the_wait() {
    let bench = bench();
    let resv = Resv::new(&bench.machine);
    bench.machine.failpoints().fail_nth(Fail::Signal, 1);
    assert_eq!(resv.lock_interruptible().err(), Some(Errno::EINTR));
    assert!(resv.lock_interruptible().is_ok());
}

#[test]
fn another_reservation_can_be_chosen_once() {
    let bench = bench();
    let slot = ResvSlot::new(&bench.machine);
    let (shared, late) = (Resv::new(&bench.machine), Resv::new(&bench.machine));
    assert!(slot.is_own());
    assert!(slot.choose(shared.clone()) && !slot.choose(late));
    assert!(slot.get().is(&shared) && !slot.is_own());
}

#[test]
fn what_is_protected_opens_with_the_chosen_lock() {
    let bench = bench();
    let slot = ResvSlot::new(&bench.machine);
    let value = LockedBy::new(&slot, 1);
    let shared = Resv::new(&bench.machine);
    slot.choose(shared.clone());
    let mut guard = shared.lock();
    *value.get_mut(&mut guard) += 1;
    assert_eq!(*value.get(&guard), 2);
}

#[test]
#[should_panic(expected = "another reservation")]
fn a_guard_of_another_lock_is_a_bug() {
    let bench = bench();
    let value = LockedBy::new(&ResvSlot::new(&bench.machine), 1);
    let other = Resv::new(&bench.machine);
    let _ = value.get(&other.lock());
}

#[test]
fn a_racing_look_fails_only_while_somebody_changes_the_value() {
    let bench = bench();
    let slot = ResvSlot::new(&bench.machine);
    let value = LockedBy::new(&slot, 1);
    let mut guard = slot.get().lock();
    let changing = value.get_mut(&mut guard);
    assert!(value.peek().is_none() && value.peek_mut().is_none());
    drop(changing);
    assert!(value.peek().is_some());
}
