//! `drm_gem_shmem_get_sg_table`, `drm_gem_shmem_get_pages_sgt`.

use drm_core::dma::DmaConfig;
use drm_core::errno::Errno;
use drm_core::gem;
use drm_core::machine::{Config, Fail};
use drm_core::sync::Arc;
use gem_shmem::legacy::{self, Plain, Subclass};

use crate::support::{PAGE, bench, bench_with, counts};

#[test]
fn get_sg_table_is_fresh_not_mapped_and_not_kept() {
    let bench = bench();
    let object = bench.object(4 * PAGE);
    let mut guard = object.base().base.resv().lock();
    object
        .base()
        .pin_locked(&mut guard)
        .expect("it can be pinned");
    let table = object
        .base()
        .get_sg_table(&mut guard)
        .expect("it can be made");
    let again = object
        .base()
        .get_sg_table(&mut guard)
        .expect("it can be made");
    assert_eq!((table.len(), again.len()), (4 * PAGE, 4 * PAGE));
    assert!(!table.is_mapped() && table.dma_entries().is_empty());
    assert!(object.base().locked(&mut guard).sgt.is_none());
    assert_eq!(counts(&object), (1, 0), "no use is taken");
    bench.quiet();
}

#[test]
fn the_table_lists_the_pages_in_order() {
    let bench = bench();
    let object = bench.object(5 * PAGE);
    let table = object.base().get_pages_sgt().expect("it can be made");
    let fields = object.base().racy();
    let pages = fields.pages.as_ref().expect("the table holds them");
    for (index, page) in (0..).zip(pages) {
        let page = page.as_ref().expect("every page is there");
        assert_eq!(table.phys_page(index), Some(page.phys()));
        assert_eq!(table.dma_page(index), Some(page.phys()), "no IOMMU");
    }
    assert_eq!(table.phys_page(5), None);
}

#[test]
fn pages_that_follow_each_other_become_one_segment_up_to_the_devices_limit() {
    let config = Config {
        huge_pages: true,
        ..Config::default()
    };
    for (max_segment, segments) in [(0, 1), (1 << 20, 2), (3 * PAGE as u32 + 1, 171)] {
        let dma = DmaConfig {
            max_segment,
            ..DmaConfig::default()
        };
        let bench = bench_with(config, dma);
        let object = bench.object(2 << 20);
        let table = object.base().get_pages_sgt().expect("it can be made");
        assert_eq!(table.entries().len(), segments, "limit {max_segment}");
        assert_eq!(table.len(), 2 << 20);
    }
}

#[test]
fn get_sg_table_without_pages_is_a_crash() {
    let bench = bench();
    let object = bench.object(PAGE);
    let mut guard = object.base().base.resv().lock();
    assert!(object.base().get_sg_table(&mut guard).is_err());
    bench.crashed();
}

#[test]
fn get_sg_table_of_an_import_warns() {
    let bench = bench();
    let (_object, _, dma_buf) = bench.exported(PAGE);
    let (_, import) = bench.imported(&dma_buf);
    let mut guard = import.base().base.resv().lock();
    assert!(import.base().get_sg_table(&mut guard).is_err());
    assert_eq!(bench.marks(), (1, 1));
}

#[test]
fn get_sg_table_reports_memory_that_is_not_there() {
    let bench = bench();
    let object = bench.object(PAGE);
    let mut guard = object.base().base.resv().lock();
    object
        .base()
        .pin_locked(&mut guard)
        .expect("it can be pinned");
    bench.fail(Fail::Alloc);
    let made = gem::Object::get_sg_table(&*object, &mut guard);
    assert_eq!(made.err(), Some(Errno::ENOMEM));
    assert!(legacy::object_get_sg_table(object.base(), &mut guard).is_ok());
}

#[test]
fn get_pages_sgt_is_made_once_and_holds_one_use_for_ever() {
    let bench = bench();
    let object = bench.object(4 * PAGE);
    let first = object.base().get_pages_sgt().expect("it can be made");
    for _ in 0..3 {
        let again = object.base().get_pages_sgt().expect("it is there");
        assert!(Arc::ptr_eq(&first, &again));
    }
    assert!(first.is_mapped());
    assert_eq!(counts(&object), (1, 0));
    object.base().pin().expect("it can be pinned");
    object.base().unpin();
    assert_eq!(counts(&object), (1, 0));
    bench.quiet();
}

#[test]
fn a_signal_while_waiting_interrupts_get_pages_sgt() {
    let bench = bench();
    let object = bench.object(PAGE);
    bench.fail(Fail::Signal);
    assert_eq!(object.base().get_pages_sgt().err(), Some(Errno::EINTR));
    assert_eq!(counts(&object), (0, 0));
}

#[test]
fn every_failure_of_get_pages_sgt_takes_the_use_back() {
    let bench = bench();
    for (kind, nth, errno) in [
        (Fail::Alloc, 1, Errno::ENOMEM),
        (Fail::PageAlloc, 2, Errno::ENOMEM),
        (Fail::Alloc, 2, Errno::ENOMEM),
        (Fail::DmaMap, 1, Errno::EIO),
        (Fail::DmaMap, 2, Errno::EIO),
    ] {
        let object = bench.object(4 * PAGE);
        bench.machine.failpoints().fail_nth(kind, nth);
        let made = object.base().get_pages_sgt();
        assert_eq!(made.err(), Some(errno), "{kind:?} {nth}");
        assert_eq!(counts(&object), (0, 0), "{kind:?} {nth}");
        assert!(object.base().racy().sgt.is_none() && object.base().racy().pages.is_none());
    }
    let counters = bench.machine.counters();
    assert_eq!(counters.dma_mapped.get(), counters.dma_unmapped.get());
    bench.quiet();
}

#[test]
fn a_page_that_the_device_cannot_reach_is_an_error() {
    let dma = DmaConfig {
        mask: 0x7fff_ffff,
        ..DmaConfig::default()
    };
    let bench = bench_with(Config::default(), dma);
    let object = bench.object(PAGE);
    assert_eq!(object.base().get_pages_sgt().err(), Some(Errno::EIO));
    assert_eq!(counts(&object), (0, 0));
}

#[test]
fn get_pages_sgt_is_where_a_device_without_coherence_is_served() {
    let dma = DmaConfig {
        coherent: false,
        ..DmaConfig::default()
    };
    let bench = bench_with(Config::default(), dma);
    let object = bench.object(3 * PAGE);
    object.base().pin().expect("it can be pinned");
    assert_eq!(bench.machine.counters().cache_synced.get(), 0);
    object.base().get_pages_sgt().expect("it can be made");
    assert_eq!(bench.machine.counters().cache_synced.get(), 3 * PAGE);
}

#[test]
fn get_pages_sgt_of_an_import_is_the_exporters_table() {
    let bench = bench();
    let (object, _, dma_buf) = bench.exported(2 * PAGE);
    let (_, import) = bench.imported(&dma_buf);
    let table = import
        .base()
        .get_pages_sgt()
        .expect("it came with the import");
    assert!(table.is_mapped());
    let own = object
        .base()
        .racy()
        .pages
        .as_ref()
        .and_then(|pages| pages[1].clone());
    assert_eq!(table.phys_page(1), own.map(|page| page.phys()));
    assert_eq!((counts(&import), counts(&object)), ((0, 0), (1, 0)));
    bench.quiet();
}

#[test]
fn get_pages_sgt_of_an_import_without_a_table_warns_and_is_invalid() {
    let bench = bench();
    let (_object, _, dma_buf) = bench.exported(PAGE);
    let attach = dma_buf.attach(bench.other.dma()).expect("it attaches");
    let import = legacy::prime_import_sg_table::<Plain>(&bench.other, &attach, None).expect("ok");
    import.base().base.set_import_attach(Arc::clone(&attach));
    bench.quiet();
    assert_eq!(import.base().get_pages_sgt().err(), Some(Errno::EINVAL));
    // By the helper, and by the core, which has no file to read.
    assert_eq!(bench.marks(), (2, 0));
    assert_eq!(counts(&import), (0, 0));
}
