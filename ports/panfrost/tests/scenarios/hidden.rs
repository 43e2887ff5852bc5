//! Ways to the pages of a heap that the driver did not think of: its hidden mmap offset, its dma-buf.

use drm_core::mmap::Sharing;
use migrate_macros::scenario;
use port_kit::Scenario;
use port_panfrost::uapi::{BO_HEAP, BO_NOEXEC};

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    THE_HIDDEN_OFFSET_OF_A_HEAP_CANNOT_BE_MAPPED,
    A_PARTLY_FILLED_HEAP_CANNOT_BE_MAPPED_THROUGH_ITS_BUFFER,
    A_HEAP_IS_NOT_FOR_OTHER_DEVICES,
];

const HEAP: u32 = BO_NOEXEC | BO_HEAP;
/// The first mmap offset of a device: the first object's.
const FIRST_OFFSET: u64 = 1 << 32;

/// Mapped first, a heap gets all its pages from the helper, and no table from the driver: the GPU never gets them.
#[scenario(differs = "D3")]
fn the_hidden_offset_of_a_heap_cannot_be_mapped(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, 4 << 20, HEAP);
    s.mmap_bo(heap, 0).expect_err("it is hidden");
    let map = s.map_offset(fd, FIRST_OFFSET, 1024, Sharing::Shared);
    s.memory();
    if let Ok(map) = map {
        s.read(map, 0);
    }
    s.gpu_write(fd, heap.va, 0x11);
    s.page_table(fd);
    s.figures(fd);
}

/// The array says "used", and its empty entries are taken for pages.
#[scenario(differs = "D2")]
fn a_partly_filled_heap_cannot_be_mapped_through_its_buffer(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, 4 << 20, HEAP);
    s.gpu_write(fd, heap.va, 0x41);
    let buf = s.export(heap);
    if let Ok(map) = s.map_buffer(buf, 1024) {
        s.read(map, 0);
        s.heading("a page that no fault brought in");
        s.read(map, 3 << 20);
        s.unmap(map);
    }
    s.memory();
    s.gpu_read(fd, heap.va);
}

#[scenario]
fn a_heap_is_not_for_other_devices(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, 2 << 20, HEAP);
    s.gpu_write(fd, heap.va, 1);
    let buf = s.export(heap);
    s.attach(buf);
    s.figures(fd);
    s.close_buffer(buf);
    s.close(heap);
}
