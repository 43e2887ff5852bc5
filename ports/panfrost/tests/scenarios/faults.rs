//! Faults that end a space, and what becomes of it.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_panfrost::uapi::{BO_HEAP, BO_NOEXEC};

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    AN_ACCESS_TO_NOTHING_ENDS_THE_SPACE,
    AFTER_A_TERMINAL_FAULT_THE_INTERRUPT_STAYS_MASKED,
    AN_INTERRUPT_OF_ANOTHER_SPACE_HELPS,
    A_RESUME_HELPS,
    CODE_FETCHED_FROM_DATA_ENDS_THE_SPACE,
    A_FAULT_IN_WHAT_IS_NO_HEAP_WARNS,
    THE_STATUS_DECIDES_WHETHER_A_FAULT_IS_ANSWERED,
    ADDRESSES_BEYOND_THE_SPACE_FAULT,
];

const HEAP: u32 = BO_NOEXEC | BO_HEAP;
const CHUNK: u64 = 2 << 20;

#[scenario]
fn an_access_to_nothing_ends_the_space(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096, BO_NOEXEC);
    s.gpu_read(fd, 0x1000);
    s.interrupts();
    s.space(fd);
    s.heading("the next job switches it on again");
    s.gpu_read(fd, bo.va);
    s.interrupts();
}

/// The driver writes the mask before it takes the space out of the set that makes the mask (`panfrost_mmu.c:182`).
#[scenario]
fn after_a_terminal_fault_the_interrupt_stays_masked(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, 4 << 20, HEAP);
    s.gpu_write(fd, heap.va, 1);
    s.gpu_read(fd, 0x1000);
    s.heading("what is mapped works");
    s.gpu_read(fd, heap.va);
    s.interrupts();
    s.heading("a heap does not grow any more");
    s.gpu_write(fd, heap.va + CHUNK, 2);
    s.interrupts();
    s.figures(fd);
}

#[scenario]
fn an_interrupt_of_another_space_helps(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let heap = s.create(a, 4 << 20, HEAP);
    let other = s.create(b, 2 << 20, HEAP);
    s.gpu_read(a, 0x1000);
    s.gpu_write(a, heap.va, 1);
    s.interrupts();
    s.heading("the thread that serves the other space serves this one, too");
    s.gpu_write(b, other.va, 2);
    s.interrupts();
    s.gpu_write(a, heap.va, 3);
    s.figures(a);
}

#[scenario]
fn a_resume_helps(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, 2 << 20, HEAP);
    s.gpu_read(fd, 0x1000);
    s.gpu_write(fd, heap.va, 1);
    s.sleep(49);
    s.interrupts();
    s.sleep(1);
    s.gpu_write(fd, heap.va, 2);
    s.interrupts();
}

#[scenario]
fn code_fetched_from_data_ends_the_space(s: &mut Session) {
    let fd = s.open();
    let data = s.create(fd, 4096, BO_NOEXEC);
    let code = s.create(fd, 4096, 0);
    s.gpu_execute(fd, code.va);
    s.gpu_execute(fd, data.va);
    s.interrupts();
}

#[scenario]
fn a_fault_in_what_is_no_heap_warns(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096, BO_NOEXEC);
    s.submit(fd, bo.va, &[bo]).expect("the job is taken");
    s.fault(0, bo.va, 0x102c3, false);
    s.interrupts();
    s.finish_slot(1, 0x42);
}

#[scenario]
fn the_status_decides_whether_a_fault_is_answered(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, 2 << 20, HEAP);
    s.submit(fd, heap.va, &[heap]).expect("the job is taken");
    s.fault(0, heap.va, 0x102c3, false);
    s.figures(fd);
    s.heading("a permission fault");
    s.fault(0, heap.va, 0x102c8, false);
    s.finish_slot(1, 0x42);
    s.sleep(100);
    s.submit(fd, heap.va, &[heap]).expect("the job is taken");
    s.heading("on the bus");
    s.fault(0, heap.va, 0x102c3, true);
    s.finish_slot(1, 0x42);
    s.interrupts();
}

#[scenario]
fn addresses_beyond_the_space_fault(s: &mut Session) {
    let fd = s.open();
    s.create(fd, 4096, BO_NOEXEC);
    for va in [0xffff_f000, 1 << 32, 0x7_ffff_ffff_f000] {
        s.gpu_read(fd, va);
        s.sleep(100);
    }
}
