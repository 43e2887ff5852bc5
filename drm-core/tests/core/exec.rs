//! `drm_exec`: sets of locks without deadlock.

use std::thread;

use drm_core::errno::Errno;
use drm_core::exec::{Exec, Flags};
use drm_core::gem::Gem;
use drm_core::gpuvm::LockSet;
use drm_core::machine::Fail;
use drm_core::resv::{FenceContext, Ticket, Usage};
use drm_core::sync::Arc;
use drm_core::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Bench, bench};

fn locked(objects: &[Gem]) -> Vec<bool> {
    objects
        .iter()
        .map(|object| object.gem().resv().is_locked())
        .collect()
}

#[test]
fn everything_is_locked_and_referenced_until_the_set_is_dropped() {
    let bench = bench();
    let objects = bench.objects(3);
    let mut exec = Exec::new(Flags::empty());
    exec.until_all_locked(|exec| exec.prepare_all(&objects, 0))
        .expect("nobody is in the way");
    assert_eq!(locked(&objects), [true; 3]);
    assert!(objects.iter().all(|object| object.gem().refs() == 2));
    let order: Vec<_> = exec.objects().zip(&objects).map(|(a, b)| a.is(b)).collect();
    assert_eq!(order, [true; 3]);
    drop(exec);
    assert_eq!(locked(&objects), [false; 3]);
    assert!(objects.iter().all(|object| object.gem().refs() == 1));
    bench.quiet();
}

#[test]
fn an_object_twice_is_an_error_unless_duplicates_are_ignored() {
    let bench = bench();
    let objects = bench.objects(1);
    let twice = [objects[0].clone(), objects[0].clone()];
    let mut exec = Exec::new(Flags::empty());
    let result = exec.until_all_locked(|exec| exec.prepare_all(&twice, 0));
    assert_eq!(result, Err(Errno::EALREADY));
    assert_eq!(
        exec.objects().len(),
        1,
        "the first stays locked until the set goes"
    );
    drop(exec);
    let mut exec = Exec::new(Flags::IGNORE_DUPLICATES);
    let result = exec.until_all_locked(|exec| exec.prepare_all(&twice, 0));
    assert_eq!(result, Ok(()));
    assert_eq!(exec.objects().len(), 1);
}

#[test]
fn two_objects_that_share_a_reservation_are_duplicates() {
    let bench = bench();
    let objects = bench.objects(2);
    objects[1]
        .gem()
        .resv_slot()
        .choose(objects[0].gem().resv().clone());
    let mut exec = Exec::new(Flags::empty());
    let result = exec.until_all_locked(|exec| exec.prepare_all(&objects, 0));
    assert_eq!(result, Err(Errno::EALREADY));
    drop(exec);
    let mut exec = Exec::new(Flags::IGNORE_DUPLICATES);
    exec.until_all_locked(|exec| exec.prepare_all(&objects, 0))
        .expect("ignored");
    assert!(exec.guard(&objects[1]).is_some(), "by the other object");
}

#[test]
fn a_signal_ends_an_interruptible_wait_alone() {
    let bench = bench();
    let objects = bench.objects(1);
    for (flags, answer) in [
        (Flags::INTERRUPTIBLE_WAIT, Err(Errno::EINTR)),
        (Flags::empty(), Ok(())),
    ] {
        bench.machine.failpoints().fail_nth(Fail::Signal, 1);
        let mut exec = Exec::new(flags);
        assert_eq!(exec.until_all_locked(|exec| exec.lock(&objects[0])), answer);
        bench.machine.failpoints().disarm();
    }
    assert_eq!(locked(&objects), [false]);
}

#[test]
fn prepare_makes_room_for_fences() {
    let bench = bench();
    let objects = bench.objects(2);
    let mut exec = Exec::new(Flags::empty());
    exec.until_all_locked(|exec| exec.prepare_all(&objects, 2))
        .expect("nobody is in the way");
    for object in &objects {
        let guard = exec.guard(object).expect("it is locked");
        for usage in [Usage::Write, Usage::Bookkeep] {
            guard.add_fence(&FenceContext::new().fence(), usage);
        }
    }
    bench.quiet();
    let guard = exec.guard(&objects[0]).expect("it is locked");
    guard.add_fence(&FenceContext::new().fence(), Usage::Read);
    bench.warned();
}

#[test]
fn without_memory_for_fences_the_object_is_unlocked_again() {
    let bench = bench();
    let objects = bench.objects(2);
    let mut exec = Exec::new(Flags::empty());
    bench.machine.failpoints().fail_nth(Fail::Alloc, 2);
    let result = exec.until_all_locked(|exec| exec.prepare_all(&objects, 1));
    assert_eq!(result, Err(Errno::ENOMEM));
    assert_eq!(locked(&objects), [true, false]);
    assert_eq!(objects[1].gem().refs(), 1);
}

#[test]
fn the_set_grows_and_growing_can_fail() {
    let bench = bench();
    let objects = bench.objects(513);
    let mut exec = Exec::new(Flags::empty());
    bench.machine.failpoints().fail_nth(Fail::Alloc, 1);
    let lock_all = |exec: &mut Exec| objects.iter().try_for_each(|object| exec.lock(object));
    assert_eq!(exec.until_all_locked(lock_all), Err(Errno::ENOMEM));
    assert_eq!(exec.objects().len(), 512);
    assert!(!objects[512].gem().resv().is_locked());
    drop(exec);
    let mut exec = Exec::new(Flags::empty());
    assert_eq!(exec.until_all_locked(lock_all), Ok(()));
}

#[test]
fn one_object_can_be_taken_out() {
    let bench = bench();
    let objects = bench.objects(3);
    let mut exec = Exec::new(Flags::empty());
    exec.until_all_locked(|exec| exec.prepare_all(&objects, 0))
        .expect("nobody is in the way");
    exec.unlock(&objects[1]);
    exec.unlock(&objects[1]);
    assert_eq!(locked(&objects), [true, false, true]);
    assert_eq!((exec.objects().len(), objects[1].gem().refs()), (2, 1));
}

#[test]
fn the_last_reference_may_be_the_sets() {
    let bench = bench();
    let mut objects = bench.objects(2);
    let mut exec = Exec::new(Flags::empty());
    exec.until_all_locked(|exec| exec.prepare_all(&objects, 0))
        .expect("nobody is in the way");
    objects.clear();
    assert_eq!(bench.dev.object_count(), 2);
    drop(exec);
    assert_eq!(bench.dev.object_count(), 0);
}

/// An older transaction holds object 1; the younger one, which holds object 0, must let go of it.
#[test]
fn the_younger_transaction_gives_way_and_begins_again_with_what_it_waited_for() {
    let bench = bench();
    let objects = bench.objects(3);
    let (rounds, let_go) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let older = Ticket::new();
    let held = objects[1]
        .gem()
        .resv()
        .lock_ticket(&older)
        .expect("it is free");
    thread::scope(|scope| {
        let younger = scope.spawn(|| {
            let mut exec = Exec::new(Flags::empty());
            let result = exec.until_all_locked(|exec| {
                rounds.fetch_add(1, Ordering::SeqCst);
                let result = exec.prepare_all(&objects, 0);
                if result == Err(Errno::EDEADLK) {
                    let_go.fetch_add(1, Ordering::SeqCst);
                }
                result
            });
            (result, exec.objects().len(), locked(&objects))
        });
        // The older one can have object 0: the younger does not wait for object 1 while it holds object 0.
        let zero = objects[0]
            .gem()
            .resv()
            .lock_ticket(&older)
            .expect("older waits, and gets it");
        drop((zero, held));
        let (result, set, now) = younger.join().expect("it ends");
        assert_eq!((result, set, now), (Ok(()), 3, vec![true; 3]));
    });
    assert_eq!(
        let_go.load(Ordering::SeqCst),
        rounds.load(Ordering::SeqCst) - 1
    );
    assert_eq!(locked(&objects), [false; 3]);
    bench.quiet();
}

#[test]
fn a_transaction_that_holds_nothing_waits_even_for_an_older_one() {
    let bench = bench();
    let objects = bench.objects(1);
    let older = Ticket::new();
    let held = objects[0]
        .gem()
        .resv()
        .lock_ticket(&older)
        .expect("it is free");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let younger = Ticket::new();
            let guard = objects[0].gem().resv().lock_ticket(&younger);
            guard.map(|_| younger.acquired())
        });
        drop(held);
        assert_eq!(waiting.join().expect("it ends"), Ok(1));
    });
}

#[test]
fn an_older_ticket_holding_a_lock_is_not_refused_by_a_younger_one() {
    let bench = bench();
    let objects = bench.objects(2);
    let (older, younger) = (Ticket::new(), Ticket::new());
    assert!(older.stamp() < younger.stamp());
    let resv = |i: usize| objects[i].gem().resv();
    let mine = resv(0).lock_ticket(&older).expect("it is free");
    let theirs = resv(1).lock_ticket(&younger).expect("it is free");
    assert_eq!(resv(0).lock_ticket(&older).err(), Some(Errno::EALREADY));
    assert_eq!(resv(0).lock_ticket(&younger).err(), Some(Errno::EDEADLK));
    assert_eq!((older.acquired(), younger.acquired()), (1, 1));
    drop(theirs);
    assert!(resv(1).lock_ticket(&older).is_ok());
    drop(mine);
    assert_eq!((older.acquired(), younger.acquired()), (0, 0));
}

#[test]
fn transactions_in_opposite_orders_all_end() {
    let bench = bench();
    let objects = bench.objects(8);
    let backwards: Vec<_> = objects.iter().rev().cloned().collect();
    let inside = AtomicUsize::new(0);
    let work = |order: &[Gem]| {
        for _ in 0..200 {
            let mut exec = Exec::new(Flags::empty());
            exec.until_all_locked(|exec| exec.prepare_all(order, 1))
                .expect("it ends");
            assert_eq!(
                inside.fetch_add(1, Ordering::SeqCst),
                0,
                "two hold the same locks"
            );
            inside.fetch_sub(1, Ordering::SeqCst);
        }
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| work(&objects));
            scope.spawn(|| work(&backwards));
        }
    });
    assert_eq!(locked(&objects), [false; 8]);
    assert!(
        objects.iter().all(|object| object.gem().refs() == 2),
        "one of each list"
    );
}

#[test]
fn the_set_is_what_an_address_space_locks_with() {
    fn prepare(set: &mut impl LockSet, bench: &Bench) -> (bool, bool) {
        let objects = bench.objects(2);
        set.prepare(&objects[0], 1).expect("nobody is in the way");
        (
            set.holds(objects[0].gem().resv()),
            set.holds(objects[1].gem().resv()),
        )
    }
    let bench = bench();
    let mut exec = Exec::new(Flags::IGNORE_DUPLICATES);
    let held = exec.until_all_locked(|exec| Ok(prepare(exec, &bench)));
    assert_eq!(held, Ok((true, false)));
}

#[test]
fn a_contended_object_that_is_not_asked_for_again_is_let_go() {
    let bench = bench();
    let objects = bench.objects(2);
    let older = Ticket::new();
    let held = Arc::new(drm_core::sync::Mutex::new(
        objects[1].gem().resv().lock_ticket(&older).ok(),
    ));
    let mut exec = Exec::new(Flags::empty());
    let mut round = 0;
    let result = exec.until_all_locked(|exec| {
        round += 1;
        exec.lock(&objects[0])?;
        if round == 1 {
            let refused = exec.lock(&objects[1]);
            assert_eq!(refused, Err(Errno::EDEADLK));
            held.lock().take();
            refused?;
        }
        Ok(())
    });
    assert_eq!((result, round), (Ok(()), 2));
    assert_eq!(locked(&objects), [true, false]);
    assert_eq!(objects[1].gem().refs(), 1);
}
