//! Rules of what an object shows of its memory.

use drm_core::gem::{MemoryStats, Object, Status};
use drm_core::machine::Config;
use drm_core::memory::Gfp;
use gem_uma::SparseOptions;

use crate::world::{Options, World};

#[test]
fn r38_reclaimable_and_evicted_memory_is_shown() {
    let world = World::reclaiming(Config::default());
    let lists = world.reclaim.clone().expect("lists");
    let file = world.dev.open().expect("open");
    let bo = world.bo(4 * 4096);
    file.handle_create(&bo.clone().into_dyn()).expect("handle");
    assert_eq!(
        (bo.status(), bo.reclaim.evictions()),
        (Some(Status::empty()), 0)
    );
    world.fill(&bo, 1).expect("fill");
    assert_eq!(MemoryStats::of(&file).resident, 4 * 4096);
    assert_eq!(lists.pages().unused(), 4);
    let mut guard = bo.gem.resv().lock();
    bo.evict(&mut guard).expect("evict");
    drop(guard);
    // Never had pages, and has none now: told apart.
    assert_eq!(
        (bo.status(), bo.reclaim.evictions()),
        (Some(Status::empty()), 1)
    );
    assert_eq!(MemoryStats::of(&file).resident, 0);
}

#[test]
fn r38_an_object_that_grows_shows_the_part_that_it_has() {
    let world = World::new(Options::default());
    let file = world.dev.open().expect("open");
    let bo = world.heap(16 * 4096, SparseOptions::default().granule_pages(4));
    file.handle_create(&bo.clone().into_dyn()).expect("handle");
    assert_eq!(MemoryStats::of(&file).resident, 0);
    let heap = bo.heap.as_ref().expect("heap");
    let mut guard = bo.gem.resv().lock();
    heap.populate(&mut guard, 4..8, Gfp::KERNEL).expect("pages");
    drop(guard);
    let stats = MemoryStats::of(&file);
    assert_eq!((stats.resident, stats.total()), (4 * 4096, 16 * 4096));
}

#[test]
fn r38_the_lines_of_an_object_keep_the_kernels_names() {
    let world = World::new(Options::default());
    let bo = world.bo(4096);
    let mut guard = bo.gem.resv().lock();
    let pin = bo.backing.pin(&mut guard).expect("pin");
    let mut text = String::new();
    bo.print_info(&mut text, 1).expect("text");
    assert_eq!(
        text,
        "\tpages_use_count=1\n\tvmap_use_count=0\n\tvaddr=0x0\n"
    );
    bo.backing.unpin(&mut guard, pin);
}
