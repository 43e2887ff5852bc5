//! `drm_gem_shmem_vmap`, `_vunmap`.

use drm_core::errno::Errno;
use drm_core::gem;
use drm_core::machine::Fail;
use gem_shmem::legacy::{self, Subclass};

use crate::import::foreign;
use crate::support::{PAGE, bench, counts};

#[test]
fn the_first_vmap_takes_one_use_and_further_ones_count_by_themselves() {
    let bench = bench();
    let object = bench.object(4 * PAGE);
    let mut guard = object.base().base.resv().lock();
    let first = object.base().vmap(&mut guard).expect("it can be mapped");
    let second = object.base().vmap(&mut guard).expect("it can be mapped");
    assert!(!first.is_io());
    assert_eq!(first.map().address(), second.map().address());
    assert_eq!(first.map().len(), 4 * PAGE);
    assert_eq!(counts(&object), (1, 2));
    object.base().vunmap(&mut guard);
    assert_eq!(counts(&object), (1, 1));
    assert!(first.map().is_mapped() && object.base().racy().vaddr.is_some());
    object.base().vunmap(&mut guard);
    assert_eq!(counts(&object), (0, 0));
    assert!(object.base().racy().vaddr.is_none() && object.base().racy().pages.is_none());
    bench.quiet();
}

#[test]
fn an_access_after_the_last_vunmap_is_refused() {
    let bench = bench();
    let object = bench.object(PAGE);
    let mut guard = object.base().base.resv().lock();
    let map = object.base().vmap(&mut guard).expect("it can be mapped");
    object.base().vunmap(&mut guard);
    assert_eq!(map.map().write(0, &[1]), Err(Errno::EFAULT));
}

#[test]
fn vmap_on_pinned_pages_adds_its_own_use() {
    let bench = bench();
    let object = bench.object(PAGE);
    object.base().pin().expect("it can be pinned");
    let mut guard = object.base().base.resv().lock();
    object.base().vmap(&mut guard).expect("it can be mapped");
    assert_eq!(counts(&object), (2, 1));
    object.base().vunmap(&mut guard);
    assert_eq!(counts(&object), (1, 0));
}

#[test]
fn a_failed_vmap_leaves_nothing_behind() {
    let bench = bench();
    let object = bench.object(2 * PAGE);
    let mut guard = object.base().base.resv().lock();
    for kind in [Fail::Alloc, Fail::PageAlloc, Fail::Vmap] {
        bench.fail(kind);
        assert_eq!(
            object.base().vmap(&mut guard).err(),
            Some(Errno::ENOMEM),
            "{kind:?}"
        );
        assert_eq!(counts(&object), (0, 0));
        assert!(object.base().racy().vaddr.is_none() && object.base().racy().pages.is_none());
    }
    bench.quiet();
}

#[test]
fn vunmap_that_nobody_mapped_warns_once_and_changes_nothing() {
    let bench = bench();
    let object = bench.object(PAGE);
    let mut guard = object.base().base.resv().lock();
    object
        .base()
        .pin_locked(&mut guard)
        .expect("it can be pinned");
    object.base().vunmap(&mut guard);
    bench.warned();
    object.base().vunmap(&mut guard);
    bench.quiet();
    assert_eq!(counts(&object), (1, 0));
}

#[test]
fn vmap_of_an_import_is_the_exporters() {
    let bench = bench();
    let (object, _, dma_buf) = bench.exported(2 * PAGE);
    let (_, import) = bench.imported(&dma_buf);
    assert_eq!(counts(&object), (1, 0), "the attachment");
    let mut guard = import.base().base.resv().lock();
    let map = import.base().vmap(&mut guard).expect("it can be mapped");
    map.map().write(PAGE, &[0x77]).expect("it is mapped");
    assert_eq!(counts(&import), (0, 0));
    assert_eq!(counts(&object), (2, 1));
    let own = object
        .base()
        .racy()
        .vaddr
        .clone()
        .expect("the exporter mapped it");
    let mut byte = [0];
    own.read(PAGE, &mut byte).expect("it is mapped");
    assert_eq!(byte, [0x77]);
    import.base().vunmap(&mut guard);
    assert_eq!(counts(&object), (1, 0));
    bench.quiet();
}

#[test]
fn vmap_of_an_import_in_device_memory_warns_and_fails() {
    let bench = bench();
    let exporter = foreign(&bench.machine, 1);
    exporter.gives_io();
    let (_, import) = bench.imported(&exporter.dma_buf);
    let mut guard = import.base().base.resv().lock();
    assert_eq!(import.base().vmap(&mut guard).err(), Some(Errno::EIO));
    bench.warned();
    assert_eq!(exporter.vmaps(), 0, "it is given back");
}

#[test]
fn an_error_of_the_exporters_vmap_is_the_importers() {
    let bench = bench();
    let (object, _, dma_buf) = bench.exported(PAGE);
    let (_, import) = bench.imported(&dma_buf);
    let mut guard = import.base().base.resv().lock();
    bench.fail(Fail::Vmap);
    assert_eq!(import.base().vmap(&mut guard).err(), Some(Errno::ENOMEM));
    assert_eq!(counts(&object), (1, 0));
    let again = import.base().vmap(&mut guard);
    assert!(again.is_ok());
    import.base().vunmap(&mut guard);
    bench.quiet();
}

#[test]
fn the_adapters_forward() {
    let bench = bench();
    let object = bench.object(PAGE);
    let mut guard = object.base().base.resv().lock();
    let map = gem::Object::vmap(&*object, &mut guard).expect("it can be mapped");
    legacy::object_vmap(object.base(), &mut guard).expect("it can be mapped");
    assert_eq!(counts(&object), (1, 2));
    legacy::object_vunmap(object.base(), &mut guard);
    gem::Object::vunmap(&*object, &mut guard, &map);
    assert_eq!(counts(&object), (0, 0));
}
