//! The heap: chunks, pieces, and how long each lives.

use migrate_macros::scenario;
use port_amdxdna::uapi::{DEV, DEV_HEAP, TO_DEVICE};
use port_amdxdna::{CHUNK, Params};
use port_kit::Scenario;

use super::session::{Session, add};

pub(crate) const ALL: &[Scenario<Session>] = &[
    THE_HEAP_GROWS_BY_CHUNKS_UP_TO_ITS_WINDOW,
    A_DEVICE_WITH_ONE_CHUNK_REFUSES_A_SECOND,
    A_PIECE_WAITS_FOR_A_HEAP_THAT_IS_MAPPED,
    PIECES_LIE_IN_GRANULES_OF_32_KIB,
    A_PIECE_IS_SEEN_THROUGH_ITS_CHUNK,
    A_PIECE_LIES_IN_TWO_CHUNKS,
    CHUNKS_THAT_ARE_NOT_MAPPED_SIDE_BY_SIDE,
    A_FULL_HEAP_ASKS_FOR_ANOTHER_CHUNK,
    THE_HEAP_OUTLIVES_ITS_HANDLE_AND_ITS_MAPPING,
    A_PIECE_IS_FOUND_THROUGH_ITS_CHUNK_AFTER_THE_HEAP_WAS_UNMAPPED,
    A_FILE_IS_CLOSED_WITH_PIECES_IN_ITS_HEAP,
    A_CONTEXT_LEARNS_OF_NEW_CHUNKS,
    A_CHUNK_OF_TWICE_THE_SIZE,
];

#[scenario]
fn the_heap_grows_by_chunks_up_to_its_window(s: &mut Session) {
    let fd = s.open();
    for _ in 0..8 {
        let heap = s.create(fd, DEV_HEAP, CHUNK);
        s.info(heap);
    }
    s.try_create(fd, DEV_HEAP, CHUNK);
    s.memory();
}

#[scenario]
fn a_device_with_one_chunk_refuses_a_second(s: &mut Session) {
    s.device_with(Params {
        heap_expansion: false,
        ..Params::default()
    });
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.try_create(fd, DEV_HEAP, CHUNK);
    s.heading("the handle goes, the chunk does not");
    s.close(heap);
    s.try_create(fd, DEV_HEAP, CHUNK);
}

#[scenario]
fn a_piece_waits_for_a_heap_that_is_mapped(s: &mut Session) {
    let fd = s.open();
    s.try_create(fd, DEV, 4096);
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.try_create(fd, DEV, 4096);
    s.map(heap, CHUNK);
    let dev = s.create(fd, DEV, 4096);
    s.info(dev);
    s.look(dev);
    s.try_map(dev, 4096);
    s.export(dev);
    s.try_create(fd, DEV, (512 << 20) + 4096);
}

#[scenario]
fn pieces_lie_in_granules_of_32_kib(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let first = s.create(fd, DEV, 4096);
    let second = s.create(fd, DEV, 4096);
    s.info(second);
    s.usage(fd);
    s.close(first);
    let third = s.create(fd, DEV, 16384);
    s.info(third);
}

#[scenario]
fn a_piece_is_seen_through_its_chunk(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    let at = s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let dev = s.create(fd, DEV, 4096);
    let info = s.info(dev);
    s.write(info.vaddr, &[1, 2, 3, 4]);
    s.kernel_bytes(dev, 4);
    s.sync(dev, TO_DEVICE, 0, 4);
    s.heading("the device adds 1 to what it finds there");
    let command = s.command(fd, &[add(info.xdna_addr, 3)]);
    s.run(hwctx, command, &[dev]);
    s.read(at + (info.xdna_addr - port_amdxdna::HEAP_BASE), 4);
    s.kernel_bytes(dev, 4);
    s.look(heap);
    s.look(dev);
}

#[scenario]
fn a_piece_lies_in_two_chunks(s: &mut Session) {
    let fd = s.open();
    let (first, second) = (s.create(fd, DEV_HEAP, CHUNK), s.create(fd, DEV_HEAP, CHUNK));
    s.map_side_by_side(first, second);
    let low = s.create(fd, DEV, CHUNK - (32 << 10));
    let dev = s.create(fd, DEV, 64 << 10);
    let info = s.info(dev);
    s.look(dev);
    s.kernel_bytes(dev, 4);
    s.export(dev);
    s.heading("the device sees it in one piece");
    s.close(low);
    let hwctx = s.hwctx(fd);
    let edge = info.vaddr + (32 << 10) - 2;
    s.write(edge, &[1, 2, 3, 4]);
    let command = s.command(fd, &[add(info.xdna_addr + (32 << 10) - 2, 4)]);
    s.run(hwctx, command, &[dev]);
    s.read(edge, 4);
    s.heading("both chunks are flushed");
    s.sync(dev, TO_DEVICE, (32 << 10) - 4096, 8192);
}

#[scenario]
fn chunks_that_are_not_mapped_side_by_side(s: &mut Session) {
    let fd = s.open();
    let first = s.create(fd, DEV_HEAP, CHUNK);
    s.map(first, CHUNK);
    let second = s.create(fd, DEV_HEAP, CHUNK);
    s.anonymous(4096);
    s.map(second, CHUNK);
    s.create(fd, DEV, CHUNK - (32 << 10));
    s.try_create(fd, DEV, 64 << 10);
    s.usage(fd);
}

#[scenario]
fn a_full_heap_asks_for_another_chunk(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    s.create(fd, DEV, CHUNK);
    s.try_create(fd, DEV, 32 << 10);
    let more = s.create(fd, DEV_HEAP, CHUNK);
    s.try_create(fd, DEV, 32 << 10);
    s.map(more, CHUNK);
    let dev = s.create(fd, DEV, 32 << 10);
    s.info(dev);
    s.heading("more than is left of the window");
    s.try_create(fd, DEV, 448 << 20);
}

#[scenario]
fn the_heap_outlives_its_handle_and_its_mapping(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    let at = s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let dev = s.create(fd, DEV, 4096);
    let info = s.info(dev);
    s.write(info.vaddr, &[7]);
    s.close(heap);
    s.kernel_bytes(dev, 1);
    s.heading("the address that a piece has was handed out, and is not taken back");
    s.unmap(at, CHUNK);
    s.info(dev);
    s.kernel_bytes(dev, 1);
    s.try_create(fd, DEV, 4096);
    s.heading("the device does not find the heap any more, nor the command in it");
    let command = s.command(fd, &[add(info.xdna_addr, 1)]);
    s.run(hwctx, command, &[dev]);
    s.faults();
}

#[scenario]
fn a_piece_is_found_through_its_chunk_after_the_heap_was_unmapped(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    let at = s.map(heap, CHUNK);
    let dev = s.create(fd, DEV, 4096);
    s.write(at, &[9, 8]);
    s.unmap(at, CHUNK);
    s.look(heap);
    s.sync(dev, TO_DEVICE, 0, 4096);
    s.look(heap);
    s.kernel_bytes(dev, 2);
}

#[scenario]
fn a_file_is_closed_with_pieces_in_its_heap(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    let at = s.map(heap, CHUNK);
    s.create(fd, DEV, 4096);
    s.create(fd, DEV, 8192);
    s.hwctx(fd);
    s.memory();
    s.heading("the mapping keeps the file, and with it the heap");
    s.close_file(fd);
    s.memory();
    s.unmap(at, CHUNK);
    s.memory();
}

#[scenario]
fn a_context_learns_of_new_chunks(s: &mut Session) {
    let fd = s.open();
    s.try_hwctx(fd);
    let first = s.create(fd, DEV_HEAP, CHUNK);
    s.try_hwctx(fd);
    s.look(first);
    let hwctx = {
        let second = s.create(fd, DEV_HEAP, CHUNK);
        s.map_side_by_side(first, second);
        let hwctx = s.hwctx(fd);
        s.look_at_heap(fd);
        hwctx
    };
    s.heading("a third one is told with the next piece");
    let third = s.create(fd, DEV_HEAP, CHUNK);
    s.look_at_heap(fd);
    s.map(third, CHUNK);
    s.create(fd, DEV, 4096);
    s.look_at_heap(fd);
    s.heading("the context goes, and its pins with it");
    s.destroy_hwctx(fd, hwctx);
    s.look_at_heap(fd);
    s.destroy_hwctx(fd, hwctx);
    s.usage(fd);
}

#[scenario]
fn a_chunk_of_twice_the_size(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, 2 * CHUNK);
    s.info(heap);
    s.map(heap, 2 * CHUNK);
    let more = s.create(fd, DEV_HEAP, CHUNK);
    s.info(more);
    s.create(fd, DEV, CHUNK - (32 << 10));
    s.heading("the middle of it is no border");
    let dev = s.create(fd, DEV, 64 << 10);
    let info = s.info(dev);
    s.look(dev);
    s.kernel_bytes(dev, 4);
    s.heading("the firmware is told of it in two parts");
    s.map(more, CHUNK);
    let hwctx = s.hwctx(fd);
    let edge = info.vaddr + (32 << 10) - 2;
    let command = s.command(fd, &[add(info.xdna_addr + (32 << 10) - 2, 4)]);
    s.run(hwctx, command, &[dev]);
    s.read(edge, 4);
    s.heading("more than the window takes");
    s.try_create(fd, DEV_HEAP, 6 * CHUNK);
}
