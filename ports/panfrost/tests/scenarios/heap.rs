//! Heaps: objects that the GPU fills by faults.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_panfrost::uapi::{BO_HEAP, BO_NOEXEC, MADV_DONTNEED};

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    HEAP_GROWS_TWO_MIB_PER_FAULT,
    A_HEAP_CAN_BE_FILLED_AND_NEVER_SHRINKS,
    A_FAULT_WITHOUT_MEMORY_PART_WAY_CAN_BE_REPEATED,
    A_FAULT_WITHOUT_ANY_MEMORY_CAN_BE_REPEATED,
    A_FAULT_WITHOUT_A_DMA_MAPPING_CAN_BE_REPEATED,
    AN_OFFERED_HEAP_IS_NEVER_PURGED,
    A_HEAP_IN_TWO_FILES_IS_MAPPED_IN_BOTH,
    A_POISONED_HEAP_STILL_GROWS,
    HEAPS_OF_TWO_FILES_DO_NOT_MEET,
];

const HEAP: u32 = BO_NOEXEC | BO_HEAP;
const CHUNK: u64 = 2 << 20;

#[scenario]
fn heap_grows_two_mib_per_fault(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, 8 << 20, HEAP);
    s.gpu_write(fd, heap.va + (5 << 20), 0xdead);
    s.figures(fd);
    s.page_table(fd);
    s.memory();
    s.heading("the same chunk again: no fault, no page");
    s.gpu_read(fd, heap.va + (5 << 20));
    s.gpu_write(fd, heap.va + 3 * CHUNK - 4, 1);
    s.memory();
    s.heading("other chunks");
    s.gpu_write(fd, heap.va, 2);
    s.gpu_write(fd, heap.va + 4 * CHUNK - 4, 3);
    s.page_table(fd);
    s.figures(fd);
    s.close(heap);
    s.memory();
}

#[scenario]
fn a_heap_can_be_filled_and_never_shrinks(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, 4 << 20, HEAP);
    for chunk in [1, 0, 1, 0] {
        s.gpu_read(fd, heap.va + chunk * CHUNK);
    }
    s.page_table(fd);
    s.shrink(4096);
    s.figures(fd);
    s.heading("the first byte behind it is nobody's");
    s.gpu_read(fd, heap.va + 2 * CHUNK);
}

#[scenario(differs = "D4")]
fn a_fault_without_memory_part_way_can_be_repeated(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, 8 << 20, HEAP);
    s.machine.limit_commit(Some(300));
    s.gpu_write(fd, heap.va, 1);
    s.memory();
    s.interrupts();
    s.machine.limit_commit(None);
    s.sleep(100);
    s.heading("there is memory again");
    s.gpu_write(fd, heap.va, 2);
    s.page_table(fd);
    s.memory();
    s.figures(fd);
}

#[scenario]
fn a_fault_without_any_memory_can_be_repeated(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, 8 << 20, HEAP);
    s.machine.limit_commit(Some(0));
    s.gpu_write(fd, heap.va, 1);
    s.machine.limit_commit(None);
    s.sleep(100);
    s.gpu_write(fd, heap.va, 2);
    s.page_table(fd);
    s.figures(fd);
}

#[scenario(differs = "D4")]
fn a_fault_without_a_dma_mapping_can_be_repeated(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, 4 << 20, HEAP);
    s.gpu_write(fd, heap.va, 1);
    s.machine
        .failpoints()
        .fail_nth(drm_core::machine::Fail::DmaMap, 1);
    s.gpu_write(fd, heap.va + CHUNK, 2);
    s.machine.failpoints().disarm();
    s.sleep(100);
    s.gpu_write(fd, heap.va + CHUNK, 3);
    s.page_table(fd);
}

#[scenario]
fn an_offered_heap_is_never_purged(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, 4 << 20, HEAP);
    s.gpu_write(fd, heap.va, 1);
    s.madvise(heap, MADV_DONTNEED);
    s.figures(fd);
    s.shrink(10_000);
    s.memory();
    s.madvise(heap, MADV_DONTNEED);
}

#[scenario(differs = "D5")]
fn a_heap_in_two_files_is_mapped_in_both(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let heap = s.create(a, 4 << 20, HEAP);
    let buf = s.export(heap);
    let other = s.import(b, buf).expect("it is imported");
    s.gpu_write(a, heap.va, 0x41);
    s.gpu_read(b, other.va);
    s.page_table(b);
    s.gpu_write(b, other.va + CHUNK, 0x42);
    s.page_table(a);
    s.page_table(b);
    s.gpu_read(a, heap.va + CHUNK);
    s.figures(a);
    s.memory();
    s.close(heap);
    s.close(other);
}

#[scenario]
fn a_poisoned_heap_still_grows(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, 2 << 20, HEAP);
    s.madvise(heap, u32::MAX);
    s.gpu_write(fd, heap.va, 7);
    s.figures(fd);
    s.madvise(heap, 0);
}

#[scenario]
fn heaps_of_two_files_do_not_meet(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let first = s.create(a, 2 << 20, HEAP);
    let second = s.create(b, 2 << 20, HEAP);
    s.gpu_write(a, first.va, 0xa);
    s.gpu_write(b, second.va, 0xb);
    s.gpu_read(a, first.va);
    s.gpu_read(b, second.va);
    s.close_file(a);
    s.gpu_read(b, second.va);
}
