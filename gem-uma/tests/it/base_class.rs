//! With the base class's policies an object shows what `drm_gem_shmem_object` shows.

use drm_core::device::File;
use drm_core::errno::Errno;
use drm_core::gem::{Gem, MemoryStats, Object, Status};
use drm_core::machine::Fail;
use drm_core::memory::Gfp;
use drm_core::mmap::{Process, VmFlags};
use drm_core::resv::ResvGuard;
use gem_uma::{Entries, SparseOptions};

use crate::world::{Bo, Options, World};

fn users(bo: &Bo, guard: &ResvGuard) -> u32 {
    bo.backing.users(guard)
}

#[test]
fn pages_come_with_the_first_user_and_go_with_the_last() {
    let world = World::new(Options::as_base_class());
    let bo = world.bo(3 * 4096);
    let mut guard = bo.gem.resv().lock();
    assert!(!bo.backing.is_resident());
    let pin = bo.backing.pin(&mut guard).expect("pin");
    let map = bo
        .cmap
        .vmap(&mut guard, &bo.backing, &bo.dmap)
        .expect("vmap");
    assert_eq!(users(&bo, &guard), 2);
    map.map().fill(0, 3 * 4096, 0xae).expect("fill");
    bo.cmap.vunmap(&mut guard, &bo.backing);
    assert!(bo.backing.is_resident());
    bo.backing.unpin(&mut guard, pin);
    assert_eq!(users(&bo, &guard), 0);
    assert!(!bo.backing.is_resident());
    drop(guard);
    drop(bo);
    world.assert_clean();
}

#[test]
fn the_device_map_keeps_the_pages_until_the_object_dies() {
    let world = World::new(Options::as_base_class());
    let bo = world.bo(4096);
    let table = bo.dmap.lock_table(&bo.backing).expect("table");
    assert_eq!(table.len(), 4096);
    assert!(table.is_mapped());
    drop(table);
    drop(bo.dmap.lock_table(&bo.backing).expect("the same"));
    let guard = bo.gem.resv().lock();
    assert_eq!(users(&bo, &guard), 1);
    drop(guard);
    drop(bo);
    world.assert_clean();
}

#[test]
fn a_user_mapping_gets_every_page_at_mmap_and_keeps_them() {
    let world = World::new(Options::as_base_class());
    let file = world.dev.open().expect("open");
    let bo = world.bo(2 * 4096);
    file.handle_create(&bo.clone().into_dyn()).expect("handle");
    let process = Process::new(&world.machine);
    let addr = world.mmap(&process, &file, &bo).expect("mmap");
    assert!(bo.backing.is_resident());
    process.write(addr, b"hello").expect("write");
    let child = process.fork();
    let guard = bo.gem.resv().lock();
    assert_eq!(users(&bo, &guard), 2);
    drop(guard);
    drop(process);
    let mut read = [0; 5];
    child.read(addr, &mut read).expect("read");
    assert_eq!(&read, b"hello");
    drop(child);
    assert!(!bo.backing.is_resident());
    drop(bo);
    drop(file);
    world.assert_clean();
}

#[test]
fn a_purge_leaves_mappings_that_fault() {
    let world = World::new(Options::as_base_class());
    let file = world.dev.open().expect("open");
    let bo = world.bo(2 * 4096);
    file.handle_create(&bo.clone().into_dyn()).expect("handle");
    let process = Process::new(&world.machine);
    let addr = world.mmap(&process, &file, &bo).expect("mmap");
    process.write(addr, b"hello").expect("write");
    drop(bo.dmap.lock_table(&bo.backing).expect("table"));

    let mut guard = bo.gem.resv().lock();
    let purge = |guard: &mut ResvGuard| bo.reclaim.purge(guard, &bo.gem, &bo.backing, &bo.dmap);
    assert_eq!(purge(&mut guard), Err(Errno::EBUSY));
    assert_eq!(bo.reclaim.madvise(&mut guard, 1), Ok(true));
    assert_eq!(purge(&mut guard), Ok(()));
    assert_eq!(bo.reclaim.madvise(&mut guard, 0), Ok(false));
    // The mapping keeps the pages, as in the base class, but shows them no more.
    assert_eq!(users(&bo, &guard), 1);
    drop(guard);
    assert_eq!(process.read_byte(addr), Err(Errno::EFAULT));
    assert_eq!(bo.gem.node().offset(), None);
    drop(process);
    assert!(!bo.backing.is_resident());
    drop(bo);
    drop(file);
    world.assert_clean();
}

#[test]
fn an_import_has_the_exporters_table_and_ends_once() {
    let world = World::new(Options::as_base_class());
    let other = World::device(&world.machine, Default::default(), world.options);
    let exporter = world.dev.open().expect("open");
    let importer = other.open().expect("open");
    let bo = world.bo(4096);
    let handle = exporter
        .handle_create(&bo.clone().into_dyn())
        .expect("handle");
    let dma_buf = exporter.export(handle, true).expect("export");
    let imported = importer.import(&dma_buf).expect("import");
    let import = importer
        .lookup(imported)
        .and_then(|object| object.downcast::<Bo>())
        .expect("object");
    assert!(import.backing.is_import());
    assert!(import.gem.is_imported());
    assert_eq!(bo.backing.pins(), 1);
    {
        let table = import.dmap.lock_table(&import.backing).expect("table");
        let guard_of_import = table;
        assert!(guard_of_import.is_mapped());
    }
    assert_eq!(MemoryStats::of(&importer).resident, 0);
    assert_eq!(import.status(), Some(Status::RESIDENT));
    let mut guard = import.gem.resv().lock();
    assert_eq!(import.pin(&mut guard), Err(Errno::EINVAL));
    drop(guard);
    assert_eq!(world.machine.trace().take().len(), 1);
    drop((import, importer, exporter, dma_buf, bo));
    assert_eq!(other.object_count(), 0);
    world.assert_clean();
}

#[test]
fn a_heap_grows_by_granules_and_a_failure_leaves_none_half_filled() {
    let world = World::new(Options::as_base_class());
    let bo = world.heap(8 << 20, SparseOptions::default());
    let (heap, chunks) = (
        bo.heap.as_ref().expect("heap"),
        bo.chunks.as_ref().expect("map"),
    );
    let mut guard = bo.gem.resv().lock();
    world.machine.failpoints().fail_nth(Fail::PageAlloc, 300);
    let failed = chunks.table(&mut guard, heap, 2, Gfp::KERNEL).map(drop);
    assert_eq!(failed, Err(Errno::ENOMEM));
    assert!(!heap.is_present(&guard, 2));
    assert_eq!(heap.resident_pages(), 0);
    let len = chunks
        .table(&mut guard, heap, 2, Gfp::KERNEL)
        .map(|table| table.len());
    assert_eq!(len, Ok(2 << 20));
    assert_eq!(heap.resident_pages(), 512);
    assert!(!heap.is_present(&guard, 0));
    drop(guard);
    assert_eq!(bo.rss(), Some(2 << 20));
    let mut guard = bo.gem.resv().lock();
    assert_eq!(bo.vmap(&mut guard).map(drop), Err(Errno::EINVAL));
    assert_eq!(bo.pin(&mut guard), Err(Errno::EINVAL));
    drop(guard);
    drop(bo);
    world.assert_clean();
}

fn mapped_as_pages() -> (World, File, Gem<Bo>, Process) {
    let mut options = Options::as_base_class();
    options.cpu = options.cpu.entries(Entries::StructPage);
    let world = World::new(options);
    let file = world.dev.open().expect("open");
    let bo = world.bo(2 * 4096);
    file.handle_create(&bo.clone().into_dyn()).expect("handle");
    let process = Process::new(&world.machine);
    (world, file, bo, process)
}

#[test]
fn a_mapping_of_pages_is_filled_at_once_and_again_where_pages_were_dropped() {
    let (world, file, bo, process) = mapped_as_pages();
    let at = world.mmap(&process, &file, &bo).expect("mmap");
    let vma = process.vma(at).expect("a mapping");
    assert_eq!(vma.mapped_pages(), 2);
    assert!(vma.flags().contains(VmFlags::MIXEDMAP) && !vma.flags().contains(VmFlags::PFNMAP));
    process.write(at, &[7]).expect("write");
    process.madvise_dontneed(at, 4096).expect("pages go");
    assert_eq!(vma.mapped_pages(), 1);
    assert_eq!(process.read_byte(at), Ok(7));
    assert_eq!(vma.mapped_pages(), 2);
    assert!(world.machine.trace().take().is_empty());
}

#[test]
fn a_mapping_of_pages_that_cannot_be_filled_leaves_what_it_found() {
    let (world, file, bo, process) = mapped_as_pages();
    world.machine.failpoints().fail_nth(Fail::TableAlloc, 1);
    assert_eq!(world.mmap(&process, &file, &bo), Err(Errno::ENOMEM));
    let guard = bo.gem.resv().lock();
    assert_eq!((users(&bo, &guard), bo.cmap.vmas()), (0, 0));
    assert!(!bo.backing.is_resident());
}
