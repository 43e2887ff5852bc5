//! `drm_gem_shmem_create`: the fresh object, and every size that cannot be.

use drm_core::errno::Errno;
use drm_core::machine::Fail;
use gem_shmem::legacy::{self, Plain, Subclass};

use crate::support::{PAGE, bench};

#[test]
fn create_gives_one_reference_and_nothing_else() {
    let bench = bench();
    let object = bench.object(3 * PAGE);
    let base = object.base();
    assert_eq!(base.base.size(), 3 * PAGE);
    assert_eq!(base.base.refs(), 1);
    assert_eq!(base.base.handle_count(), 0);
    assert!(base.base.filp().is_some());
    assert!(base.base.node().offset().is_some());
    assert!(!base.base.is_imported() && !base.base.has_dma_buf());
    assert!(!base.madv_list.is_linked() && !base.map_wc.get());
    assert!(!base.pages_mark_dirty_on_put.get() && !base.pages_mark_accessed_on_put.get());
    let fields = base.racy();
    assert_eq!(
        (fields.pages_use_count, fields.vmap_use_count, fields.madv),
        (0, 0, 0)
    );
    assert!(fields.pages.is_none() && fields.sgt.is_none() && fields.vaddr.is_none());
    bench.quiet();
}

#[test]
fn create_allocates_no_page() {
    let bench = bench();
    let _object = bench.object(1 << 32);
    assert_eq!(bench.frames(), 0);
}

#[test]
fn create_rounds_the_size_up_to_pages() {
    let bench = bench();
    for (asked, given) in [
        (1, PAGE),
        (PAGE - 1, PAGE),
        (PAGE, PAGE),
        (PAGE + 1, 2 * PAGE),
    ] {
        assert_eq!(bench.object(asked).base().base.size(), given);
    }
}

#[test]
fn create_of_size_0_finds_no_room() {
    let bench = bench();
    let created = legacy::create::<Plain>(&bench.dev, 0);
    assert_eq!(created.err(), Some(Errno::ENOSPC));
    assert_eq!(bench.dev.object_count(), 0);
}

#[test]
fn create_of_a_size_that_wraps_is_one_of_size_0() {
    let bench = bench();
    for size in [u64::MAX, u64::MAX - PAGE + 2] {
        let created = legacy::create::<Plain>(&bench.dev, size);
        assert_eq!(created.err(), Some(Errno::ENOSPC), "{size:#x}");
    }
    assert_eq!(bench.dev.object_count(), 0);
}

#[test]
fn create_of_a_size_that_no_file_can_have_is_invalid() {
    let bench = bench();
    for size in [1 << 63, (1 << 63) + 1, i64::MAX as u64, u64::MAX - 2 * PAGE] {
        let created = legacy::create::<Plain>(&bench.dev, size);
        assert_eq!(created.err(), Some(Errno::EINVAL), "{size:#x}");
    }
    assert_eq!(bench.dev.object_count(), 0);
}

#[test]
fn create_finds_no_room_beyond_the_offset_space() {
    let bench = bench();
    for size in [1 << 40, 1 << 62] {
        let created = legacy::create::<Plain>(&bench.dev, size);
        assert_eq!(created.err(), Some(Errno::ENOSPC), "{size:#x}");
    }
    let _most = bench.object(0xfff_ff00 * PAGE);
    let created = legacy::create::<Plain>(&bench.dev, PAGE);
    assert_eq!(created.err(), Some(Errno::ENOSPC), "the space is full");
    assert_eq!(bench.dev.object_count(), 1);
}

#[test]
fn create_without_memory_leaves_nothing_behind() {
    let bench = bench();
    bench.fail(Fail::Alloc);
    let created = legacy::create::<Plain>(&bench.dev, PAGE);
    assert_eq!(created.err(), Some(Errno::ENOMEM));
    assert_eq!(bench.dev.object_count(), 0);
    let next = bench.object(PAGE);
    assert_eq!(
        next.base().base.node().offset(),
        Some(1 << 32),
        "no offset was lost"
    );
}

#[test]
fn offsets_begin_at_4_gib_and_follow_each_other() {
    let bench = bench();
    let objects = [
        bench.object(4 * PAGE),
        bench.object(PAGE),
        bench.object(PAGE),
    ];
    let offsets = objects
        .each_ref()
        .map(|object| object.base().base.node().offset());
    let first = 1 << 32;
    assert_eq!(
        offsets,
        [first, first + 4 * PAGE, first + 5 * PAGE].map(Some)
    );
}

#[test]
fn a_private_object_has_no_file() {
    let bench = bench();
    let object = legacy::create_private::<Plain>(&bench.dev, PAGE + 1).expect("it can be made");
    assert_eq!(object.base().base.size(), 2 * PAGE);
    assert!(object.base().base.filp().is_none());
    assert!(object.base().base.node().offset().is_some());
    let created = legacy::create_private::<Plain>(&bench.dev, 0);
    assert_eq!(created.err(), Some(Errno::ENOSPC));
}
