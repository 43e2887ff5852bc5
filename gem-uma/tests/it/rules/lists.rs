//! Rules of reclaim: classes, lists, locks, progress.

use drm_core::errno::Errno;
use drm_core::gem::Object;
use drm_core::machine::{Config, ScanResult, ShrinkControl, Shrinker};
use drm_core::mmap::Process;
use drm_core::resv::{FenceContext, Usage};
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;
use gem_uma::{Class, VmReclaim};

use crate::world::World;

fn world() -> (World, Arc<dyn Shrinker>) {
    let world = World::reclaiming(Config::default());
    let shrinker = world.shrinker.clone().expect("shrinker");
    (world, shrinker)
}

fn all() -> ShrinkControl {
    ShrinkControl::direct(1 << 20)
}

#[test]
fn r07_what_was_evicted_for_the_gpu_stays_so_until_it_is_restored() {
    let (world, shrinker) = world();
    let file = world.dev.open().expect("open");
    let bo = world.bo(4096);
    file.handle_create(&bo.clone().into_dyn()).expect("handle");
    let process = Process::new(&world.machine);
    let addr = world.mmap(&process, &file, &bo).expect("mmap");
    process.write(addr, &[8]).expect("write");
    let (a, b) = (world.vm(), world.vm());
    let (in_a, in_b) = (world.gpu_map(&bo, &a, 0), world.gpu_map(&bo, &b, 0));
    assert_eq!(shrinker.scan(all()), ScanResult::Freed(1));
    assert_eq!(process.read_byte(addr), Ok(8));
    assert_eq!(bo.reclaim.class(), Class::Mmapped);
    assert!(in_a.is_evicted() && in_b.is_evicted());
    assert_eq!(world.validate(&bo, &a), Ok(1));
    assert!(!in_a.is_evicted() && in_b.is_evicted());
    assert_eq!(a.read(&world.machine, 0), Some(8));
    assert_eq!(b.read(&world.machine, 0), None);
    assert_eq!(bo.reclaim.class(), Class::GpuMappedSingleVm);
}

#[test]
fn r14_reclaim_skips_whatever_is_locked() {
    let (world, shrinker) = world();
    let bo = world.bo(4096);
    world.fill(&bo, 1).expect("fill");
    let vm = world.vm();
    world.gpu_map(&bo, &vm, 0);
    let skipped = || {
        assert_eq!(shrinker.scan(all()), ScanResult::Freed(0));
        assert!(bo.backing.is_resident());
        // Said once; the second time it is "stop".
        assert_eq!(shrinker.scan(all()), ScanResult::Stop);
        let other = world.bo(4096);
        world.fill(&other, 1).expect("fill");
        assert_eq!(
            shrinker.scan(ShrinkControl::atomic(1)),
            ScanResult::Freed(1)
        );
    };
    let guard = bo.gem.resv().lock();
    skipped();
    drop(guard);
    let guard = vm.resv.lock();
    skipped();
    drop(guard);
    let mappings = bo.gmap.lock();
    skipped();
    drop(mappings);
    let op_lock = vm.entries.lock();
    skipped();
    drop(op_lock);
    assert_eq!(shrinker.scan(all()), ScanResult::Freed(1));
}

#[test]
fn r15_an_object_that_became_harder_to_reclaim_is_left_to_its_own_list() {
    let (world, shrinker) = world();
    let bo = world.bo(4096);
    world.fill(&bo, 1).expect("fill");
    let mut guard = bo.gem.resv().lock();
    let pin = bo.backing.pin(&mut guard).expect("pin");
    assert!(bo.gem.lru().list().is_none());
    assert_eq!(bo.evict(&mut guard), Err(Errno::EBUSY));
    drop(guard);
    assert_eq!(shrinker.scan(all()), ScanResult::Stop);
    let mut guard = bo.gem.resv().lock();
    bo.backing.unpin(&mut guard, pin);
    drop(guard);
    let vm = world.vm();
    world.gpu_map(&bo, &vm, 0);
    assert_eq!(shrinker.scan(ShrinkControl::atomic(1)), ScanResult::Stop);
    assert!(bo.backing.is_resident());
}

#[test]
fn r20_an_object_with_pages_and_no_pin_is_on_the_list_of_its_class() {
    let (world, _) = world();
    let lists = world.reclaim.clone().expect("lists");
    let file = world.dev.open().expect("open");
    let bo = world.bo(4096);
    file.handle_create(&bo.clone().into_dyn()).expect("handle");
    let listed = || bo.gem.lru().list().is_some();
    let process = Process::new(&world.machine);
    let addr = world.mmap(&process, &file, &bo).expect("mmap");
    assert!(!listed(), "mmap gets no pages");
    process.read_byte(addr).expect("touch");
    assert_eq!((listed(), lists.pages().mmapped()), (true, 1));
    let vm = world.vm();
    world.gpu_map(&bo, &vm, 0);
    assert_eq!((listed(), lists.pages().gpu_mapped()), (true, 1));
    let child = process.fork();
    drop(process);
    world.gpu_unmap(&bo, &vm);
    assert_eq!((listed(), lists.pages().mmapped()), (true, 1));
    drop(child);
    assert_eq!((listed(), lists.pages().unused()), (true, 1));
    let mut guard = bo.gem.resv().lock();
    bo.evict(&mut guard).expect("evict");
    assert!(!listed());
}

#[test]
fn r21_nothing_that_the_gpu_maps_is_touched_when_reclaim_may_not_block() {
    let (world, shrinker) = world();
    let bo = world.bo(4096);
    let vm = world.vm();
    world.gpu_map(&bo, &vm, 0);
    assert_eq!(shrinker.count(ShrinkControl::atomic(1)), 0);
    assert_eq!(shrinker.scan(ShrinkControl::atomic(1)), ScanResult::Stop);
    assert_eq!(vm.unmaps.load(Ordering::SeqCst), 0);
    assert_eq!(shrinker.count(all()), 1);
}

#[test]
fn r21_a_scan_waits_for_fences_only_where_it_may_and_not_for_long() {
    let (world, shrinker) = world();
    let bo = world.bo(4096);
    let vm = world.vm();
    world.gpu_map(&bo, &vm, 0);
    let context = FenceContext::new();
    let fence = context.fence();
    let mut guard = bo.gem.resv().lock();
    guard.reserve_fences(1).expect("room");
    guard.add_fence(&fence, Usage::Bookkeep);
    drop(guard);
    let start = world.machine.clock().now();
    assert_eq!(shrinker.scan(all()), ScanResult::Freed(0));
    assert_eq!(world.machine.clock().now() - start, 40_000_000);
    fence.signal();
    assert_eq!(shrinker.scan(all()), ScanResult::Freed(1));
}

#[test]
fn r22_the_shrinker_counts_what_left_ram() {
    let config = Config {
        swap: 4 * 4096,
        ..Config::default()
    };
    let world = World::reclaiming(config);
    let shrinker = world.shrinker.clone().expect("shrinker");
    let bos: Vec<_> = (0..3).map(|_| world.bo(3 * 4096)).collect();
    bos.iter().for_each(|bo| world.fill(bo, 1).expect("fill"));
    let used = || world.machine.frames().stats().used;
    assert_eq!(shrinker.count(ShrinkControl::atomic(9)), 9);
    let before = used();
    let ScanResult::Freed(freed) = shrinker.scan(ShrinkControl::atomic(9)) else {
        panic!("nothing freed");
    };
    assert_eq!(freed, before - used());
    assert_eq!(freed, 4, "swap holds no more");
    assert_eq!(
        shrinker.count(ShrinkControl::atomic(9)),
        0,
        "no swap is left"
    );
    for bo in &bos {
        assert_eq!(world.value(bo), Ok(1));
    }
}

#[test]
fn r24_the_cpu_and_the_gpu_come_back_separately_and_in_any_order() {
    let (world, shrinker) = world();
    let bo = world.bo(4096);
    world.fill(&bo, 6).expect("fill");
    let vm = world.vm();
    world.gpu_map(&bo, &vm, 0);
    assert_eq!(shrinker.scan(all()), ScanResult::Freed(1));
    // The kernel maps it, which gets the pages and pins them: the GPU comes back all the same.
    let mut guard = bo.gem.resv().lock();
    let map = bo.vmap(&mut guard).expect("vmap");
    drop(guard);
    assert_eq!(world.validate(&bo, &vm), Ok(1));
    assert_eq!(vm.read(&world.machine, 0), Some(6));
    let mut guard = bo.gem.resv().lock();
    bo.vunmap(&mut guard, &map);
    assert_eq!(bo.reclaim.class(), Class::GpuMappedSingleVm);
}

#[test]
fn r25_what_is_evicted_is_not_unmapped_twice() {
    let (world, shrinker) = world();
    let bo = world.bo(4096);
    world.fill(&bo, 6).expect("fill");
    let vm = world.vm();
    world.gpu_map(&bo, &vm, 0);
    for _ in 0..3 {
        assert_eq!(shrinker.scan(all()), ScanResult::Freed(1));
        assert_eq!(vm.unmaps.load(Ordering::SeqCst), 1);
        assert_eq!(world.value(&bo), Ok(6));
    }
    assert_eq!(world.machine.trace().take(), []);
}

#[test]
fn r36_the_space_that_was_idle_longest_is_asked_first() {
    let (world, shrinker) = world();
    let vms: Vec<_> = (0..3).map(|_| world.vm()).collect();
    let bos: Vec<_> = vms
        .iter()
        .map(|vm| {
            let bo = world.bo(4096);
            world.gpu_map(&bo, vm, 0);
            bo
        })
        .collect();
    // A space that is new to the lists is first; activity moves it behind all others.
    for vm in [&vms[1], &vms[0], &vms[2]] {
        vm.reclaim.as_ref().expect("list").active();
    }
    let resident = || -> Vec<bool> { bos.iter().map(|bo| bo.backing.is_resident()).collect() };
    let mut seen = Vec::new();
    for _ in 0..3 {
        assert_eq!(
            shrinker.scan(ShrinkControl::direct(1)),
            ScanResult::Freed(1)
        );
        seen.push(resident());
    }
    assert_eq!(
        seen,
        [
            [true, false, true],
            [false, false, true],
            [false, false, false]
        ]
    );
    assert_eq!(vms[0].reclaim.as_ref().map(VmReclaim::pages), Some(0));
}
