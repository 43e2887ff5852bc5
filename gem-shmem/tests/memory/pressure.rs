//! A small RAM: a shrinker purges what was given up, least recently used first, and nothing else is lost.

use drm_core::errno::Errno;
use drm_core::gem::{Gem, Lru};
use drm_core::machine::{Config, Machine, ScanResult, ShrinkControl, Shrinker};
use drm_core::resv::{FenceContext, Usage};
use drm_core::sync::Arc;
use gem_shmem::legacy::{Plain, Subclass};

use crate::library::{LIBRARIES, Library, PAGE, Side, assert_all, contents, fill, machine, small};

/// Purges idle objects of a list, as drivers of the base class do.
struct Purger(Lru);

impl Shrinker for Purger {
    fn name(&self) -> &str {
        "purger"
    }

    fn count(&self, _control: ShrinkControl) -> u64 {
        self.0.pages()
    }

    fn scan(&self, control: ShrinkControl) -> ScanResult {
        let scan = self.0.scan(control.nr_to_scan, |object, guard| {
            let Some(plain) = object.downcast::<Plain>() else {
                return false;
            };
            let idle = object.gem().resv().test_signaled(Usage::Bookkeep);
            if !idle || !plain.base().is_purgeable() {
                return false;
            }
            plain.base().purge(guard);
            object.gem().lru().leave(object.gem());
            true
        });
        ScanResult::Freed(scan.freed)
    }
}

struct Bench {
    machine: Machine,
    side: Side,
    lru: Lru,
    _shrinker: Arc<dyn Shrinker>,
}

/// 64 pages of RAM, and no swap.
fn bench() -> Bench {
    let machine = machine(Config {
        ram: 64 * PAGE,
        swap: 0,
        ..Config::default()
    });
    let side = Side::new(&machine, Library::Legacy);
    let lru = side.dev.lru_lock().new_list();
    let shrinker: Arc<dyn Shrinker> = Arc::new(Purger(lru.clone()));
    machine.register_shrinker(&shrinker);
    Bench {
        machine,
        side,
        lru,
        _shrinker: shrinker,
    }
}

impl Bench {
    /// An object whose contents its owner can do without.
    fn given_up(&self, pages: u64, value: u8) -> Gem<Plain> {
        let (object, _) = self.side.object(pages);
        fill(&object, value).expect("there is memory");
        let plain: Gem<Plain> = object.downcast().expect("it is a plain object");
        plain.base().get_pages_sgt().expect("it can be made");
        plain.base().madvise(&mut object.gem().resv().lock(), 1);
        self.lru.move_tail(object.gem());
        plain
    }
}

fn madv(object: &Gem<Plain>) -> i32 {
    object.base().racy().madv
}

#[test]
fn memory_comes_from_what_was_given_up_longest_ago() {
    let bench = bench();
    let given_up: Vec<_> = (0..3).map(|value| bench.given_up(16, value)).collect();
    let (kept, _) = bench.side.object(10);
    fill(&kept, 0x99).expect("there is memory");
    bench.lru.move_tail(&given_up[0].base().base);
    let (wanted, _) = bench.side.object(20);
    fill(&wanted, 0x42).expect("the shrinker makes room");
    assert_eq!(
        [0, 1, 2].map(|i: usize| madv(&given_up[i])),
        [1, -1, -1],
        "0 was used since"
    );
    assert_all(&contents(&kept).expect("it is there"), 0x99, "not given up");
    assert_all(&contents(&wanted).expect("it is there"), 0x42, "its own");
    assert!(bench.machine.trace().take().is_empty());
}

#[test]
fn an_object_in_use_by_a_job_is_passed_by() {
    let bench = bench();
    let (busy, idle) = (bench.given_up(16, 1), bench.given_up(16, 2));
    let fence = FenceContext::new().fence();
    let mut guard = busy.base().base.resv().lock();
    guard.reserve_fences(1).expect("there is memory");
    guard.add_fence(&fence, Usage::Read);
    drop(guard);
    let (wanted, _) = bench.side.object(40);
    fill(&wanted, 0x42).expect("the shrinker makes room");
    assert_eq!((madv(&busy), madv(&idle)), (1, -1));
    fence.signal();
    assert_eq!(bench.machine.shrink_slab(1, ShrinkControl::direct(1)), 16);
    assert_eq!(madv(&busy), -1);
}

#[test]
fn an_object_is_not_purged_for_its_own_pages() {
    let bench = bench();
    let own = bench.given_up(40, 1);
    let mut guard = own.base().base.resv().lock();
    own.base().purge(&mut guard);
    drop(guard);
    // Under its own lock it asks for more than there is, and is still listed.
    let (rest, _) = bench.side.object(40);
    fill(&rest, 3).expect("there is memory");
    assert!(own.base().pin().is_err());
    assert_eq!(own.base().racy().pages_use_count, 0);
    assert_all(&contents(&rest).expect("it is there"), 3, "kept");
    assert!(!own.base().base.resv().is_locked());
}

#[test]
fn advice_that_was_taken_back_keeps_the_contents() {
    let bench = bench();
    let object = bench.given_up(32, 0x31);
    object
        .base()
        .madvise(&mut object.base().base.resv().lock(), 0);
    let (wanted, _) = bench.side.object(40);
    assert_eq!(
        fill(&wanted, 1),
        Err(Errno::ENOMEM),
        "nothing may be purged"
    );
    let dyn_object = object.clone().into_dyn();
    assert_all(&contents(&dyn_object).expect("it is there"), 0x31, "kept");
}

#[test]
fn a_failed_allocation_leaves_ram_as_it_was() {
    for library in LIBRARIES {
        let machine = machine(Config {
            ram: 64 * PAGE,
            swap: 0,
            ..Config::default()
        });
        let side = Side::new(&machine, library);
        let (kept, _) = side.object(40);
        fill(&kept, 7).expect("there is memory");
        let (too_much, handle) = side.object(40);
        for _ in 0..3 {
            assert_eq!(fill(&too_much, 1), Err(Errno::ENOMEM));
        }
        assert_all(&contents(&kept).expect("it is there"), 7, "kept");
        drop(too_much);
        side.file.handle_delete(handle).expect("it exists");
        assert_eq!(machine.frames().stats().used, 40);
        assert!(machine.trace().take().is_empty());
    }
}

#[test]
fn with_swap_more_objects_than_ram_are_used_in_turn() {
    for library in LIBRARIES {
        let machine = small();
        let side = Side::new(&machine, library);
        let objects: Vec<_> = (0..4).map(|_| side.object(40).0).collect();
        for round in 0..3 {
            for (value, object) in (0..).zip(&objects) {
                if round > 0 {
                    assert_all(&contents(object).expect("others go out"), value, "kept");
                }
                fill(object, value).expect("others go out");
            }
        }
        assert!(machine.counters().swapped_in.get() > 0);
        assert!(machine.trace().take().is_empty());
    }
}
