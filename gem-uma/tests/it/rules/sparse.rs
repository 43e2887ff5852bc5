//! Rules of objects that grow.

use drm_core::errno::Errno;
use drm_core::gem::Object;
use drm_core::machine::{Config, Fail};
use drm_core::memory::{Gfp, Page};
use gem_uma::SparseOptions;

use crate::world::{Options, World};

fn small() -> SparseOptions {
    SparseOptions::default().granule_pages(4)
}

#[test]
fn r17_a_granule_is_present_with_all_its_pages_or_absent() {
    let world = World::new(Options::default());
    let bo = world.heap(14 * 4096, small());
    let heap = bo.heap.as_ref().expect("heap");
    let mut guard = bo.gem.resv().lock();
    for nth in 1..=8 {
        world.machine.failpoints().fail_nth(Fail::PageAlloc, nth);
        let failed = heap.populate(&mut guard, 2..10, Gfp::KERNEL);
        assert_eq!(failed, Err(Errno::ENOMEM));
        assert_eq!(heap.resident_pages(), 0);
        assert!((0..4).all(|n| !heap.is_present(&guard, n)));
        // What the file got before the failure is not lost, and not ours: the next failure comes later.
        world.machine.failpoints().disarm();
        world.machine.swap_out(64);
    }
    assert_eq!(heap.populate(&mut guard, 2..10, Gfp::KERNEL), Ok(3));
    assert_eq!(heap.resident_pages(), 12);
    assert_eq!(heap.granule(&guard, 1).map(|pages| pages.len()), Some(4));
    assert_eq!(heap.populate(&mut guard, 13..14, Gfp::KERNEL), Ok(1));
    assert_eq!(heap.granule(&guard, 3).map(|pages| pages.len()), Some(2));
    assert_eq!(
        heap.populate(&mut guard, 13..15, Gfp::KERNEL),
        Err(Errno::EINVAL)
    );
    drop(guard);
    drop(bo);
    world.assert_clean();
}

#[test]
fn r18_filling_never_waits_for_reclaim_when_told_not_to() {
    let world = World::reclaiming(Config {
        ram: 64 * 4096,
        ..Config::default()
    });
    let big = world.bo(40 * 4096);
    world.fill(&big, 1).expect("fill");
    let mut hogs = Vec::new();
    while let Ok(page) = Page::alloc(world.machine.frames(), Gfp::NOWAIT) {
        hogs.push(page);
    }
    let bo = world.heap(8 * 4096, small());
    let heap = bo.heap.as_ref().expect("heap");
    let mut guard = bo.gem.resv().lock();
    assert_eq!(
        heap.populate(&mut guard, 0..8, Gfp::NOWAIT),
        Err(Errno::ENOMEM)
    );
    assert!(big.backing.is_resident(), "nobody was evicted for it");
    assert_eq!(heap.populate(&mut guard, 0..8, Gfp::KERNEL), Ok(2));
    assert!(!big.backing.is_resident());
}

#[test]
fn r19_each_mapping_knows_which_granules_it_shows() {
    let world = World::new(Options::default());
    let bo = world.heap(8 * 4096, small());
    let (heap, chunks) = bo.heap.as_ref().zip(bo.chunks.as_ref()).expect("heap");
    let (a, b) = (world.vm(), world.vm());
    let mapping = |vm| {
        std::sync::Arc::new(gem_uma::Mapping::new(crate::world::Va {
            vm,
            start: 0,
            size: 8 * 4096,
        }))
    };
    let (in_a, in_b) = (mapping(a.clone()), mapping(b.clone()));
    for at in [&in_a, &in_b] {
        assert!(!at.has_granule(1));
        let mut guard = bo.gem.resv().lock();
        let table = chunks
            .table(&mut guard, heap, 1, Gfp::KERNEL)
            .expect("table");
        at.vm.write_entries(4 * 4096, &table);
        assert!(at.add_granule(1));
    }
    assert_eq!(
        heap.resident_pages(),
        4,
        "the second found the granule there"
    );
    assert!(a.read(&world.machine, 4 * 4096).is_some());
    assert!(b.read(&world.machine, 4 * 4096).is_some());
    assert_eq!(in_b.granules(), [1]);
}

#[test]
fn r41_a_new_granule_leaves_the_device_addresses_of_old_ones() {
    let world = World::on(
        Config::default(),
        drm_core::dma::DmaConfig {
            iommu: true,
            ..Default::default()
        },
        Options::default(),
    );
    let bo = world.heap(16 * 4096, small());
    let (heap, chunks) = bo.heap.as_ref().zip(bo.chunks.as_ref()).expect("heap");
    let mut guard = bo.gem.resv().lock();
    let mut address = |n| {
        let table = chunks.table(&mut guard, heap, n, Gfp::KERNEL);
        table.expect("table").dma_page(0).expect("mapped")
    };
    let first = address(0);
    let second = address(1);
    assert_eq!((address(0), address(1)), (first, second));
    let unmapped = world.machine.counters().dma_unmapped.get();
    assert_eq!(unmapped, 0);
}

#[test]
fn r16_a_range_of_granules_is_mapped_whole_or_not_at_all() {
    let world = World::new(Options::default());
    let bo = world.heap(16 * 4096, small());
    let (heap, chunks) = bo.heap.as_ref().zip(bo.chunks.as_ref()).expect("heap");
    let mut guard = bo.gem.resv().lock();
    let counts = world.machine.counters();
    heap.populate(&mut guard, 4..8, Gfp::KERNEL).expect("pages");
    chunks
        .map_range(&mut guard, heap, 0..1, Gfp::KERNEL)
        .expect("it is mapped");
    let mapped = counts.dma_mapped.get() - counts.dma_unmapped.get();
    for (kind, error) in [(Fail::PageAlloc, Errno::ENOMEM), (Fail::DmaMap, Errno::EIO)] {
        world.machine.failpoints().fail_nth(kind, 2);
        let failed = chunks.map_range(&mut guard, heap, 0..16, Gfp::KERNEL);
        assert_eq!(failed, Err(error));
        assert_eq!(chunks.mapped(&guard), [0]);
        assert_eq!(heap.resident_pages(), 8, "what was there before stays");
        assert_eq!(counts.dma_mapped.get() - counts.dma_unmapped.get(), mapped);
        world.machine.failpoints().disarm();
    }
    let beyond = chunks.map_range(&mut guard, heap, 15..17, Gfp::KERNEL);
    assert_eq!(beyond, Err(Errno::EINVAL));
    let all = chunks.map_range(&mut guard, heap, 0..16, Gfp::KERNEL);
    assert_eq!(all, Ok(()));
    assert_eq!(chunks.mapped(&guard), [0, 1, 2, 3]);
    drop(guard);
    drop(bo);
    world.assert_clean();
}

#[test]
fn r42_an_object_that_grows_refuses_what_needs_all_its_pages() {
    let world = World::new(Options::default());
    let bo = world.heap(8 * 4096, small());
    let mut guard = bo.gem.resv().lock();
    assert_eq!(bo.vmap(&mut guard).map(drop), Err(Errno::EINVAL));
    assert_eq!(bo.pin(&mut guard), Err(Errno::EINVAL));
    assert_eq!(bo.get_sg_table(&mut guard).map(drop), Err(Errno::EINVAL));
    assert_eq!(bo.evict(&mut guard), Err(Errno::EBUSY));
    assert_eq!(
        bo.backing.populate(&mut guard).map(drop),
        Err(Errno::EINVAL)
    );
    drop(guard);
    let file = world.dev.open().expect("open");
    file.handle_create(&bo.clone().into_dyn()).expect("handle");
    let process = drm_core::mmap::Process::new(&world.machine);
    assert_eq!(world.mmap(&process, &file, &bo), Err(Errno::EINVAL));
}

#[test]
fn r43_a_part_of_a_grown_object_can_be_mapped_for_the_kernel() {
    let world = World::new(Options::default());
    let bo = world.heap(8 * 4096, small());
    let heap = bo.heap.as_ref().expect("heap");
    let mut guard = bo.gem.resv().lock();
    assert_eq!(heap.vmap(&guard, 0..1).map(drop), Err(Errno::EINVAL));
    heap.populate(&mut guard, 0..4, Gfp::KERNEL).expect("pages");
    let map = heap.vmap(&guard, 1..3).expect("map");
    map.fill(0, 2 * 4096, 4).expect("write");
    assert_eq!(map.len(), 2 * 4096);
    let phys = heap.granule(&guard, 0).and_then(|pages| pages.phys(2));
    let mut byte = [0];
    world.machine.ram().read(phys.expect("page"), &mut byte);
    assert_eq!(byte, [4]);
    assert_eq!(heap.vmap(&guard, 3..5).map(drop), Err(Errno::EINVAL));
}
