//! Tiler heaps: where their parts are, what is refused, and what happens when a tiler runs out.

use migrate_macros::scenario;
use port_kit::Scenario;

use super::session::{Session, Stream, map};

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_HEAP_LINKS_ITS_CHUNKS_AND_CLEARS_ITS_CONTEXT,
    A_HEAP_THAT_IS_REFUSED_LEAVES_THE_POOL_BEHIND,
    THE_HUNDRED_AND_TWENTY_NINTH_HEAP_IS_MADE_AND_FREED_AGAIN,
    THE_END_OF_A_HEAP_FREES_ITS_CHUNKS,
    LARGE_CHUNKS_BEGIN_AT_TWO_MIB,
    THE_LAST_PAGE_OF_THE_SPACE_IS_NEVER_USED,
    A_TILER_GETS_CHUNKS_UNTIL_THE_HEAP_HAS_ALL,
    TOO_MANY_PASSES_IN_FLIGHT_GET_NO_CHUNK,
    A_HEAP_THAT_DOES_NOT_EXIST_IS_FATAL,
    A_CHUNK_FOR_A_GROUP_THAT_LEFT_GOES_BACK,
];

const CHUNK: u32 = 256 << 10;

#[scenario]
fn a_heap_links_its_chunks_and_clears_its_context(s: &mut Session) {
    let (file, vm) = s.vm();
    s.heap_create(file, vm, (2, 4), CHUNK, 1);
    s.show(file, vm);
    s.part("the chunk made last names the one before, and its size in pages");
    s.gpu_reads(file, vm, 0x8000_0004_2000);
    s.gpu_reads(file, vm, 0x8000_0004_2004);
    s.gpu_reads(file, vm, 0x8000_0000_2000);
    s.part("a second heap");
    s.heap_create(file, vm, (1, 1), 0x2_0000, 0);
    s.part("user space cannot map there");
    let object = s.bo(file, 0x1000);
    s.bind(file, vm, &[map(object, 0x8000_0000_0000, 0x1000)]);
}

#[scenario]
fn a_heap_that_is_refused_leaves_the_pool_behind(s: &mut Session) {
    let (file, vm) = s.vm();
    s.heap_destroy(file, vm << 16);
    s.heap_create(file, vm, (0, 4), CHUNK, 1);
    s.show(file, vm);
    for (chunks, size) in [
        ((5, 4), CHUNK),
        ((2, 4), 100 << 10),
        ((2, 4), 16 << 20),
        ((2, 4), 0x2_0800),
        ((1, 0), CHUNK),
    ] {
        s.heap_create(file, vm, chunks, size, 1);
    }
    s.part("which heaps there are is another question now");
    s.heap_destroy(file, vm << 16);
    s.heap_create(file, vm + 1, (1, 1), CHUNK, 1);
    s.heap_destroy(file, (vm + 1) << 16);
}

#[scenario]
fn the_hundred_and_twenty_ninth_heap_is_made_and_freed_again(s: &mut Session) {
    let (file, vm) = s.vm();
    s.heaps(file, vm, 128, 0x2_0000);
    s.objects_left();
    s.heap_create(file, vm, (1, 1), 0x2_0000, 1);
    s.objects_left();
    s.part("ids are reused, the lowest first");
    s.heap_destroy(file, vm << 16 | 5);
    s.heap_create(file, vm, (1, 1), 0x2_0000, 1);
}

#[scenario]
fn the_end_of_a_heap_frees_its_chunks(s: &mut Session) {
    let (file, vm) = s.vm();
    let heap = s.heap_create(file, vm, (3, 4), CHUNK, 1);
    s.objects_left();
    s.heap_destroy(file, heap);
    s.objects_left();
    s.show(file, vm);
    s.heap_destroy(file, heap);
    s.part("addresses are reused");
    s.heap_create(file, vm, (1, 4), CHUNK, 1);
}

#[scenario]
fn large_chunks_begin_at_two_mib(s: &mut Session) {
    let (file, vm) = s.vm();
    s.heap_create(file, vm, (1, 1), 8 << 20, 1);
    s.heap_create(file, vm, (1, 1), 0x2_1000, 1);
    s.heap_create(file, vm, (3, 3), 2 << 20, 1);
    s.show(file, vm);
}

#[scenario]
fn the_last_page_of_the_space_is_never_used(s: &mut Session) {
    let file = s.open();
    let vm = s.vm_create(file, (1 << 48) - (256 << 20), 0);
    s.heaps(file, vm, 31, 8 << 20);
    s.part("6 MiB are left at the end");
    s.heaps(file, vm, 2, 2 << 20);
    s.heap_create(file, vm, (1, 1), 2 << 20, 1);
    s.part("a page less is there");
    s.heap_create(file, vm, (1, 1), (2 << 20) - 0x1000, 1);
}

/// A space with an object for streams, a heap that may have four chunks, and a group.
fn tiling(s: &mut Session) -> (usize, u32, u32, u32, u32) {
    let (file, vm) = s.vm();
    let (object, done) = (s.bo(file, 0x4000), s.syncobj(file));
    s.bind(file, vm, &[map(object, 0x10_0000, 0x4000)]);
    let heap = s.heap_create(file, vm, (2, 4), CHUNK, 1);
    let group = s.group(file, vm);
    (file, vm, heap, group, done)
}

const CONTEXT: u64 = 0x8000_0000_0000;

#[scenario]
fn a_tiler_gets_chunks_until_the_heap_has_all(s: &mut Session) {
    let (file, vm, heap, group, done) = tiling(s);
    s.submit(
        file,
        vm,
        group,
        0x10_0000,
        &Stream::default().tile(CONTEXT, 1, 3),
        done,
    );
    s.oom_answers();
    s.fence(file, done);
    s.heap_chunks(file, heap);
    s.group_state(file, group);
}

#[scenario]
fn too_many_passes_in_flight_get_no_chunk(s: &mut Session) {
    let (file, vm, heap, group, done) = tiling(s);
    s.submit(
        file,
        vm,
        group,
        0x10_0000,
        &Stream::default().tile(CONTEXT, 2, 1),
        done,
    );
    s.oom_answers();
    s.fence(file, done);
    s.heap_chunks(file, heap);
}

#[scenario]
fn a_heap_that_does_not_exist_is_fatal(s: &mut Session) {
    let (file, vm, heap, group, done) = tiling(s);
    s.submit(
        file,
        vm,
        group,
        0x10_0000,
        &Stream::default().tile(CONTEXT + 0x40, 1, 1),
        done,
    );
    s.oom_answers();
    s.fence(file, done);
    s.group_state(file, group);
    s.heap_chunks(file, heap);
    s.part("counters that cannot be");
    let group = s.group(file, vm);
    s.submit(
        file,
        vm,
        group,
        0x10_0000,
        &Stream::default().tile(CONTEXT, 0, 1),
        done,
    );
    s.oom_answers();
    s.fence(file, done);
}

#[scenario]
fn a_chunk_for_a_group_that_left_goes_back(s: &mut Session) {
    let (file, vm, heap, group, done) = tiling(s);
    s.heap_chunks(file, heap);
    s.gpu.suspend_while_heap_grows();
    s.submit(
        file,
        vm,
        group,
        0x10_0000,
        &Stream::default().tile(CONTEXT, 1, 1),
        done,
    );
    s.part("the event comes again once the group is back in a slot");
    s.oom_answers();
    s.fence(file, done);
    s.heap_chunks(file, heap);
}
