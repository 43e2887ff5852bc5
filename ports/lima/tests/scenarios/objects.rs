//! Objects: creation, addresses, page tables, CPU mappings, contexts.

use drm_core::machine::Fail;
use drm_core::mmap::Sharing;
use migrate_macros::scenario;
use port_kit::Scenario;
use port_lima::{Config, Model};

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    THE_FIRST_OBJECT_IS_AT_ADDRESS_0,
    THE_SMALLEST_HOLE_THAT_FITS_IS_TAKEN,
    BAD_ARGUMENTS_ARE_FOUND_IN_ORDER_AND_LEAVE_NOTHING,
    A_FAILED_CREATION_GIVES_EVERYTHING_BACK,
    FORTY_MEGABYTES_NEED_TWO_BLOCKS_OF_TABLES,
    BLOCKS_STAY_WHEN_EVERYTHING_IS_CLOSED,
    CLOSING_A_HANDLE_UNMAPS_AT_ONCE,
    A_HANDLE_IS_CLOSED_ONCE,
    THE_LAST_PAGE_OF_THE_SPACE_UNMAPS_ALL_OF_IT,
    A_HEAP_OF_4_GIB_TAKES_THE_WHOLE_SPACE,
    MALI_450_KEEPS_A_PAGE_FOR_ITS_LOAD_BALANCER,
    A_CONTEXT_PAD_IS_NEVER_SEEN,
];

/// A block of eight tables comes with the first entry.
#[scenario]
fn the_first_object_is_at_address_0(s: &mut Session) {
    let fd = s.open();
    s.entries(fd);
    s.frames();
    let bo = s.create(fd, 4096);
    s.entries(fd);
    s.entries_name_the_pages(bo, 1);
    s.address(bo);
    s.object(bo);
    s.heading("one page, eight for tables, one for the directory");
    s.frames();
}

#[scenario]
fn the_smallest_hole_that_fits_is_taken(s: &mut Session) {
    let fd = s.open();
    let first = s.create(fd, 8192);
    s.create(fd, 4096);
    s.close(first);
    s.holes(fd);
    s.create(fd, 4096);
    s.create(fd, 8192);
    s.holes(fd);
    s.entries(fd);
}

#[scenario]
fn bad_arguments_are_found_in_order_and_leave_nothing(s: &mut Session) {
    let fd = s.open();
    for (size, flags, pad) in [(0, 0, 0), (4096, 2, 0), (4096, 0, 1), (0, 0, 1), (0, 2, 0)] {
        let _ = s.create_with(fd, size, flags, pad);
    }
    s.entries(fd);
    s.frames();
}

#[scenario]
fn a_failed_creation_gives_everything_back(s: &mut Session) {
    let fd = s.open();
    for kind in [Fail::PageAlloc, Fail::DmaMap, Fail::Alloc] {
        s.fail_from(kind, 1);
        let _ = s.create_with(fd, 0x4000, 0, 0);
        let _ = s.create_with(fd, 0x10_0000, 1, 0);
        s.stop_failing();
        s.entries(fd);
        s.frames();
    }
    s.heading("no memory for tables");
    s.fail_from(Fail::TableAlloc, 1);
    let _ = s.create_with(fd, 0x4000, 0, 0);
    s.stop_failing();
    s.holes(fd);
    s.frames();
}

#[scenario]
fn forty_megabytes_need_two_blocks_of_tables(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 40 << 20);
    s.entries(fd);
    s.create(fd, 4096);
    s.close(bo);
    s.entries(fd);
}

#[scenario]
fn blocks_stay_when_everything_is_closed(s: &mut Session) {
    let fd = s.open();
    let mut bos = Vec::new();
    for _ in 0..5 {
        bos.push(s.create(fd, 0x8000));
    }
    for bo in bos {
        s.close(bo);
    }
    s.entries(fd);
    s.holes(fd);
    s.frames();
    s.close_file(fd);
    s.frames();
}

/// Unlike v3d: the handle's close takes the GPU mapping away, whatever the CPU has mapped.
#[scenario]
fn closing_a_handle_unmaps_at_once(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 0x4000);
    let map = s.map(bo, 4);
    let _ = s.map_with(bo, 4, Sharing::Private);
    let _ = s.map_with(bo, 5, Sharing::Shared);
    s.write(map, 0, 0x5a);
    s.close(bo);
    s.entries(fd);
    s.read(map, 0);
    s.unmap(map);
}

#[scenario]
fn a_handle_is_closed_once(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    s.close(bo);
    s.close(bo);
    s.address(bo);
}

/// The loop counts in 32 bits, wraps at the end, and walks on from address 0 until a block is missing.
#[scenario]
fn the_last_page_of_the_space_unmaps_all_of_it(s: &mut Session) {
    let fd = s.open();
    let heap = s.create_heap(fd, 0xffff_f000);
    let last = s.create(fd, 4096);
    let _ = s.create_with(fd, 4096, 0, 0);
    s.entries(fd);
    s.close(last);
    s.entries(fd);
    s.close(heap);
}

#[scenario]
fn a_heap_of_4_gib_takes_the_whole_space(s: &mut Session) {
    let fd = s.open();
    let heap = s.create_heap(fd, 0xffff_ffff);
    s.object(heap);
    s.holes(fd);
    let _ = s.create_with(fd, 4096, 0, 0);
    s.heading("only what is backed is unmapped: it ends well below the last page");
    s.close(heap);
    s.entries(fd);
    s.holes(fd);
}

#[scenario]
fn mali_450_keeps_a_page_for_its_load_balancer(s: &mut Session) {
    s.rebuild(Config {
        model: Model::Mali450,
        ..Config::default()
    });
    let fd = s.open();
    s.entries(fd);
    s.holes(fd);
    let _ = s.create_with(fd, 0xffff_f000, 1, 0);
    s.create(fd, 4096);
    s.entries(fd);
    let context = s.context(fd);
    s.submit_pixels(fd, context, &[1], 2);
    s.sleep(1);
    s.wait(fd, 1, 1, None);
    s.pixel_done(0);
    s.wait(fd, 1, 1, None);
    s.pixel_done(1);
    s.wait(fd, 1, 1, None);
}

/// The ioctl is declared as one that only writes.
#[scenario]
fn a_context_pad_is_never_seen(s: &mut Session) {
    let fd = s.open();
    let first = s.context(fd);
    let second = s.context_with(fd, 1);
    s.free_context(fd, first, 1);
    s.free_context(fd, first, 0);
    s.free_context(fd, first, 0);
    s.context(fd);
    s.free_context(fd, second, 0);
}
