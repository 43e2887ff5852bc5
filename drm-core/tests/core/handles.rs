//! Handles: numbers, references, permission to map, bad numbers.

use drm_core::device::core_nr;
use drm_core::errno::Errno;
use drm_core::gem::{HandleCount, Object as _};
use drm_core::machine::Fail;

use crate::support::bench;

#[test]
fn handles_are_the_lowest_free_numbers_from_1() {
    let bench = bench();
    let objects = bench.objects(4);
    let create = |i: usize| {
        bench
            .file
            .handle_create(&objects[i])
            .expect("it can be made")
    };
    assert_eq!([create(0), create(1), create(2)], [1, 2, 3]);
    bench.file.handle_delete(2).expect("it exists");
    bench.file.handle_delete(1).expect("it exists");
    assert_eq!([create(3), create(3), create(3)], [1, 2, 4]);
    assert_eq!(objects[3].gem().handle_count(), 3);
}

#[test]
fn all_handles_of_an_object_share_one_reference() {
    let bench = bench();
    let object = bench.buffer(1).into_dyn();
    let other = bench.dev.open().expect("it opens");
    for (file, refs) in [(&bench.file, 2), (&other, 2)] {
        file.handle_create(&object).expect("it can be made");
        assert_eq!(object.gem().refs(), refs);
    }
    bench.file.handle_delete(1).expect("it exists");
    assert_eq!((object.gem().refs(), object.gem().handle_count()), (2, 1));
    other.handle_delete(1).expect("it exists");
    assert_eq!((object.gem().refs(), object.gem().handle_count()), (1, 0));
}

#[test]
fn numbers_that_are_no_handles_change_nothing() {
    let bench = bench();
    let object = bench.buffer(1).into_dyn();
    let handle = bench.file.handle_create(&object).expect("it can be made");
    for bad in [0, handle + 1, u32::MAX, u32::MAX - 1, 1 << 31] {
        assert!(bench.file.lookup(bad).is_none());
        assert_eq!(bench.file.handle_delete(bad), Err(Errno::EINVAL));
        assert_eq!(bench.file.dumb_map_offset(bad), Err(Errno::ENOENT));
        assert_eq!(bench.file.export(bad, true).err(), Some(Errno::ENOENT));
        assert_eq!(bench.file.flink(bad), Err(Errno::ENOENT));
        let mut arg = [bad.to_ne_bytes(), [0; 4]].concat();
        assert_eq!(
            bench.file.ioctl(core_nr::GEM_CLOSE.raw(), &mut arg),
            Err(Errno::EINVAL)
        );
    }
    assert_eq!((object.gem().refs(), object.gem().handle_count()), (2, 1));
    bench.quiet();
}

#[test]
fn a_handle_is_closed_once() {
    let bench = bench();
    let handle = bench
        .file
        .handle_create(&bench.buffer(1).into_dyn())
        .expect("it can be made");
    assert_eq!(bench.file.handle_delete(handle), Ok(()));
    assert_eq!(bench.file.handle_delete(handle), Err(Errno::EINVAL));
    assert_eq!(bench.dev.object_count(), 0);
}

#[test]
fn another_file_does_not_know_the_handle() {
    let bench = bench();
    let object = bench.buffer(1).into_dyn();
    let handle = bench.file.handle_create(&object).expect("it can be made");
    let other = bench.dev.open().expect("it opens");
    assert!(other.lookup(handle).is_none());
    assert_eq!(other.handle_delete(handle), Err(Errno::EINVAL));
    assert!(object.gem().node().is_allowed(bench.file.tag()));
    assert!(!object.gem().node().is_allowed(other.tag()));
}

#[test]
fn a_handle_that_cannot_be_made_leaves_nothing_behind() {
    let bench = bench();
    let object = bench.buffer(1);
    let dyn_object = object.clone().into_dyn();
    bench.machine.failpoints().fail_nth(Fail::Alloc, 1);
    assert_eq!(bench.file.handle_create(&dyn_object), Err(Errno::ENOMEM));
    *object.opens.lock() = Err(Errno::EBUSY);
    assert_eq!(
        bench.file.handle_create(&dyn_object),
        Err(Errno::EBUSY),
        "the driver's open"
    );
    assert_eq!((object.gem().handle_count(), object.gem().refs()), (0, 2));
    assert!(!object.gem().node().is_allowed(bench.file.tag()));
    *object.opens.lock() = Ok(());
    assert_eq!(
        bench.file.handle_create(&dyn_object),
        Ok(1),
        "the number is free again"
    );
}

#[test]
fn closing_the_file_closes_every_handle() {
    let bench = bench();
    let file = bench.dev.open().expect("it opens");
    for object in bench.objects(5) {
        file.handle_create(&object).expect("it can be made");
    }
    assert_eq!((bench.dev.object_count(), bench.dev.file_count()), (5, 2));
    let copy = file.clone();
    drop(file);
    assert_eq!(
        bench.dev.object_count(),
        5,
        "a copy of the descriptor is left"
    );
    drop(copy);
    assert_eq!((bench.dev.object_count(), bench.dev.file_count()), (0, 1));
    bench.quiet();
}

#[test]
fn the_kernel_can_count_a_handle_of_its_own_if_there_is_one() {
    let bench = bench();
    let object = bench.buffer(1).into_dyn();
    assert!(HandleCount::get_if_exists(&object).is_none());
    let handle = bench.file.handle_create(&object).expect("it can be made");
    let held = HandleCount::get_if_exists(&object).expect("it has a handle");
    let dma_buf = bench.file.export(handle, true).expect("it can be exported");
    drop(dma_buf);
    bench.file.handle_delete(handle).expect("it exists");
    assert!(object.gem().has_dma_buf(), "while it is on screen");
    drop(held);
    assert!(!object.gem().has_dma_buf());
    assert_eq!((object.gem().handle_count(), object.gem().refs()), (0, 1));
}

#[test]
fn a_look_up_takes_one_step_however_many_handles_there_are() {
    let bench = bench();
    let objects = bench.objects(10_000);
    for object in &objects {
        bench.file.handle_create(object).expect("it can be made");
    }
    let before = bench.machine.counters().snapshot();
    for handle in [1, 5_000, 10_000] {
        assert!(bench.file.lookup(handle).is_some());
    }
    let done = bench.machine.counters().snapshot() - before;
    assert_eq!((done.handle_lookups, done.handle_steps), (3, 3));
}
