//! LRU lists, and scanning them (`drm_gem_lru`).

use drm_core::gem::{Gem, Object as _};

use crate::support::{Bench, Buffer, bench};

fn fill(bench: &Bench, lru: &drm_core::gem::Lru, sizes: &[u64]) -> Vec<Gem<Buffer>> {
    let objects: Vec<_> = sizes.iter().map(|pages| bench.buffer(*pages)).collect();
    objects
        .iter()
        .for_each(|object| lru.move_tail(object.gem()));
    objects
}

/// The order in which a scan visits, by position in `objects`.
fn order(lru: &drm_core::gem::Lru, objects: &[Gem<Buffer>]) -> Vec<usize> {
    let mut seen = Vec::new();
    lru.scan(u64::MAX, |object, _| {
        seen.extend(objects.iter().position(|known| known.is(object)));
        false
    });
    seen
}

#[test]
fn a_list_counts_pages_whether_they_are_resident_or_not() {
    let bench = bench();
    let lru = bench.dev.lru_lock().new_list();
    let objects = fill(&bench, &lru, &[3, 5]);
    assert_eq!(lru.pages(), 8);
    objects[0].gem().lru().leave(objects[0].gem());
    objects[0].gem().lru().leave(objects[0].gem());
    assert_eq!(lru.pages(), 5);
    drop(objects);
    assert_eq!(lru.pages(), 0, "an object leaves when it dies");
}

#[test]
fn an_object_is_in_one_list() {
    let bench = bench();
    let (one, two) = (
        bench.dev.lru_lock().new_list(),
        bench.dev.lru_lock().new_list(),
    );
    let objects = fill(&bench, &one, &[2]);
    two.move_tail(objects[0].gem());
    assert_eq!((one.pages(), two.pages()), (0, 2));
    assert!(
        objects[0]
            .gem()
            .lru()
            .list()
            .is_some_and(|list| list.is(&two) && !list.is(&one))
    );
}

#[test]
fn a_list_is_there_while_somebody_has_it_or_it_lists_something() {
    let bench = bench();
    let lock = bench.dev.lru_lock();
    let before = lock.lists();
    let (one, two) = (lock.new_list(), lock.new_list());
    let objects = fill(&bench, &one, &[2]);
    drop(one);
    assert_eq!(lock.lists(), before + 2);
    two.move_tail(objects[0].gem());
    assert_eq!(lock.lists(), before + 1);
    drop(two);
    assert_eq!(lock.lists(), before + 1);
    drop(objects);
    assert_eq!(lock.lists(), before);
}

#[test]
fn a_scan_goes_from_the_least_recently_used_and_keeps_the_order() {
    let bench = bench();
    let lru = bench.dev.lru_lock().new_list();
    let objects = fill(&bench, &lru, &[1, 1, 1]);
    assert_eq!(order(&lru, &objects), [0, 1, 2]);
    assert_eq!(order(&lru, &objects), [0, 1, 2]);
    lru.move_tail(objects[0].gem());
    assert_eq!(order(&lru, &objects), [1, 2, 0]);
}

#[test]
fn what_was_visited_and_stays_goes_behind_what_was_not() {
    let bench = bench();
    let (lru, freed) = (
        bench.dev.lru_lock().new_list(),
        bench.dev.lru_lock().new_list(),
    );
    let objects = fill(&bench, &lru, &[1, 1, 1, 1]);
    let mut visits = 0;
    let scan = lru.scan(1, |object, _| {
        visits += 1;
        let shrunk = visits == 2;
        if shrunk {
            freed.move_tail(object.gem());
        }
        shrunk
    });
    assert_eq!(
        (visits, scan.freed, scan.remaining),
        (2, 1, 1),
        "it ends when enough is freed"
    );
    assert_eq!(order(&lru, &objects), [2, 3, 0]);
}

#[test]
fn the_limit_is_of_pages_freed_not_of_visits() {
    let bench = bench();
    let (lru, gone) = (
        bench.dev.lru_lock().new_list(),
        bench.dev.lru_lock().new_list(),
    );
    let _objects = fill(&bench, &lru, &[4, 4, 4]);
    let scan = lru.scan(5, |object, _| {
        gone.move_tail(object.gem());
        true
    });
    assert_eq!(
        (scan.freed, scan.remaining, lru.pages(), gone.pages()),
        (8, 0, 4, 8)
    );
}

#[test]
fn a_locked_object_remains_and_is_not_offered() {
    let bench = bench();
    let lru = bench.dev.lru_lock().new_list();
    let objects = fill(&bench, &lru, &[2, 3]);
    let guard = objects[0].gem().resv().lock();
    assert_eq!(order(&lru, &objects), [1]);
    let scan = lru.scan(1, |_, _| false);
    assert_eq!((scan.freed, scan.remaining), (0, 5));
    drop(guard);
    assert_eq!(order(&lru, &objects), [0, 1]);
    bench.quiet();
}

#[test]
fn what_is_shrunk_must_leave_the_list() {
    let bench = bench();
    let lru = bench.dev.lru_lock().new_list();
    let _objects = fill(&bench, &lru, &[1]);
    assert_eq!(lru.scan(1, |_, _| true).freed, 1);
    bench.warned();
    lru.scan(1, |object, _| {
        lru.move_tail(object.gem());
        true
    });
    bench.warned();
}

#[test]
fn what_left_without_being_shrunk_does_not_remain() {
    let bench = bench();
    let (lru, other) = (
        bench.dev.lru_lock().new_list(),
        bench.dev.lru_lock().new_list(),
    );
    let _objects = fill(&bench, &lru, &[1]);
    let scan = lru.scan(1, |object, _| {
        other.move_tail(object.gem());
        false
    });
    assert_eq!((scan.freed, scan.remaining), (0, 0));
    bench.quiet();
}

#[test]
fn the_last_reference_may_go_during_a_scan() {
    let bench = bench();
    let lru = bench.dev.lru_lock().new_list();
    let mut objects = fill(&bench, &lru, &[1, 1]);
    let scan = lru.scan(2, |object, _| {
        // Somebody else drops it meanwhile; the scan's reference is the last.
        objects.retain(|known| !known.is(object));
        false
    });
    assert_eq!(scan.remaining, 2);
    assert_eq!((bench.dev.object_count(), lru.pages()), (0, 0));
}
