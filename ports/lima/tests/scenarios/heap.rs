//! Heaps: backed as they are used, and what goes wrong.

use drm_core::machine::Fail;
use migrate_macros::scenario;
use port_kit::Scenario;
use port_lima::Config;

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_HEAP_BEGINS_WITH_8_PAGES_AND_CANNOT_BE_MAPPED,
    A_SMALL_HEAP_IS_BACKED_WHOLE,
    A_HEAP_DOUBLES_UNTIL_IT_IS_FULL,
    A_HEAP_THAT_THE_FRAME_DOES_NOT_NAME_IS_NOT_GROWN,
    A_SECOND_JOB_RESUMES_WHAT_THE_FIRST_HAS_GROWN,
    A_FAILED_PAGE_LEAVES_PAGES_THAT_ARE_LOST_LATER,
    A_FAILED_MAPPING_LEAVES_A_HEAP_WITHOUT_TABLE,
    A_HEAP_WITHOUT_TABLE_CRASHES_AN_IMPORT,
    A_SHARER_DOES_NOT_LEARN_OF_NEW_PAGES,
    A_SHARERS_UNMAP_CROSSES_INTO_A_MISSING_BLOCK,
    A_SHARER_WITHOUT_MEMORY_CATCHES_UP_WITH_ITS_NEXT_JOB,
    ANY_PAGE_FAULT_GROWS_A_HEAP_AND_LEAVES_THE_MMU_MASKED,
    AN_ERROR_DUMP_COPIES_WHAT_IS_BACKED,
];

#[scenario]
fn a_heap_begins_with_8_pages_and_cannot_be_mapped(s: &mut Session) {
    let fd = s.open();
    let heap = s.create_heap(fd, 1 << 20);
    s.object(heap);
    s.entries(fd);
    s.address(heap);
    let _ = s.map_with(heap, 1, drm_core::mmap::Sharing::Shared);
    let buf = s.export(heap);
    s.attach(buf);
    s.object(heap);
}

#[scenario]
fn a_small_heap_is_backed_whole(s: &mut Session) {
    let fd = s.open();
    let context = s.context(fd);
    for size in [0x1000, 0x5000, 0x8000, 0x9000] {
        let heap = s.create_heap(fd, size);
        s.object(heap);
    }
    s.entries(fd);
    let full = s.create_heap(fd, 4096);
    s.submit_heap(fd, context, full, &[]);
    s.sleep(1);
    s.out_of_heap();
    s.object(full);
    s.wait(fd, full.handle, 1, None);
}

/// What user space says of the end is overwritten; each growth lets the processor go on behind its old end. When the heap is
/// full the job fails, but caches and translations have been flushed.
#[scenario]
fn a_heap_doubles_until_it_is_full(s: &mut Session) {
    let fd = s.open();
    let context = s.context(fd);
    let heap = s.create_heap(fd, 1 << 20);
    s.submit_heap(fd, context, heap, &[]);
    s.sleep(1);
    s.registers();
    for _ in 0..5 {
        s.out_of_heap();
        s.registers();
        s.object(heap);
    }
    s.entries(fd);
    s.entries_name_the_pages(heap, 256);
    s.heading("full");
    s.out_of_heap();
    s.registers();
    s.wait(fd, heap.handle, 1, None);
    s.heading("the next job has it all from the start");
    s.submit_heap(fd, context, heap, &[]);
    s.sleep(1);
    s.registers();
    s.job_done();
}

#[scenario]
fn a_heap_that_the_frame_does_not_name_is_not_grown(s: &mut Session) {
    let fd = s.open();
    let context = s.context(fd);
    let bo = s.create(fd, 4096);
    let heap = s.create_heap(fd, 1 << 20);
    let handles = [bo.handle, heap.handle];
    s.submit_with(
        fd,
        context,
        &handles,
        "a job with another heap",
        |_, frame| {
            (frame.alloc_start, frame.alloc_end) = (0, 0x1000);
        },
    );
    s.sleep(1);
    s.registers();
    s.out_of_heap();
    s.registers();
    s.object(heap);
    s.wait(fd, heap.handle, 1, None);
}

#[scenario]
fn a_second_job_resumes_what_the_first_has_grown(s: &mut Session) {
    let fd = s.open();
    let context = s.context(fd);
    let heap = s.create_heap(fd, 1 << 20);
    s.submit_heap(fd, context, heap, &[]);
    s.submit_heap(fd, context, heap, &[]);
    s.sleep(1);
    s.out_of_heap();
    s.object(heap);
    s.close(heap);
    s.entries(fd);
    s.space_references(fd);
    s.job_done();
    s.registers();
    s.out_of_heap();
    s.entries(fd);
    s.job_done();
    s.entries(fd);
    s.space_references(fd);
}

/// The fourth new page cannot be had: three stay in the array, and the retry overwrites them. Their frames never come back.
#[scenario(differs = "D1")]
fn a_failed_page_leaves_pages_that_are_lost_later(s: &mut Session) {
    let fd = s.open();
    let context = s.context(fd);
    let heap = s.create_heap(fd, 1 << 20);
    s.submit_heap(fd, context, heap, &[]);
    s.sleep(1);
    s.fail_from(Fail::PageAlloc, 4);
    s.out_of_heap();
    s.stop_failing();
    s.object(heap);
    s.entries(fd);
    s.wait(fd, heap.handle, 1, None);
    s.heading("again");
    s.submit_heap(fd, context, heap, &[]);
    s.sleep(1);
    s.out_of_heap();
    s.object(heap);
    s.entries(fd);
    s.job_done();
    s.frames();
    s.close(heap);
    s.frames();
}

/// The old table is unmapped before the new one is mapped: the entries stay, and there is no table.
#[scenario(differs = "D2")]
fn a_failed_mapping_leaves_a_heap_without_table(s: &mut Session) {
    let fd = s.open();
    let context = s.context(fd);
    let heap = s.create_heap(fd, 1 << 20);
    s.submit_heap(fd, context, heap, &[]);
    s.sleep(1);
    s.fail_from(Fail::DmaMap, 1);
    s.out_of_heap();
    s.stop_failing();
    s.object(heap);
    s.entries(fd);
    s.heading("again");
    s.submit_heap(fd, context, heap, &[]);
    s.sleep(1);
    s.registers();
    s.out_of_heap();
    s.object(heap);
    s.entries(fd);
    s.entries_name_the_pages(heap, 16);
    s.job_done();
    s.close(heap);
    s.entries(fd);
}

#[scenario(differs = "D3")]
fn a_heap_without_table_crashes_an_import(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let context = s.context(a);
    let heap = s.create_heap(a, 1 << 20);
    s.submit_heap(a, context, heap, &[]);
    s.sleep(1);
    s.fail_from(Fail::DmaMap, 1);
    s.out_of_heap();
    s.stop_failing();
    let buf = s.export(heap);
    let _ = s.import(b, buf);
    s.entries(b);
}

/// Only the space of the job that ran out gets entries; the other clears what it never had.
#[scenario(differs = "D4")]
fn a_sharer_does_not_learn_of_new_pages(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let context = s.context(a);
    let heap = s.create_heap(a, 1 << 20);
    let buf = s.export(heap);
    let other = s.import(b, buf).expect("it is imported");
    s.entries(b);
    s.submit_heap(a, context, heap, &[]);
    s.sleep(1);
    s.out_of_heap();
    s.entries(a);
    s.entries(b);
    s.object(other);
    s.job_done();
    s.close(other);
    s.entries(b);
    s.entries(a);
}

#[scenario(differs = "D4")]
fn a_sharers_unmap_crosses_into_a_missing_block(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let context = s.context(a);
    let heap = s.create_heap(a, 48 << 20);
    let buf = s.export(heap);
    let other = s.import(b, buf).expect("it is imported");
    s.submit_heap(a, context, heap, &[]);
    s.sleep(1);
    for _ in 0..11 {
        s.out_of_heap();
    }
    s.object(heap);
    s.entries(a);
    s.entries(b);
    s.job_done();
    s.close(other);
}

/// The other space needs a new block of tables for the new pages, and there is none: the job goes on without it.
#[scenario(differs = "D4")]
fn a_sharer_without_memory_catches_up_with_its_next_job(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let (context, others) = (s.context(a), s.context(b));
    let heap = s.create_heap(a, 1 << 20);
    s.create(b, (32 << 20) - 0x8000);
    let buf = s.export(heap);
    let other = s.import(b, buf).expect("it is imported");
    s.entries(b);
    s.submit_heap(a, context, heap, &[]);
    s.sleep(1);
    s.heading("the eight pages can be had, and nothing else");
    s.fail_from(Fail::PageAlloc, 9);
    s.out_of_heap();
    s.stop_failing();
    s.object(heap);
    s.entries(a);
    s.entries(b);
    s.job_done();
    s.heading("a job of the other file");
    s.submit(b, others, &[other.handle]);
    s.entries(b);
    s.sleep(1);
    s.job_done();
    s.close(other);
    s.entries(b);
}

/// The fault is not where the heap is. The heap grows, the processor goes on, and the MMU does not report the next fault.
#[scenario]
fn any_page_fault_grows_a_heap_and_leaves_the_mmu_masked(s: &mut Session) {
    s.rebuild(Config {
        sched_timeout_ms: 500,
        ..Config::default()
    });
    let fd = s.open();
    let context = s.context(fd);
    let heap = s.create_heap(fd, 1 << 20);
    s.submit_heap(fd, context, heap, &[]);
    s.sleep(1);
    s.page_fault(0x500_0000);
    s.registers();
    s.object(heap);
    s.job_done();
    s.heading("the next job's fault is not delivered");
    s.submit(fd, context, &[heap.handle]);
    s.sleep(1);
    s.page_fault(0x600_0000);
    s.registers();
    s.wait(fd, heap.handle, 1, None);
    s.heading("until it times out");
    s.sleep(500);
    s.registers();
    s.wait(fd, heap.handle, 1, None);
}

#[scenario]
fn an_error_dump_copies_what_is_backed(s: &mut Session) {
    s.rebuild(Config {
        max_error_tasks: 1,
        ..Config::default()
    });
    let fd = s.open();
    let context = s.context(fd);
    let heap = s.create_heap(fd, 1 << 20);
    let bo = s.create(fd, 0x2000);
    let map = s.map(bo, 2);
    s.write(map, 0, 0x99);
    s.submit_heap(fd, context, heap, &[bo.handle]);
    s.sleep(1);
    s.job_failed();
    s.submit(fd, context, &[bo.handle]);
    s.sleep(1);
    s.job_failed();
    s.error_dump();
}
