//! Objects: creation, addresses, entries, release, CPU mappings.

use drm_core::mmap::Sharing;
use migrate_macros::scenario;
use port_kit::Scenario;

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_NEW_OBJECT_IS_MAPPED_AT_ONCE,
    ADDRESSES_ARE_ALIGNED_TO_128_KIB,
    OBJECTS_OF_128_KIB_LIE_BACK_TO_BACK,
    BAD_SIZES_AND_FLAGS_LEAVE_NOTHING,
    A_FAILED_CREATION_GIVES_EVERYTHING_BACK,
    RELEASE_CLEARS_ENTRIES_AND_FLUSHES,
    PAGES_ARE_PINNED_FOR_LIFE,
    A_CPU_WRITE_IS_SEEN_BY_THE_GPU_AT_ONCE,
    MAPPINGS_ARE_SHARED_INSIDE_THE_OBJECT_AND_BY_A_FILE_THAT_HAS_IT,
    A_MAPPING_KEEPS_ADDRESS_AND_ENTRIES,
    A_HANDLE_IS_CLOSED_ONCE,
    A_FILE_THAT_CLOSES_TAKES_ITS_OBJECTS_ALONG,
    FRESH_PAGES_ARE_ZERO,
];

/// Scenario 1 of the driver: one page, one entry, one flush.
#[scenario]
fn a_new_object_is_mapped_at_once(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    s.entries();
    s.entries_name_the_pages(bo, 1);
    s.stats();
    s.object(bo);
    s.fdinfo(fd);
    s.offset(bo);
}

/// The 31 pages before the first object and behind each one are never used.
#[scenario]
fn addresses_are_aligned_to_128_kib(s: &mut Session) {
    let fd = s.open();
    s.create(fd, 4096);
    s.create(fd, 4096);
    s.create(fd, 0x21000);
    s.create(fd, 4096);
    s.entries();
    s.holes();
}

#[scenario]
fn objects_of_128_kib_lie_back_to_back(s: &mut Session) {
    let fd = s.open();
    let first = s.create(fd, 128 << 10);
    s.create(fd, 128 << 10);
    s.entries();
    s.holes();
    s.heading("the hole that fits best is taken");
    s.close(first);
    s.create(fd, 4096);
    s.holes();
}

/// The size is rounded to pages in 32 bits: the largest become 0.
#[scenario]
fn bad_sizes_and_flags_leave_nothing(s: &mut Session) {
    let fd = s.open();
    for (size, flags) in [(4096, 1), (0, 0), (0xffff_f001, 0), (0xffff_ffff, 0)] {
        let _ = s.create_with(fd, size, flags);
    }
    s.heading("all but one page of the space: more than there is memory");
    let _ = s.create_with(fd, 0xffff_f000, 0);
    s.stats();
    s.entries();
    s.holes();
    s.frames();
}

#[scenario]
fn a_failed_creation_gives_everything_back(s: &mut Session) {
    use drm_core::machine::Fail;
    let fd = s.open();
    for (kind, nth) in [(Fail::Alloc, 1), (Fail::PageAlloc, 3), (Fail::DmaMap, 1)] {
        s.fail(kind, nth);
        let _ = s.create_with(fd, 0x4000, 0);
        s.stop_failing();
        s.entries();
        s.stats();
        s.frames();
    }
    s.create(fd, 0x4000);
}

#[scenario]
fn release_clears_entries_and_flushes(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 0x3000);
    s.stats();
    s.close(bo);
    s.entries();
    s.stats();
    s.holes();
    s.frames();
}

/// Nothing of an object can be swapped out while it has an address.
#[scenario]
fn pages_are_pinned_for_life(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 0x4000);
    s.swap_out(bo);
    let map = s.map(bo, 4);
    s.unmap(map);
    s.swap_out(bo);
    s.entries();
}

#[scenario]
fn a_cpu_write_is_seen_by_the_gpu_at_once(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 0x4000);
    let map = s.map(bo, 4);
    s.write(map, 0x3fff, 0xa5);
    s.gpu_read(bo.va + 0x3fff);
    s.gpu_write(bo.va + 1, 0x5a);
    s.read(map, 1);
}

#[scenario]
fn mappings_are_shared_inside_the_object_and_by_a_file_that_has_it(s: &mut Session) {
    let (fd, other) = (s.open(), s.open());
    let bo = s.create(fd, 0x4000);
    let _ = s.map_with(bo, 4, Sharing::Private, fd);
    let _ = s.map_with(bo, 5, Sharing::Shared, fd);
    let _ = s.map_with(bo, 4, Sharing::Shared, other);
    let map = s.map(bo, 2);
    s.read(map, 0x1fff);
    s.read(map, 0x2000);
}

/// The mapping holds the object, so the entries stay until it goes: unlike lima, whose close unmaps at once.
#[scenario]
fn a_mapping_keeps_address_and_entries(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 0x4000);
    let map = s.map(bo, 4);
    s.close(bo);
    s.entries();
    s.write(map, 0, 7);
    s.gpu_read(bo.va);
    s.create(fd, 4096);
    s.unmap(map);
    s.entries();
}

#[scenario]
fn a_handle_is_closed_once(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    s.close(bo);
    s.close(bo);
    s.offset(bo);
}

#[scenario]
fn a_file_that_closes_takes_its_objects_along(s: &mut Session) {
    let (fd, other) = (s.open(), s.open());
    s.create(fd, 4096);
    let shared = s.create(fd, 0x2000);
    s.create(other, 4096);
    let buf = s.export(shared);
    s.close_file(fd);
    s.entries();
    s.stats();
    let bo = s.import(other, buf).expect("it is imported");
    s.object(bo);
    s.close_buffer(buf);
    s.close(bo);
    s.entries();
}

#[scenario]
fn fresh_pages_are_zero(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    let map = s.map(bo, 1);
    s.write(map, 0, 0xee);
    s.unmap(map);
    s.close(bo);
    let bo = s.create(fd, 4096);
    s.gpu_read(bo.va);
}
