//! The lock protocols, schedule by schedule: `cargo test -p gem-uma --features shuttle --test shuttle`.

#![cfg(feature = "shuttle")]

use drm_core::PAGE_SIZE;
use drm_core::gem::{Gem, Object};
use drm_core::machine::{Config, ShrinkControl};
use drm_core::mmap::Process;
use drm_core::resv::{FenceContext, Usage};
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;
use gem_uma::Class;
use shuttle::thread;

#[path = "it/world.rs"]
#[expect(dead_code, reason = "these tests need a part of it")]
mod world;

use world::{Bo, Vm, World};

/// Schedules for each protocol.
const SCHEDULES: usize = 2_000;

/// Explores schedules of a protocol: at random, and by priorities, which finds what needs few switches at the right place.
fn explore(protocol: impl Fn() + Send + Sync + Clone + 'static) {
    shuttle::check_random(protocol.clone(), SCHEDULES);
    shuttle::check_pct(protocol, SCHEDULES, 3);
}

fn world() -> Arc<World> {
    Arc::new(World::reclaiming(Config {
        ram: 64 * PAGE_SIZE,
        swap: 64 * PAGE_SIZE,
        ..Config::default()
    }))
}

fn scan(world: &World) {
    let shrinker = world.shrinker.clone().expect("shrinker");
    let _ = shrinker.scan(ShrinkControl::direct(64));
}

/// A job: locks the space, then the object, brings it back, fences it, reads it as the device does, signals.
fn submit(world: &World, bo: &Gem<Bo>, vm: &Arc<Vm>, expected: u8) {
    let space = vm.resv.lock();
    let mut guard = bo.gem.resv().lock();
    bo.gmap
        .restore(
            &mut guard,
            &bo.backing,
            &bo.dmap,
            vm.id,
            |mapping, table| {
                mapping.vm.write_entries(mapping.start, table);
                Ok(())
            },
        )
        .expect("restore");
    let fence = FenceContext::new().fence();
    guard.reserve_fences(1).expect("room");
    guard.add_fence(&fence, Usage::Bookkeep);
    drop((guard, space));
    assert_eq!(vm.read(&world.machine, 0), Some(expected));
    fence.signal();
}

fn finish(world: &World, bo: Gem<Bo>, vms: &[&Arc<Vm>]) {
    for vm in vms {
        world.gpu_unmap(&bo, vm);
    }
    drop(bo);
    world.assert_clean();
}

#[test]
fn r15_shuttle_fault_against_evict() {
    explore(|| {
        let world = world();
        let file = world.dev.open().expect("open");
        let bo = world.bo(2 * PAGE_SIZE);
        file.handle_create(&bo.clone().into_dyn()).expect("handle");
        let process = Process::new(&world.machine);
        let addr = world.mmap(&process, &file, &bo).expect("mmap");
        process.write(addr, &[7]).expect("write");
        let toucher = thread::spawn(move || {
            for value in [7, 8, 9] {
                assert_eq!(process.read_byte(addr), Ok(value));
                process.write(addr, &[value + 1]).expect("write");
            }
            process
        });
        let other = Arc::clone(&world);
        let shrinker = thread::spawn(move || {
            scan(&other);
            scan(&other);
        });
        let process = toucher.join().expect("toucher");
        shrinker.join().expect("shrinker");
        assert_eq!(process.read_byte(addr), Ok(10));
        assert_eq!(bo.reclaim.class(), Class::Mmapped);
        drop((process, file));
        finish(&world, bo, &[]);
    });
}

/// Between the look at the list and the lock, the object may be mapped by the GPU: then a scan that may not block leaves it alone.
#[test]
fn r15_shuttle_bind_against_a_scan_that_may_not_block() {
    explore(|| {
        let world = world();
        let bo = world.bo(PAGE_SIZE);
        world.fill(&bo, 4).expect("fill");
        let vm = world.vm();
        let binder = {
            let (world, bo, vm) = (Arc::clone(&world), bo.clone(), Arc::clone(&vm));
            thread::spawn(move || drop(world.gpu_map(&bo, &vm, 0)))
        };
        let shrinker = world.shrinker.clone().expect("shrinker");
        let _ = shrinker.scan(ShrinkControl::atomic(1));
        binder.join().expect("binder");
        assert_eq!(vm.unmaps.load(Ordering::SeqCst), 0);
        assert_eq!(vm.read(&world.machine, 0), Some(4));
        finish(&world, bo, &[&vm]);
    });
}

#[test]
fn r14_shuttle_submit_against_shrink() {
    explore(|| {
        let world = world();
        let bo = world.bo(2 * PAGE_SIZE);
        world.fill(&bo, 3).expect("fill");
        let (a, b) = (world.vm(), world.vm());
        world.gpu_map(&bo, &a, 0);
        world.gpu_map(&bo, &b, 0);
        // Two address spaces share the object; both submit while it is reclaimed.
        let jobs = [&a, &b].map(|vm| {
            let (world, bo, vm) = (Arc::clone(&world), bo.clone(), Arc::clone(vm));
            thread::spawn(move || {
                submit(&world, &bo, &vm, 3);
                submit(&world, &bo, &vm, 3);
            })
        });
        scan(&world);
        scan(&world);
        jobs.into_iter().for_each(|job| job.join().expect("job"));
        assert_eq!(world.value(&bo), Ok(3));
        finish(&world, bo, &[&a, &b]);
    });
}

#[test]
fn r26_shuttle_the_last_put_from_the_shrinker() {
    explore(|| {
        let world = world();
        let bos: Vec<_> = (0..2).map(|_| world.bo(PAGE_SIZE)).collect();
        bos.iter().for_each(|bo| world.fill(bo, 1).expect("fill"));
        let other = Arc::clone(&world);
        let shrinker = thread::spawn(move || scan(&other));
        drop(bos);
        shrinker.join().expect("shrinker");
        world.assert_clean();
    });
}

#[test]
fn r40_shuttle_import_against_close() {
    explore(|| {
        let world = world();
        let other = World::device(&world.machine, Default::default(), world.options);
        let exporter = world.dev.open().expect("open");
        let bo = world.bo(PAGE_SIZE);
        let handle = exporter
            .handle_create(&bo.clone().into_dyn())
            .expect("handle");
        world.fill(&bo, 5).expect("fill");
        let dma_buf = exporter.export(handle, true).expect("export");
        let importer = {
            let other = other.clone();
            thread::spawn(move || {
                let file = other.open().expect("open");
                let handle = file.import(&dma_buf).expect("import");
                drop(dma_buf);
                let import = file
                    .lookup(handle)
                    .and_then(|object| object.downcast::<Bo>())
                    .expect("object");
                let table = import.dmap.lock_table(&import.backing).expect("table");
                let mut byte = [0];
                let phys = table.phys_page(0).expect("page");
                file.machine().ram().read(phys, &mut byte);
                assert_eq!(byte, [5]);
                drop(table);
                drop((import, file));
            })
        };
        let reclaim = {
            let world = Arc::clone(&world);
            thread::spawn(move || scan(&world))
        };
        drop((exporter, bo));
        importer.join().expect("importer");
        reclaim.join().expect("shrinker");
        assert_eq!(other.object_count(), 0);
        world.assert_clean();
    });
}

#[test]
fn r03_shuttle_pins_from_two_threads_add_up() {
    // Small enough for every schedule.
    let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    shuttle::check_dfs(
        move || {
            seen.fetch_add(1, Ordering::SeqCst);
            let world = world();
            let bo = world.bo(PAGE_SIZE);
            world.fill(&bo, 1).expect("fill");
            let other = bo.clone();
            let pinner = thread::spawn(move || {
                let mut guard = other.gem.resv().lock();
                let pin = other.backing.pin(&mut guard).expect("pin");
                drop(guard);
                let mut guard = other.gem.resv().lock();
                other.backing.unpin(&mut guard, pin);
            });
            let mut guard = bo.gem.resv().lock();
            let evicted = bo.evict(&mut guard).is_ok();
            assert_ne!(evicted, bo.backing.is_resident());
            drop(guard);
            pinner.join().expect("pinner");
            assert_eq!(bo.backing.pins(), 0);
        },
        Some(20_000),
    );
    assert!(count.load(Ordering::SeqCst) > 1_000);
}

/// What reclaim would be without `try`: it holds the object, and waits for the address space, while a submit holds the
/// address space and waits for the object.
#[test]
#[should_panic(expected = "deadlock")]
fn r14_shuttle_a_lock_in_the_wrong_order_is_found() {
    explore(|| {
        let world = world();
        let bo = world.bo(PAGE_SIZE);
        let vm = world.vm();
        world.gpu_map(&bo, &vm, 0);
        let reclaim = {
            let (bo, vm) = (bo.clone(), Arc::clone(&vm));
            thread::spawn(move || {
                let mut guard = bo.gem.resv().lock();
                let _space = vm.resv.lock();
                let _ = bo.evict(&mut guard);
            })
        };
        let space = vm.resv.lock();
        drop(bo.gem.resv().lock());
        drop(space);
        reclaim.join().expect("reclaim");
    });
}
