//! Rules of pages, pins and the order in which they go.

use drm_core::errno::Errno;
use drm_core::gem::Object;
use drm_core::machine::{Config, Event};
use drm_core::mmap::Process;
use gem_uma::{Class, Eviction};

use crate::world::{Options, World};

fn world() -> World {
    World::reclaiming(Config::default())
}

#[test]
fn r01_pages_stay_when_the_last_user_leaves() {
    let world = world();
    let bo = world.bo(4096);
    world.fill(&bo, 1).expect("fill");
    assert_eq!(bo.backing.pins(), 0);
    assert!(bo.backing.is_resident());
    let mut guard = bo.gem.resv().lock();
    assert_eq!(bo.evict(&mut guard), Ok(()));
    assert!(!bo.backing.is_resident());
}

#[test]
fn r02_a_pin_blocks_reclaim_and_nothing_else() {
    let world = world();
    let bo = world.bo(4096);
    let mut guard = bo.gem.resv().lock();
    let pin = bo.backing.pin(&mut guard).expect("pin");
    let again = bo.backing.pin(&mut guard).expect("pin");
    assert!(!bo.dmap.is_mapped(), "a pin maps nothing");
    assert_eq!(bo.evict(&mut guard), Err(Errno::EBUSY));
    bo.backing.unpin(&mut guard, again);
    assert_eq!(bo.evict(&mut guard), Err(Errno::EBUSY));
    bo.backing.unpin(&mut guard, pin);
    assert!(bo.backing.is_resident(), "an unpin frees nothing");
    assert_eq!(bo.evict(&mut guard), Ok(()));
    drop(guard);
    drop(bo);
    world.assert_clean();
}

#[test]
#[should_panic(expected = "the guard is of another reservation")]
fn r03_the_guard_of_another_object_opens_nothing() {
    let world = world();
    let (bo, other) = (world.bo(4096), world.bo(4096));
    let mut guard = other.gem.resv().lock();
    let _ = bo.backing.populate(&mut guard);
}

#[test]
fn r04_pages_are_lent_in_order_and_read_only() {
    let world = world();
    let bo = world.bo(3 * 4096);
    let mut guard = bo.gem.resv().lock();
    let pages = bo.backing.populate(&mut guard).expect("pages");
    let addresses: Vec<_> = pages.iter().collect();
    assert_eq!(pages.phys(2), Some(addresses[2]));
    assert_eq!(pages.phys(3), None);
    drop(pages);
    drop(guard);
    world.fill(&bo, 9).expect("fill");
    let mut byte = [0];
    world.machine.ram().read(addresses[2], &mut byte);
    assert_eq!(byte, [9]);
}

#[test]
fn r05_the_device_map_goes_before_the_pages() {
    let world = world();
    let bo = world.bo(4096);
    let mut guard = bo.gem.resv().lock();
    let pinned = bo.dmap.pin_table(&mut guard, &bo.backing).expect("table");
    assert_eq!(bo.dmap.unmap(&mut guard, &bo.backing), Err(Errno::EBUSY));
    bo.dmap.unpin_table(&mut guard, &bo.backing, pinned);
    let before = world.machine.counters().snapshot();
    assert_eq!(bo.evict(&mut guard), Ok(()));
    let done = world.machine.counters().snapshot() - before;
    assert_eq!((done.dma_unmapped, done.swapped_out), (1, 1));
    drop(guard);
    drop(bo);
    world.assert_clean();
}

#[test]
fn r06_user_mappings_are_zapped_before_the_pages_go() {
    let world = world();
    let file = world.dev.open().expect("open");
    let bo = world.bo(2 * 4096);
    file.handle_create(&bo.clone().into_dyn()).expect("handle");
    let process = Process::new(&world.machine);
    let addr = world.mmap(&process, &file, &bo).expect("mmap");
    process.write(addr, &[5]).expect("write");
    let vma = process.vma(addr).expect("mapping");
    assert_eq!(vma.mapped_pages(), 1);
    let mut guard = bo.gem.resv().lock();
    let zapped = Eviction::begin(&mut guard, &bo.backing)
        .expect("evictable")
        .zap(&bo.gem);
    assert_eq!(vma.mapped_pages(), 0);
    let gone = zapped
        .unmap_gpu(Some(&bo.gmap))
        .and_then(|eviction| eviction.unmap_device(Some(&bo.dmap)))
        .expect("nobody else")
        .release();
    assert_eq!(gone, 2);
    drop(guard);
    assert_eq!(process.read_byte(addr), Ok(5));
    drop((vma, process, bo, file));
    world.assert_clean();
}

#[test]
fn r26_the_last_reference_may_go_during_a_scan() {
    let world = world();
    let shrinker = world.shrinker.clone().expect("shrinker");
    let bo = world.bo(4096);
    world.fill(&bo, 1).expect("fill");
    let vm = world.vm();
    let mapping = world.gpu_map(&bo, &vm, 0);
    // The mapping leaves the list, and holds nothing of the object; the scan's reference is the last.
    world.gpu_unmap(&bo, &vm);
    drop(mapping);
    let weak = bo.gem.downgrade().expect("object");
    let holder = std::sync::Mutex::new(Some(bo));
    world
        .machine
        .add_hardware(move || holder.lock().expect("holder").take().is_some());
    let context = drm_core::resv::FenceContext::new();
    let fence = context.fence();
    {
        let bo = weak.upgrade().expect("object");
        let mut guard = bo.gem().resv().lock();
        guard.reserve_fences(1).expect("room");
        guard.add_fence(&fence, drm_core::resv::Usage::Bookkeep);
    }
    // The wait for the fence lets the hardware drop the last reference but the scan's own, under the lock of the object.
    let _ = shrinker.scan(drm_core::machine::ShrinkControl::direct(1));
    assert!(weak.upgrade().is_none());
    world.assert_clean();
}

#[test]
fn r31_a_pin_that_is_dropped_is_reported() {
    let world = world();
    let bo = world.bo(4096);
    let mut guard = bo.gem.resv().lock();
    drop(bo.backing.pin(&mut guard).expect("pin"));
    drop(guard);
    drop(bo);
    assert_eq!(
        world.machine.trace().take(),
        [
            Event::Warning("gem-uma: pin dropped instead of given back"),
            Event::Warning("gem-uma: freed while pinned"),
        ]
    );
    world.assert_clean();
}

#[test]
fn r31_a_pin_of_another_object_is_not_taken() {
    let world = world();
    let (bo, other) = (world.bo(4096), world.bo(4096));
    let mut guard = bo.gem.resv().lock();
    let pin = bo.backing.pin(&mut guard).expect("pin");
    let mut other_guard = other.gem.resv().lock();
    other.backing.unpin(&mut other_guard, pin);
    assert_eq!((bo.backing.pins(), other.backing.pins()), (1, 0));
    assert!(!world.machine.trace().take().is_empty());
}

#[test]
fn r33_contents_survive_eviction_when_clean_pages_are_lost() {
    let world = World::reclaiming(Config {
        lose_clean_pages: true,
        ..Config::default()
    });
    let bo = world.bo(4 * 4096);
    world.fill(&bo, 3).expect("fill");
    let mut guard = bo.gem.resv().lock();
    assert_eq!(bo.evict(&mut guard), Ok(()));
    drop(guard);
    assert_eq!(world.value(&bo), Ok(3));

    // What the base class does: the same writes are lost.
    let world = World::on(
        Config {
            lose_clean_pages: true,
            ..Config::default()
        },
        Default::default(),
        Options::as_base_class(),
    );
    let bo = world.bo(4 * 4096);
    world.fill(&bo, 3).expect("fill");
    world.machine.swap_out(4);
    assert_eq!(world.value(&bo), Ok(0));
}

#[test]
fn r37_a_huge_page_is_mapped_at_once_where_it_fits() {
    let world = World::reclaiming(Config {
        huge_pages: true,
        ..Config::default()
    });
    let file = world.dev.open().expect("open");
    let bo = world.bo(4 << 20);
    file.handle_create(&bo.clone().into_dyn()).expect("handle");
    let table = bo.dmap.lock_table(&bo.backing).expect("table");
    assert!(
        table
            .dma_entries()
            .iter()
            .all(|entry| entry.addr % (2 << 20) == 0)
    );
    drop(table);
    let process = Process::new(&world.machine);
    let addr = world.mmap(&process, &file, &bo).expect("mmap");
    process.write(addr + 4096, &[1]).expect("write");
    let vma = process.vma(addr).expect("mapping");
    assert_eq!(vma.mapped_pages(), 512);
    drop(vma);
    let mut guard = bo.gem.resv().lock();
    assert_eq!(bo.evict(&mut guard), Ok(()));
    assert_eq!(bo.reclaim.class(), Class::Unreclaimable);
    drop(guard);
    // Single pages came back from swap: no huge entry any more.
    assert_eq!(process.read_byte(addr + 4096), Ok(1));
    let vma = process.vma(addr).expect("mapping");
    assert_eq!(vma.mapped_pages(), 1);
    drop((vma, process, bo, file));
    world.assert_clean();
}

#[test]
fn r37_huge_pages_are_only_taken_by_objects_that_want_them() {
    let config = Config {
        huge_pages: true,
        ..Config::default()
    };
    let options = Options {
        backing: gem_uma::BackingOptions::default().huge(false),
        ..Options::default()
    };
    let world = World::on(config, Default::default(), options);
    let bo = world.bo(2 << 20);
    let mut guard = bo.gem.resv().lock();
    let pages = bo.backing.populate(&mut guard).expect("pages");
    assert_eq!(pages.folio_bytes(0), Some(4096));
}
