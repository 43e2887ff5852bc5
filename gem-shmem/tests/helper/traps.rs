//! What users of the helper fall into. Numbers are those of the list that the project keeps of them; trap 16 is of displays.

use drm_core::errno::Errno;
use drm_core::gem::Gem;
use drm_core::mmap::{Prot, Sharing};
use drm_core::prime::Direction;
use drm_core::sync::Arc;
use gem_shmem::legacy::{self, Plain, Subclass};

use crate::import::foreign;
use crate::support::{PAGE, bench, counts};

#[test]
fn trap_1_a_pin_does_not_stop_a_purge() {
    let bench = bench();
    let object = bench.object(PAGE);
    object.base().get_pages_sgt().expect("it can be made");
    object.base().pin().expect("it can be pinned");
    object
        .base()
        .madvise(&mut object.base().base.resv().lock(), 1);
    assert!(object.base().is_purgeable());
}

#[test]
fn trap_2_free_forgives_one_use_whosever_it_is() {
    let bench = bench();
    for uses in 1..=2 {
        let object = bench.object(PAGE);
        (0..uses).for_each(|_| object.base().pin().expect("it can be pinned"));
        drop(object);
        assert_eq!(bench.marks(), (uses - 1, 0));
    }
}

#[test]
fn trap_3_an_import_learns_late_that_it_is_one() {
    let bench = bench();
    let exporter = foreign(&bench.machine, 1);
    let attach = exporter
        .dma_buf
        .attach(bench.dev.dma())
        .expect("it attaches");
    let table = attach
        .map_unlocked(Direction::Bidirectional)
        .expect("it maps");
    let made = legacy::prime_import_sg_table::<Plain>(&bench.dev, &attach, Some(table));
    let object = made.expect("it can be made");
    assert!(!object.base().base.is_imported());
    object.base().base.set_import_attach(Arc::clone(&attach));
    assert!(object.base().base.is_imported());
}

#[test]
fn trap_4_a_dma_buf_does_not_tell_an_import() {
    let bench = bench();
    let (object, _, dma_buf) = bench.exported(PAGE);
    let (there, import) = bench.imported(&dma_buf);
    assert!(object.base().base.has_dma_buf() && !object.base().base.is_imported());
    bench
        .other_file
        .handle_delete(there)
        .expect("the handle exists");
    assert!(!import.base().base.has_dma_buf() && import.base().base.is_imported());
}

#[test]
fn trap_5_the_table_holds_one_use_for_ever() {
    let bench = bench();
    let object = bench.object(PAGE);
    (0..5).for_each(|_| drop(object.base().get_pages_sgt()));
    assert_eq!(counts(&object), (1, 0));
}

#[test]
fn trap_6_size_0_is_a_lack_of_space() {
    let bench = bench();
    assert_eq!(
        legacy::create::<Plain>(&bench.dev, 0).err(),
        Some(Errno::ENOSPC)
    );
}

#[test]
fn trap_7_a_fault_looks_at_the_advice_and_nobody_else_does() {
    let bench = bench();
    let object = bench.object(PAGE);
    bench.handle(&object);
    object
        .base()
        .madvise(&mut object.base().base.resv().lock(), -1);
    assert!(object.base().pin().is_ok() && object.base().get_pages_sgt().is_ok());
    let addr = bench.map(&object).expect("it can be mapped");
    assert_eq!(bench.process.read_byte(addr), Err(Errno::EFAULT));
}

#[test]
fn trap_8_purge_zaps_before_it_frees_the_offset() {
    let bench = bench();
    let object = bench.object(PAGE);
    bench.handle(&object);
    object.base().get_pages_sgt().expect("it can be made");
    let addr = bench.map(&object).expect("it can be mapped");
    bench.process.write(addr, &[1]).expect("it is mapped");
    let mut guard = object.base().base.resv().lock();
    object.base().madvise(&mut guard, 1);
    object.base().purge(&mut guard);
    drop(guard);
    assert_eq!(bench.machine.counters().user_ptes_zapped.get(), 1);
    assert_eq!(bench.process.read_byte(addr), Err(Errno::EFAULT));
}

#[test]
fn trap_9_an_import_is_under_the_exporters_lock() {
    let bench = bench();
    let (object, _, dma_buf) = bench.exported(PAGE);
    let (_, import) = bench.imported(&dma_buf);
    let mut guard = import.base().base.resv().lock();
    assert!(object.base().base.resv().try_lock().is_none());
    import
        .base()
        .vmap(&mut guard)
        .expect("the exporter does not lock again");
    import.base().vunmap(&mut guard);
}

#[test]
fn trap_10_many_importers_map_the_exporter_once() {
    let bench = bench();
    let (object, _, dma_buf) = bench.exported(PAGE);
    let second = bench.other.open().expect("it opens");
    let (_, one) = bench.imported(&dma_buf);
    let handle = second.import(&dma_buf).expect("it can be imported");
    let two = bench.plain(&second, handle);
    let mut guard = one.base().base.resv().lock();
    for import in [&one, &two, &one] {
        import.base().vmap(&mut guard).expect("it can be mapped");
    }
    assert_eq!(object.base().locked(&mut guard).vmap_use_count, 1);
    for import in [&one, &two] {
        import.base().vunmap(&mut guard);
        assert_eq!(object.base().locked(&mut guard).vmap_use_count, 1);
    }
    one.base().vunmap(&mut guard);
    assert_eq!(object.base().locked(&mut guard).vmap_use_count, 0);
}

#[test]
fn trap_11_the_last_mapping_frees_the_object_without_its_lock() {
    let bench = bench();
    let object = bench.object(PAGE);
    let handle = bench.handle(&object);
    let addr = bench.map(&object).expect("it can be mapped");
    drop(object);
    bench.file.handle_delete(handle).expect("the handle exists");
    assert_eq!(bench.dev.object_count(), 1);
    bench
        .process
        .munmap(addr, PAGE)
        .expect("the free takes the lock, and gets it");
    assert_eq!(bench.dev.object_count(), 0);
    bench.quiet();
}

#[test]
fn trap_12_reclaim_passes_by_an_object_that_is_locked() {
    let bench = bench();
    let lru = bench.dev.lru_lock().new_list();
    let objects = [bench.object(PAGE), bench.object(PAGE)];
    objects
        .iter()
        .for_each(|object| lru.move_tail(&object.base().base));
    let guard = objects[0].base().base.resv().lock();
    let mut seen = Vec::new();
    let scan = lru.scan(10, |object, _guard| {
        seen.push(object.is(&objects[1]));
        false
    });
    assert_eq!(seen, [true]);
    assert_eq!((scan.freed, scan.remaining), (0, 2));
    drop(guard);
}

#[test]
fn trap_13_write_combining_is_lost_on_import() {
    let bench = bench();
    let exporter = foreign(&bench.machine, 1);
    let attach = exporter
        .dma_buf
        .attach(bench.dev.dma())
        .expect("it attaches");
    let import = legacy::prime_import_sg_table::<Plain>(&bench.dev, &attach, None);
    assert!(!import.expect("it can be made").base().map_wc.get());
}

#[test]
fn trap_14_a_second_import_into_a_file_is_the_same_handle_and_one_close_ends_it() {
    let bench = bench();
    let (_object, _, dma_buf) = bench.exported(PAGE);
    let handle = bench
        .other_file
        .import(&dma_buf)
        .expect("it can be imported");
    assert_eq!(bench.other_file.import(&dma_buf), Ok(handle));
    assert_eq!(bench.other_file.handle_delete(handle), Ok(()));
    assert_eq!(bench.other_file.handle_delete(handle), Err(Errno::EINVAL));
    assert_eq!(bench.other.object_count(), 0);
}

#[test]
fn trap_15_a_map_is_dead_after_its_vunmap() {
    let bench = bench();
    let object = bench.object(PAGE);
    let mut guard = object.base().base.resv().lock();
    let map = object.base().vmap(&mut guard).expect("it can be mapped");
    object.base().vunmap(&mut guard);
    assert!(!map.map().is_mapped());
    assert_eq!(map.map().fill(0, PAGE, 1), Err(Errno::EFAULT));
}

#[test]
fn trap_17_attaching_pins_and_mapping_does_not() {
    let bench = bench();
    let (object, _, dma_buf) = bench.exported(PAGE);
    let attach = dma_buf.attach(bench.other.dma()).expect("it attaches");
    assert_eq!(counts(&object), (1, 0));
    attach
        .map_unlocked(Direction::Bidirectional)
        .expect("it maps");
    assert_eq!(counts(&object), (1, 0));
    attach.detach();
    assert_eq!(counts(&object), (0, 0));
}

#[test]
fn trap_18_a_negative_advice_poisons_without_purging() {
    let bench = bench();
    let object: Gem<Plain> = bench.object(PAGE);
    bench.handle(&object);
    object.base().get_pages_sgt().expect("it can be made");
    let addr = bench
        .map_as(&object, Prot::ReadWrite, Sharing::Shared)
        .expect("it can be mapped");
    object
        .base()
        .madvise(&mut object.base().base.resv().lock(), -1);
    assert!(object.base().racy().sgt.is_some());
    assert_eq!((counts(&object), bench.frames()), ((2, 0), 1));
    assert_eq!(
        bench.process.read_byte(addr),
        Err(Errno::EFAULT),
        "but nobody can touch it"
    );
}
