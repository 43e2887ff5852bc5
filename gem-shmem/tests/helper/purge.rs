//! `drm_gem_shmem_purge`.

use drm_core::errno::Errno;
use drm_core::gem::Gem;
use gem_shmem::legacy::{Plain, Subclass};

use crate::support::{Bench, PAGE, bench, counts};

/// An object that may be purged, with a handle; page 1 begins with 0x5a.
fn purgeable(bench: &Bench) -> (Gem<Plain>, u32) {
    let object = bench.object(4 * PAGE);
    let handle = bench.handle(&object);
    object.base().get_pages_sgt().expect("it can be made");
    let mut guard = object.base().base.resv().lock();
    let map = object.base().vmap(&mut guard).expect("it can be mapped");
    map.map().write(PAGE, &[0x5a]).expect("it is mapped");
    object.base().vunmap(&mut guard);
    object.base().madvise(&mut guard, 1);
    drop(guard);
    (object, handle)
}

fn purge(object: &Gem<Plain>) {
    object.base().purge(&mut object.base().base.resv().lock());
}

#[test]
fn purge_takes_table_pages_contents_and_offset_away() {
    let bench = bench();
    let (object, _) = purgeable(&bench);
    let table = object.base().racy().sgt.clone().expect("it was made");
    purge(&object);
    let fields = object.base().racy();
    assert!(fields.sgt.is_none() && fields.pages.is_none());
    assert_eq!((fields.madv, fields.pages_use_count), (-1, 0));
    assert!(!table.is_mapped());
    assert_eq!(object.base().base.node().offset(), None);
    let file = object.base().base.filp().expect("it is an own object");
    assert_eq!(
        (file.nr_resident(), file.nr_swapped(), bench.frames()),
        (0, 0, 0)
    );
    bench.quiet();
}

#[test]
fn a_mapping_that_was_touched_faults_after_purge() {
    let bench = bench();
    let (object, _) = purgeable(&bench);
    let addr = bench.map(&object).expect("it can be mapped");
    assert_eq!(bench.process.read_byte(addr + PAGE), Ok(0x5a));
    purge(&object);
    assert_eq!(
        bench.process.read_byte(addr + PAGE),
        Err(Errno::EFAULT),
        "zapped"
    );
    assert_eq!(
        bench.process.read_byte(addr),
        Err(Errno::EFAULT),
        "never touched"
    );
    bench.unmap(&object, addr);
    bench.quiet();
}

#[test]
fn the_old_offset_cannot_be_mapped_and_a_new_one_only_faults() {
    let bench = bench();
    let (object, handle) = purgeable(&bench);
    let old = object.base().base.node().offset().expect("it has one");
    purge(&object);
    let (prot, sharing) = (
        drm_core::mmap::Prot::ReadWrite,
        drm_core::mmap::Sharing::Shared,
    );
    let mapped = bench
        .process
        .mmap(&bench.file, 4 * PAGE, prot, sharing, old);
    assert_eq!(mapped, Err(Errno::EINVAL));
    bench
        .file
        .dumb_map_offset(handle)
        .expect("the core gives it a new one");
    let addr = bench
        .map(&object)
        .expect("mmap does not look at the advice");
    assert_eq!(counts(&object), (1, 0));
    assert_eq!(bench.process.read_byte(addr), Err(Errno::EFAULT));
    bench.unmap(&object, addr);
}

#[test]
fn a_purged_object_can_be_mapped_for_the_kernel_and_reads_zeros() {
    let bench = bench();
    let (object, _) = purgeable(&bench);
    purge(&object);
    let mut guard = object.base().base.resv().lock();
    let map = object
        .base()
        .vmap(&mut guard)
        .expect("the helper does not look at the advice");
    let mut byte = [0xff];
    map.map().read(PAGE, &mut byte).expect("it is mapped");
    assert_eq!(byte, [0]);
    object.base().vunmap(&mut guard);
    drop(guard);
    object.base().get_pages_sgt().expect("nor here");
    assert!(!object.base().is_purgeable());
}

#[test]
fn live_mappings_keep_the_pages_of_a_purged_object_until_they_close() {
    let bench = bench();
    let (object, _) = purgeable(&bench);
    let addr = bench.map(&object).expect("it can be mapped");
    assert_eq!(counts(&object), (2, 0));
    purge(&object);
    assert_eq!(counts(&object), (1, 0));
    assert!(object.base().racy().pages.is_some());
    assert_eq!(bench.frames(), 4, "truncated, but held");
    bench.unmap(&object, addr);
    assert!(object.base().racy().pages.is_none());
    assert_eq!(bench.frames(), 0);
    bench.quiet();
}

#[test]
fn a_pin_does_not_keep_the_contents() {
    let bench = bench();
    let (object, _) = purgeable(&bench);
    object.base().pin().expect("it can be pinned");
    assert!(object.base().is_purgeable());
    purge(&object);
    assert_eq!(counts(&object), (1, 0), "the pin's use is left");
    object.base().unpin();
    assert_eq!(bench.frames(), 0);
    bench.quiet();
}

#[test]
fn purge_of_what_is_not_purgeable_warns_and_goes_on() {
    let bench = bench();
    let object = bench.object(PAGE);
    object.base().get_pages_sgt().expect("it can be made");
    purge(&object);
    bench.warned();
    assert_eq!((object.base().racy().madv, counts(&object)), (-1, (0, 0)));
}

#[test]
fn purge_without_a_table_is_a_crash() {
    let bench = bench();
    let object = bench.object(PAGE);
    purge(&object);
    assert_eq!(bench.marks(), (1, 1));
}

#[test]
fn an_object_whose_importer_outlives_its_handles_can_be_purged_under_it() {
    let bench = bench();
    let (object, handle, dma_buf) = bench.exported(PAGE);
    object.base().get_pages_sgt().expect("it can be made");
    let (_, import) = bench.imported(&dma_buf);
    object
        .base()
        .madvise(&mut object.base().base.resv().lock(), 1);
    assert!(!object.base().is_purgeable());
    bench.file.handle_delete(handle).expect("the handle exists");
    assert!(object.base().is_purgeable(), "though a device is attached");
    purge(&object);
    assert_eq!(counts(&object), (1, 0), "the attachment's");
    drop((dma_buf, import));
    bench.quiet();
}
