//! Binding at submission: pages, entries, the TLB, and what a failure leaves.

use drm_core::machine::{Config, Fail};
use migrate_macros::scenario;
use port_ivpu::Params;
use port_ivpu::uapi::{BO_DMA_MEM, BO_MAPPABLE, BO_WC};
use port_kit::Scenario;

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_BUFFER_IS_BOUND_BY_ITS_FIRST_JOB,
    DEBUGFS_LISTS_WHAT_HAS_PAGES_AND_IS_MAPPED,
    A_CACHED_BUFFER_IS_SNOOPED,
    A_DEVICE_CAN_BE_TOLD_TO_SNOOP_ALL,
    MEMORY_THAT_IS_CONTIGUOUS_GETS_THE_HINT,
    THE_HINT_CAN_BE_SWITCHED_OFF,
    THE_HINT_IS_GIVEN_SEGMENT_BY_SEGMENT,
    READ_ONLY_PAGES_BREAK_THE_HINT_AROUND_THEM,
    AN_UNMAPPED_ENTRY_IS_NOT_ZERO,
    A_TLB_THAT_DOES_NOT_ANSWER_LEAVES_THE_ENTRIES,
    A_TABLE_THAT_CANNOT_BE_MADE_LEAVES_ENTRIES_TO_FREED_PAGES,
    A_DEVICE_THAT_SLEEPS_HAS_NO_TLB,
    A_BINDING_WITHOUT_MEMORY_CAN_BE_REPEATED,
];

const HUGE: Config = Config {
    ram_base: 0x8000_0000,
    ram: 16 << 20,
    swap: 0,
    huge_pages: true,
    lose_clean_pages: false,
};

#[scenario]
fn debugfs_lists_what_has_pages_and_is_mapped(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 8192, BO_WC);
    let idle = s.create(fd, 4096, BO_MAPPABLE);
    let buf = s.foreign_buffer(2);
    let import = s.import(fd, buf);
    s.bo_list();
    s.run(fd, &[bo, import]);
    s.bo_list();
    s.map(idle, 1);
    s.bo_list();
    s.close(bo);
    s.bo_list();
}

#[scenario]
fn a_buffer_is_bound_by_its_first_job(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 8192, BO_WC);
    s.commands();
    s.run(fd, &[bo]);
    s.look(bo);
    s.entries(bo, bo.va, 3);
    s.commands();
    s.heading("the second job finds it bound");
    s.run(fd, &[bo]);
    s.look(bo);
    s.commands();
}

#[scenario]
fn a_cached_buffer_is_snooped(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 8192, 0);
    s.run(fd, &[bo]);
    s.entries(bo, bo.va, 2);
}

#[scenario]
fn a_device_can_be_told_to_snoop_all(s: &mut Session) {
    s.device_with(Params {
        force_snoop: true,
        ..Params::default()
    });
    let fd = s.open();
    let bo = s.create(fd, 8192, BO_WC);
    s.run(fd, &[bo]);
    s.entries(bo, bo.va, 2);
}

#[scenario]
fn memory_that_is_contiguous_gets_the_hint(s: &mut Session) {
    s.machine_with(HUGE);
    let fd = s.open();
    let bo = s.create(fd, 2 << 20, 0);
    s.run(fd, &[bo]);
    s.entries(bo, bo.va, 513);
}

#[scenario]
fn the_hint_can_be_switched_off(s: &mut Session) {
    s.setup(
        HUGE,
        Params {
            disable_mmu_cont_pages: true,
            ..Params::default()
        },
    );
    let fd = s.open();
    let bo = s.create(fd, 2 << 20, 0);
    s.run(fd, &[bo]);
    s.entries(bo, bo.va, 512);
}

#[scenario]
fn the_hint_is_given_segment_by_segment(s: &mut Session) {
    s.setup(
        HUGE,
        Params {
            max_segment: 68 << 10,
            ..Params::default()
        },
    );
    let fd = s.open();
    let bo = s.create(fd, 2 << 20, 0);
    s.run(fd, &[bo]);
    s.heading("17 pages in a segment: the second begins a page after 64 KiB, and so on, until one is aligned again");
    s.entries(bo, bo.va, 512);
}

#[scenario]
fn read_only_pages_break_the_hint_around_them(s: &mut Session) {
    s.machine_with(HUGE);
    let bo = s.kernel_bo(2 << 20, BO_MAPPABLE);
    let at = bo.vpu_addr();
    s.kernel_entries(&bo, at, 48);
    s.set_read_only(at + 0x1_1000, 0x2000);
    s.kernel_entries(&bo, at, 48);
    s.set_read_only(at, 0);
    s.set_read_only(at + 1, 0x1000);
    s.access(0, at + 0x1_1000, false);
    s.access(0, at + 0x1_1000, true);
}

#[scenario]
fn an_unmapped_entry_is_not_zero(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 8192, 0);
    s.entries(bo, bo.va, 3);
    s.run(fd, &[bo]);
    s.memory();
    s.close(bo);
    s.entries(bo, bo.va, 3);
    s.memory();
    let next = s.create(fd, 8192, 0);
    s.run(fd, &[next]);
    s.entries(next, next.va, 3);
}

#[scenario]
fn a_tlb_that_does_not_answer_leaves_the_entries(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 8192, 0);
    s.lose_syncs(1);
    s.submit(fd, &[bo]).expect_err("the TLB does not answer");
    s.look(bo);
    s.entries(bo, bo.va, 2);
    s.heading("again");
    s.run(fd, &[bo]);
    s.look(bo);
    s.entries(bo, bo.va, 2);
}

#[scenario]
fn a_table_that_cannot_be_made_leaves_entries_to_freed_pages(s: &mut Session) {
    let fd = s.open();
    let first = s.create(fd, (2 << 20) - 4096, BO_DMA_MEM);
    let bo = s.create(fd, 8192, BO_DMA_MEM);
    s.heading("one page before the end of a table, one after");
    s.fail(Fail::TableAlloc, 4);
    s.submit(fd, &[bo]).expect_err("there is no table");
    s.look(bo);
    s.entries(bo, bo.va, 2);
    s.close(bo);
    s.entries(first, bo.va, 2);
    s.access(2, bo.va, true);
}

#[scenario]
fn a_device_that_sleeps_has_no_tlb(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096, 0);
    s.run(fd, &[bo]);
    s.commands();
    s.suspend();
    s.close(bo);
    s.commands();
    let next = s.create(fd, 4096, 0);
    s.run(fd, &[next]);
    s.commands();
}

#[scenario]
fn a_binding_without_memory_can_be_repeated(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4 * 4096, 0);
    for what in [Fail::PageAlloc, Fail::DmaMap, Fail::Alloc, Fail::Signal] {
        s.fail(what, 1);
        s.submit(fd, &[bo]).expect_err("it fails");
        s.look(bo);
    }
    s.run(fd, &[bo]);
    s.look(bo);
}
