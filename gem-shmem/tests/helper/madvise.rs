//! `drm_gem_shmem_madvise`, `drm_gem_shmem_is_purgeable`.

use gem_shmem::legacy::Subclass;

use crate::support::{PAGE, bench};

#[test]
fn madvise_stores_any_number_until_it_is_negative() {
    let bench = bench();
    let object = bench.object(PAGE);
    let mut guard = object.base().base.resv().lock();
    for (advice, kept, madv) in [
        (1, true, 1),
        (0, true, 0),
        (7, true, 7),
        (i32::MAX, true, i32::MAX),
        (-1, false, -1),
        (0, false, -1),
        (1, false, -1),
        (-5, false, -1),
    ] {
        assert_eq!(object.base().madvise(&mut guard, advice), kept, "{advice}");
        assert_eq!(object.base().locked(&mut guard).madv, madv, "{advice}");
    }
    bench.quiet();
}

#[test]
fn an_object_is_purgeable_when_it_is_advised_mapped_for_dma_and_shown_to_nobody() {
    let bench = bench();
    let object = bench.object(PAGE);
    let base = object.base();
    let advise = |madv| base.madvise(&mut base.base.resv().lock(), madv);
    assert!(!base.is_purgeable(), "in use");
    advise(1);
    assert!(!base.is_purgeable(), "never mapped for DMA");
    base.pin().expect("it can be pinned");
    assert!(!base.is_purgeable(), "pages alone are not enough");
    base.get_pages_sgt().expect("it can be made");
    assert!(
        base.is_purgeable(),
        "a pin does not keep it: in 6.12 that is a use like any other"
    );
    advise(3);
    assert!(base.is_purgeable(), "any number above 0");
    advise(0);
    assert!(!base.is_purgeable());
    advise(1);
    base.vmap(&mut base.base.resv().lock())
        .expect("it can be mapped");
    assert!(!base.is_purgeable(), "the kernel looks at it");
    base.vunmap(&mut base.base.resv().lock());
    let addr = bench.map(&object);
    assert!(addr.is_err(), "no handle, no mapping");
    let handle = bench.handle(&object);
    let addr = bench.map(&object).expect("it can be mapped");
    assert!(base.is_purgeable(), "a user mapping does not matter");
    bench.unmap(&object, addr);
    let dma_buf = bench.file.export(handle, true).expect("it can be exported");
    assert!(!base.is_purgeable(), "exported");
    drop(dma_buf);
    assert!(!base.is_purgeable(), "until its last handle goes");
    bench.file.handle_delete(handle).expect("the handle exists");
    assert!(base.is_purgeable());
    advise(-1);
    assert!(!base.is_purgeable(), "purged");
    base.unpin();
    bench.quiet();
}

#[test]
fn an_import_is_never_purgeable() {
    let bench = bench();
    let (_object, _, dma_buf) = bench.exported(PAGE);
    let (handle, import) = bench.imported(&dma_buf);
    let mut guard = import.base().base.resv().lock();
    assert!(
        import.base().madvise(&mut guard, 1),
        "it can be advised all the same"
    );
    drop(guard);
    bench
        .other_file
        .handle_delete(handle)
        .expect("the handle exists");
    assert!(import.base().racy().sgt.is_some() && !import.base().base.has_dma_buf());
    assert!(!import.base().is_purgeable());
}
