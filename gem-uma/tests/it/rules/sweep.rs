//! Every operation, with its first, second, .. n-th step made to fail.

use drm_core::errno::Result;
use drm_core::gem::{Gem, Object};
use drm_core::machine::Config;
use drm_core::memory::Gfp;
use drm_core::mmap::Process;
use drm_core::resv::ResvGuard;
use gem_uma::SparseOptions;

use crate::world::{Bo, World};

/// What a failed call must leave as it was.
#[derive(Debug, PartialEq)]
struct Shown {
    resident: bool,
    mapped: bool,
    pins: u32,
    users: u32,
    vmaps: u32,
    vmas: u32,
    advice: i32,
    class: gem_uma::Class,
    granules: u64,
    dma: u64,
    kernel: u64,
    objects: usize,
}

fn shown(world: &World, bo: &Gem<Bo>, guard: &ResvGuard) -> Shown {
    let counters = world.machine.counters();
    Shown {
        resident: bo.backing.is_resident(),
        mapped: bo.dmap.is_mapped(),
        pins: bo.backing.pins(),
        users: bo.backing.users(guard),
        vmaps: bo.cmap.vmaps(),
        vmas: bo.cmap.vmas(),
        advice: bo.reclaim.advice(),
        class: bo.reclaim.class(),
        granules: bo.heap.as_ref().map_or(0, |heap| heap.resident_pages()),
        dma: counters.dma_mapped.get() - counters.dma_unmapped.get(),
        kernel: counters.vmaps.get() - counters.vunmaps.get(),
        objects: world.dev.object_count(),
    }
}

/// Fails step after step of `act`, on fresh objects, until it succeeds; how many steps could fail.
fn sweep(
    name: &str,
    make: impl Fn(&World) -> Gem<Bo>,
    act: impl Fn(&World, &Gem<Bo>, &mut ResvGuard) -> Result,
) -> u64 {
    for nth in 1.. {
        let world = World::reclaiming(Config::default());
        let bo = make(&world);
        let mut guard = bo.gem.resv().lock();
        let before = shown(&world, &bo, &guard);
        world.machine.failpoints().fail_any_nth(nth);
        let result = act(&world, &bo, &mut guard);
        let failed = world.machine.failpoints().disarm();
        if !failed {
            assert_eq!(result, Ok(()), "{name}: nothing failed");
        } else if result.is_err() {
            assert_eq!(shown(&world, &bo, &guard), before, "{name}: failure {nth}");
            // The same call succeeds afterwards.
            assert_eq!(act(&world, &bo, &mut guard), Ok(()), "{name}: after {nth}");
        }
        drop(guard);
        drop(bo);
        assert_eq!(world.dev.object_count(), 0, "{name}: leak after {nth}");
        assert_eq!(
            world.machine.frames().stats().used,
            0,
            "{name}: pages after {nth}"
        );
        assert_eq!(world.machine.trace().take(), [], "{name}: after {nth}");
        if !failed {
            return nth - 1;
        }
    }
    0
}

fn whole(world: &World) -> Gem<Bo> {
    world.bo(6 * 4096)
}

fn grows(world: &World) -> Gem<Bo> {
    world.heap(8 * 4096, SparseOptions::default().granule_pages(4))
}

#[test]
fn r16_a_failed_call_leaves_what_it_found() {
    let mut steps = Vec::new();
    let mut check = |name: &'static str, n: u64, at_least: u64| {
        assert!(n >= at_least, "{name} can fail {n} times, not {at_least}");
        steps.push((name, n));
    };
    check(
        "populate",
        sweep("populate", whole, |_, bo, guard| {
            bo.backing.populate(guard).map(drop)
        }),
        7,
    );
    check(
        "pin",
        sweep("pin", whole, |_, bo, guard| {
            let pin = bo.backing.pin(guard)?;
            bo.backing.unpin(guard, pin);
            Ok(())
        }),
        7,
    );
    check(
        "table",
        sweep("table", whole, |_, bo, guard| {
            bo.dmap.table(guard, &bo.backing).map(drop)
        }),
        9,
    );
    check(
        "pin_table",
        sweep("pin_table", whole, |_, bo, guard| {
            let pinned = bo.dmap.pin_table(guard, &bo.backing)?;
            bo.dmap.unpin_table(guard, &bo.backing, pinned);
            Ok(())
        }),
        9,
    );
    check(
        "vmap",
        sweep("vmap", whole, |_, bo, guard| {
            let map = bo.vmap(guard)?;
            bo.vunmap(guard, &map);
            Ok(())
        }),
        8,
    );
    check(
        "attach",
        sweep("attach", whole, |_, bo, guard| {
            bo.pin(guard)?;
            bo.unpin(guard);
            Ok(())
        }),
        7,
    );
    check(
        "fresh table",
        sweep("fresh table", whole, |_, bo, guard| {
            // Attached, whatever the sweep makes fail.
            let pin = loop {
                if let Ok(pin) = bo.backing.pin(guard) {
                    break pin;
                }
            };
            let resident = bo.backing.is_resident();
            let table = bo.get_sg_table(guard).map(drop);
            assert_eq!(bo.backing.is_resident(), resident);
            bo.backing.unpin(guard, pin);
            if table.is_err() {
                bo.evict(guard)?;
            }
            table
        }),
        8,
    );
    check(
        "restore",
        sweep(
            "restore",
            |world| {
                let bo = whole(world);
                world.fill(&bo, 1).expect("fill");
                let mut guard = bo.gem.resv().lock();
                bo.evict(&mut guard).expect("evict");
                drop(guard);
                bo
            },
            |_, bo, guard| bo.dmap.table(guard, &bo.backing).map(drop),
        ),
        9,
    );
    check(
        "granule",
        sweep("granule", grows, |_, bo, guard| {
            let heap = bo.heap.as_ref().expect("heap");
            heap.populate(guard, 0..8, Gfp::KERNEL).map(drop)
        }),
        10,
    );
    check(
        "granule table",
        sweep("granule table", grows, |_, bo, guard| {
            let (heap, chunks) = bo.heap.as_ref().zip(bo.chunks.as_ref()).expect("heap");
            chunks.table(guard, heap, 1, Gfp::KERNEL).map(drop)
        }),
        7,
    );
    println!("steps that were made to fail: {steps:?}");
}

#[test]
fn r16_a_failed_creation_leaves_nothing() {
    for nth in 1.. {
        let world = World::reclaiming(Config::default());
        let file = world.dev.open().expect("open");
        world.machine.failpoints().fail_any_nth(nth);
        let made = world
            .new_bo(4096)
            .and_then(|bo| file.handle_create(&bo.into_dyn()));
        if !world.machine.failpoints().disarm() {
            assert_eq!(made, Ok(1));
            break;
        }
        assert!(made.is_err());
        drop(file);
        world.assert_clean();
    }
    let world = World::reclaiming(Config::default());
    assert_eq!(world.new_bo(0).map(drop), Err(drm_core::Errno::ENOSPC));
    world.assert_clean();
}

#[test]
fn r16_a_failed_touch_is_a_signal_and_nothing_else() {
    for nth in 1.. {
        let world = World::reclaiming(Config::default());
        let file = world.dev.open().expect("open");
        let bo = world.bo(3 * 4096);
        file.handle_create(&bo.clone().into_dyn()).expect("handle");
        let process = Process::new(&world.machine);
        let addr = world.mmap(&process, &file, &bo).expect("mmap");
        world.machine.failpoints().fail_any_nth(nth);
        let touched = process.read_byte(addr);
        let failed = world.machine.failpoints().disarm();
        if failed {
            assert_eq!(touched, Err(drm_core::Errno::EFAULT));
            assert!(!bo.backing.is_resident());
        }
        assert_eq!(process.read_byte(addr), Ok(0));
        drop((process, bo, file));
        world.assert_clean();
        if !failed {
            break;
        }
    }
}
