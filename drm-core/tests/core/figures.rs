//! The memory figures of fdinfo.

use drm_core::gem::{Gem, MemoryStats, Object as _, Status};
use drm_core::resv::{FenceContext, Usage};

use crate::support::{Bench, Buffer, PAGE, bench};

fn add(bench: &Bench, pages: u64) -> (Gem<Buffer>, u32) {
    let object = bench.buffer(pages);
    let handle = bench
        .file
        .handle_create(&object.clone().into_dyn())
        .expect("it can be made");
    (object, handle)
}

fn text(bench: &Bench) -> String {
    let mut text = String::new();
    MemoryStats::of(&bench.file)
        .print(&mut text)
        .expect("a string takes everything");
    text
}

#[test]
fn without_a_status_there_is_nothing_to_say_of_residency() {
    let bench = bench();
    assert_eq!(
        text(&bench),
        "drm-total-memory:\t0\ndrm-shared-memory:\t0\ndrm-active-memory:\t0\n"
    );
    let (_one, _) = add(&bench, 4);
    let (_two, _) = add(&bench, 252);
    assert_eq!(
        text(&bench),
        "drm-total-memory:\t1 MiB\ndrm-shared-memory:\t0\ndrm-active-memory:\t0\n"
    );
}

#[test]
fn two_handles_or_a_dma_buf_make_an_object_shared() {
    let bench = bench();
    let (object, _) = add(&bench, 1);
    let (_exported, handle) = add(&bench, 2);
    let other = bench.dev.open().expect("it opens");
    other
        .handle_create(&object.into_dyn())
        .expect("it can be made");
    assert_eq!(
        (
            MemoryStats::of(&bench.file).shared,
            MemoryStats::of(&other).shared
        ),
        (PAGE, PAGE)
    );
    drop(bench.file.export(handle, true).expect("it can be exported"));
    let stats = MemoryStats::of(&bench.file);
    assert_eq!(
        (stats.shared, stats.private, stats.total()),
        (3 * PAGE, 0, 3 * PAGE)
    );
    drop(other);
    assert_eq!(MemoryStats::of(&bench.file).private, PAGE);
}

#[test]
fn an_object_in_use_is_active_and_not_purgeable() {
    let bench = bench();
    let (object, _) = add(&bench, 4);
    *object.status.lock() = Some(Status::RESIDENT | Status::PURGEABLE);
    let stats = MemoryStats::of(&bench.file);
    assert_eq!(
        (stats.resident, stats.purgeable, stats.active),
        (4 * PAGE, 4 * PAGE, 0)
    );
    let fence = FenceContext::new().fence();
    let mut guard = object.gem().resv().lock();
    guard.reserve_fences(1).expect("there is memory");
    guard.add_fence(&fence, Usage::Write);
    drop(guard);
    let stats = MemoryStats::of(&bench.file);
    assert_eq!(
        (stats.resident, stats.purgeable, stats.active),
        (4 * PAGE, 0, 4 * PAGE)
    );
    fence.signal();
    assert_eq!(MemoryStats::of(&bench.file).active, 0);
}

#[test]
fn only_what_is_resident_can_be_purged_and_rss_is_what_counts() {
    let bench = bench();
    let (object, _) = add(&bench, 4);
    *object.status.lock() = Some(Status::PURGEABLE);
    let stats = MemoryStats::of(&bench.file);
    assert_eq!((stats.resident, stats.purgeable), (0, 0));
    *object.status.lock() = Some(Status::RESIDENT);
    *object.rss.lock() = Some(PAGE);
    assert_eq!(
        text(&bench),
        "drm-total-memory:\t16 KiB\ndrm-shared-memory:\t0\ndrm-active-memory:\t0\n\
         drm-resident-memory:\t4 KiB\ndrm-purgeable-memory:\t0\n"
    );
}
