//! `drm_gem_shmem_pin`, `_unpin`, their `_locked` forms, `put_pages`: one count for all of them.

use drm_core::errno::Errno;
use drm_core::gem;
use drm_core::machine::Fail;
use gem_shmem::legacy::{self, Plain, Subclass};

use crate::support::{PAGE, bench, counts};

#[test]
fn the_first_pin_gets_every_page_and_the_last_unpin_gives_them_back() {
    let bench = bench();
    let object = bench.object(4 * PAGE);
    for uses in 1..=3 {
        object.base().pin().expect("it can be pinned");
        assert_eq!(counts(&object), (uses, 0));
    }
    let entries = object
        .base()
        .racy()
        .pages
        .as_ref()
        .map(|pages| (pages.len(), pages.iter().flatten().count()));
    assert_eq!(entries, Some((4, 4)));
    for uses in [2, 1, 0] {
        assert!(object.base().racy().pages.is_some());
        object.base().unpin();
        assert_eq!(counts(&object), (uses, 0));
    }
    assert!(object.base().racy().pages.is_none());
    bench.quiet();
}

#[test]
fn pages_stay_in_the_file_after_the_last_unpin() {
    let bench = bench();
    let object = bench.object(4 * PAGE);
    object.base().pin().expect("it can be pinned");
    object.base().unpin();
    let file = object.base().base.filp().expect("it is an own object");
    assert_eq!((file.nr_resident(), bench.frames()), (4, 4));
}

#[test]
fn pinned_pages_are_not_swapped_out_and_unpinned_ones_are() {
    let bench = bench();
    let object = bench.object(4 * PAGE);
    object.base().pin().expect("it can be pinned");
    assert_eq!(bench.machine.swap_out(4), 0);
    object.base().unpin();
    assert_eq!(bench.machine.swap_out(4), 4);
}

#[test]
fn a_signal_while_waiting_interrupts_pin() {
    let bench = bench();
    let object = bench.object(PAGE);
    bench.fail(Fail::Signal);
    assert_eq!(object.base().pin(), Err(Errno::EINTR));
    assert_eq!(counts(&object), (0, 0));
    assert!(!object.base().base.resv().is_locked());
}

#[test]
fn pin_locked_does_not_wait_and_is_not_interrupted() {
    let bench = bench();
    let object = bench.object(PAGE);
    let mut guard = object.base().base.resv().lock();
    bench.fail(Fail::Signal);
    assert_eq!(object.base().pin_locked(&mut guard), Ok(()));
    bench.machine.failpoints().disarm();
    object.base().unpin_locked(&mut guard);
    drop(guard);
    assert_eq!(counts(&object), (0, 0));
}

#[test]
fn a_failed_pin_leaves_no_use_behind() {
    let bench = bench();
    let object = bench.object(4 * PAGE);
    for (kind, nth) in [(Fail::Alloc, 1), (Fail::PageAlloc, 1), (Fail::PageAlloc, 4)] {
        bench.machine.failpoints().fail_nth(kind, nth);
        assert_eq!(object.base().pin(), Err(Errno::ENOMEM), "{kind:?} {nth}");
        assert_eq!(counts(&object), (0, 0));
        assert!(object.base().racy().pages.is_none());
    }
    bench.machine.limit_commit(Some(0));
    let fresh = bench.object(PAGE);
    assert_eq!(fresh.base().pin(), Err(Errno::ENOSPC));
    assert_eq!(counts(&fresh), (0, 0));
    assert_eq!(
        bench.machine.swap_out(8),
        3,
        "what was read stays in the file, evictable"
    );
    bench.quiet();
}

#[test]
fn unpin_that_nobody_pinned_warns_once_and_changes_nothing() {
    let bench = bench();
    let object = bench.object(PAGE);
    object.base().unpin();
    bench.warned();
    object.base().unpin();
    bench.quiet();
    assert_eq!(counts(&object), (0, 0));
}

#[test]
fn put_pages_is_unpin_under_the_lock() {
    let bench = bench();
    let object = bench.object(PAGE);
    object.base().pin().expect("it can be pinned");
    let resv = object.base().base.resv().clone();
    object.base().put_pages(&mut resv.lock());
    assert_eq!(counts(&object), (0, 0));
    bench.quiet();
    object.base().put_pages(&mut resv.lock());
    bench.warned();
}

#[test]
fn pin_of_an_import_warns_and_is_invalid() {
    let bench = bench();
    let (_object, _, dma_buf) = bench.exported(PAGE);
    let (_, import) = bench.imported(&dma_buf);
    bench.quiet();
    assert_eq!(import.base().pin(), Err(Errno::EINVAL));
    // By pin, by pin_locked, and by the core, which has no file to read.
    assert_eq!(bench.marks(), (3, 0));
    assert_eq!(counts(&import), (0, 0));
    import.base().unpin();
    assert!(bench.marks().0 >= 1);
    assert_eq!(counts(&import), (0, 0));
}

#[test]
fn the_adapters_call_the_locked_forms() {
    let bench = bench();
    let object = bench.object(PAGE);
    let mut guard = object.base().base.resv().lock();
    gem::Object::pin(&*object, &mut guard).expect("it can be pinned");
    legacy::object_pin(object.base(), &mut guard).expect("it can be pinned");
    assert_eq!(object.base().locked(&mut guard).pages_use_count, 2);
    legacy::object_unpin(object.base(), &mut guard);
    gem::Object::unpin(&*object, &mut guard);
    assert_eq!(object.base().locked(&mut guard).pages_use_count, 0);
}

#[test]
fn marks_on_put_reach_the_file() {
    let config = drm_core::machine::Config {
        lose_clean_pages: true,
        ..Default::default()
    };
    let bench = crate::support::bench_with(config, Default::default());
    for (marked, kept) in [(false, 0), (true, 0x5a)] {
        let object: drm_core::gem::Gem<Plain> = bench.object(PAGE);
        object.base().pages_mark_dirty_on_put.set(marked);
        let mut guard = object.base().base.resv().lock();
        let map = object.base().vmap(&mut guard).expect("it can be mapped");
        map.map().write(0, &[0x5a]).expect("it is mapped");
        object.base().vunmap(&mut guard);
        assert_eq!(bench.machine.swap_out(1), 1);
        let map = object.base().vmap(&mut guard).expect("it can be mapped");
        let mut byte = [0];
        map.map().read(0, &mut byte).expect("it is mapped");
        assert_eq!(byte[0], kept, "marked: {marked}");
        object.base().vunmap(&mut guard);
        drop(guard);
    }
}
