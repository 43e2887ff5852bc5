//! Reclaim at work: classes, eviction, the two ways back, the shrinker, a machine that is much too small.

use drm_core::gem::Object;
use drm_core::machine::{Config, ScanResult, ShrinkControl};
use drm_core::mmap::Process;
use gem_uma::Class;

use crate::world::World;

fn world() -> World {
    World::reclaiming(Config::default())
}

#[test]
fn an_object_goes_through_the_five_classes() {
    let world = world();
    let reclaim = world.reclaim.clone().expect("lists");
    let file = world.dev.open().expect("open");
    let bo = world.bo(4 * 4096);
    file.handle_create(&bo.clone().into_dyn()).expect("handle");
    assert_eq!(bo.reclaim.class(), Class::Unreclaimable);
    world.fill(&bo, 7).expect("fill");
    assert_eq!(bo.reclaim.class(), Class::Unused);
    assert_eq!(reclaim.pages().unused(), 4);

    let process = Process::new(&world.machine);
    let addr = world.mmap(&process, &file, &bo).expect("mmap");
    assert_eq!(bo.reclaim.class(), Class::Mmapped);
    assert_eq!(
        (reclaim.pages().unused(), reclaim.pages().mmapped()),
        (0, 4)
    );

    let (a, b) = (world.vm(), world.vm());
    world.gpu_map(&bo, &a, 0x1000);
    assert_eq!(bo.reclaim.class(), Class::GpuMappedSingleVm);
    assert_eq!(a.reclaim.as_ref().map(gem_uma::VmReclaim::pages), Some(4));
    world.gpu_map(&bo, &b, 0x1000);
    assert_eq!(bo.reclaim.class(), Class::GpuMappedMultiVm);
    assert_eq!(reclaim.pages().gpu_mapped(), 4);

    let mut guard = bo.gem.resv().lock();
    let pin = bo.backing.pin(&mut guard).expect("pin");
    assert_eq!(bo.reclaim.class(), Class::Unreclaimable);
    bo.backing.unpin(&mut guard, pin);
    assert_eq!(bo.reclaim.class(), Class::GpuMappedMultiVm);
    drop(guard);

    world.gpu_unmap(&bo, &a);
    assert_eq!(bo.reclaim.class(), Class::GpuMappedSingleVm);
    assert_eq!(b.reclaim.as_ref().map(gem_uma::VmReclaim::pages), Some(4));
    world.gpu_unmap(&bo, &b);
    assert_eq!(process.read_byte(addr), Ok(7));
    assert_eq!(bo.reclaim.class(), Class::Mmapped);
    drop(process);
    assert_eq!(bo.reclaim.class(), Class::Unused);
    drop((bo, file));
    assert_eq!(reclaim.pages().unused(), 0);
    world.assert_clean();
}

#[test]
fn eviction_and_the_two_ways_back() {
    let world = world();
    let shrinker = world.shrinker.clone().expect("shrinker");
    let file = world.dev.open().expect("open");
    let bo = world.bo(4 * 4096);
    file.handle_create(&bo.clone().into_dyn()).expect("handle");
    world.fill(&bo, 42).expect("fill");
    let process = Process::new(&world.machine);
    let addr = world.mmap(&process, &file, &bo).expect("mmap");
    assert_eq!(process.read_byte(addr), Ok(42));
    let vm = world.vm();
    let mapping = world.gpu_map(&bo, &vm, 0x10_000);
    assert_eq!(vm.read(&world.machine, 0x10_000), Some(42));

    assert_eq!(shrinker.count(ShrinkControl::atomic(4)), 0);
    assert_eq!(shrinker.scan(ShrinkControl::atomic(4)), ScanResult::Stop);
    assert_eq!(shrinker.count(ShrinkControl::direct(4)), 4);
    assert_eq!(
        shrinker.scan(ShrinkControl::direct(4)),
        ScanResult::Freed(4)
    );
    assert_eq!(world.machine.frames().stats().used, 0);
    assert!(!bo.backing.is_resident() && !bo.dmap.is_mapped() && mapping.is_evicted());
    assert_eq!(vm.read(&world.machine, 0x10_000), None);
    assert_eq!(bo.reclaim.evictions(), 1);

    // A touch by the CPU brings the pages back, and nothing else.
    assert_eq!(process.read_byte(addr), Ok(42));
    assert_eq!(bo.reclaim.class(), Class::Mmapped);
    assert!(mapping.is_evicted());
    assert_eq!(vm.read(&world.machine, 0x10_000), None);
    let before = vm.unmaps.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(
        shrinker.scan(ShrinkControl::atomic(4)),
        ScanResult::Freed(4)
    );
    assert_eq!(vm.unmaps.load(std::sync::atomic::Ordering::SeqCst), before);

    // A submit brings it back for its address space.
    assert_eq!(world.validate(&bo, &vm), Ok(1));
    assert_eq!(vm.read(&world.machine, 0x10_000), Some(42));
    assert_eq!(bo.reclaim.class(), Class::GpuMappedSingleVm);
    assert_eq!(world.validate(&bo, &vm), Ok(0));
    world.gpu_unmap(&bo, &vm);
    drop((process, bo, file));
    world.assert_clean();
}

#[test]
fn a_working_set_of_four_times_the_ram_stays_intact() {
    const BOS: u64 = 64;
    const SIZE: u64 = 64 << 12;
    let config = Config {
        ram: BOS * SIZE / 4,
        swap: 2 * BOS * SIZE,
        ..Config::default()
    };
    let world = World::reclaiming(config);
    let (a, b) = (world.vm(), world.vm());
    let pinned = world.bo(SIZE);
    world.fill(&pinned, 0xee).expect("fill");
    let mut guard = pinned.gem.resv().lock();
    let pin = pinned.backing.pin(&mut guard).expect("pin");
    let place: Vec<u64> = pinned
        .backing
        .pages(&guard)
        .expect("pages")
        .iter()
        .collect();
    drop(guard);

    let bos: Vec<_> = (0..BOS).map(|_| world.bo(SIZE)).collect();
    for (i, bo) in (0..).zip(&bos) {
        world.fill(bo, i as u8).expect("fill");
        match i % 4 {
            1 => drop(world.gpu_map(bo, &a, i << 24)),
            2 => {
                world.gpu_map(bo, &a, i << 24);
                world.gpu_map(bo, &b, i << 24);
            }
            _ => {}
        }
    }
    let mut seed = 1u64;
    for step in 0..3000u64 {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let i = (seed >> 33) % BOS;
        let bo = &bos[i as usize];
        match (i % 4, step % 2) {
            (1, _) | (2, 0) => {
                world.validate(bo, &a).expect("validate");
                assert_eq!(a.read(&world.machine, (i << 24) + 4096), Some(i as u8));
            }
            (2, _) => {
                world.validate(bo, &b).expect("validate");
                assert_eq!(b.read(&world.machine, i << 24), Some(i as u8));
            }
            _ => assert_eq!(world.value(bo), Ok(i as u8)),
        }
    }
    let evictions: u32 = bos.iter().map(|bo| bo.reclaim.evictions()).sum();
    assert!(evictions > 2000, "{evictions} evictions");
    for (i, bo) in (0..).zip(&bos) {
        assert_eq!(world.value(bo), Ok(i as u8));
    }
    let mut guard = pinned.gem.resv().lock();
    let now: Vec<u64> = pinned
        .backing
        .pages(&guard)
        .expect("pages")
        .iter()
        .collect();
    assert_eq!(now, place);
    pinned.backing.unpin(&mut guard, pin);
    drop(guard);
    println!(
        "{evictions} evictions, {} pages out, {} pages in",
        world.machine.counters().swapped_out.get(),
        world.machine.counters().swapped_in.get()
    );
    for (i, bo) in (0..BOS).zip(&bos) {
        if matches!(i % 4, 1 | 2) {
            world.gpu_unmap(bo, &a);
        }
        if i % 4 == 2 {
            world.gpu_unmap(bo, &b);
        }
    }
    drop((bos, pinned));
    world.assert_clean();
}

#[test]
fn an_object_that_nobody_needs_is_purged_instead_of_swapped_out() {
    let world = world();
    let shrinker = world.shrinker.clone().expect("shrinker");
    let bo = world.bo(4 * 4096);
    world.fill(&bo, 1).expect("fill");
    let mut guard = bo.gem.resv().lock();
    assert_eq!(bo.reclaim.madvise(&mut guard, 1), Ok(true));
    drop(guard);
    assert_eq!(
        shrinker.scan(ShrinkControl::atomic(1)),
        ScanResult::Freed(4)
    );
    assert!(bo.reclaim.is_purged());
    assert_eq!(world.machine.counters().swapped_out.get(), 0);
    assert_eq!(bo.gem.node().offset(), None);
    assert_eq!(bo.status(), Some(drm_core::gem::Status::empty()));
    drop(bo);
    world.assert_clean();
}
