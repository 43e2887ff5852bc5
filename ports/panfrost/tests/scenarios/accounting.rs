//! What is told to the MMU, and the performance counters.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_panfrost::uapi::{BO_HEAP, BO_NOEXEC, MADV_DONTNEED};

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    AN_UNBOUND_SPACE_NEEDS_NO_FLUSH,
    EVERY_MAP_AND_UNMAP_IS_ONE_FLUSH,
    A_SLEEPING_DEVICE_NEEDS_NO_FLUSH,
    COUNTERS_LIVE_IN_AN_EXECUTABLE_BUFFER_WITHOUT_A_HANDLE,
    COUNTERS_HAVE_ONE_USER,
];

#[scenario]
fn an_unbound_space_needs_no_flush(s: &mut Session) {
    let fd = s.open();
    s.wake();
    let bo = s.create(fd, 4096, BO_NOEXEC);
    s.close(bo);
    s.commands();
    let bo = s.create(fd, 4096, BO_NOEXEC);
    s.heading("the first job enables the space");
    s.gpu_read(fd, bo.va);
    s.commands();
    s.gpu_read(fd, bo.va);
    s.commands();
    s.heading("the end of the file disables it");
    s.close_file(fd);
    s.commands();
}

#[scenario]
fn every_map_and_unmap_is_one_flush(s: &mut Session) {
    let fd = s.open();
    s.wake();
    let first = s.create(fd, 4096, BO_NOEXEC);
    s.gpu_read(fd, first.va);
    s.commands();
    let second = s.create(fd, 4096, BO_NOEXEC);
    s.commands();
    let third = s.create(fd, 3 << 20, BO_NOEXEC);
    s.commands();
    s.close(second);
    s.commands();
    s.close(third);
    s.commands();
    let heap = s.create(fd, 4 << 20, BO_NOEXEC | BO_HEAP);
    s.commands();
    s.gpu_write(fd, heap.va, 1);
    s.commands();
    s.close(heap);
    s.commands();
    s.madvise(first, MADV_DONTNEED);
    s.shrink(1);
    s.commands();
}

#[scenario]
fn a_sleeping_device_needs_no_flush(s: &mut Session) {
    let fd = s.open();
    s.wake();
    let first = s.create(fd, 4096, BO_NOEXEC);
    s.gpu_read(fd, first.va);
    s.commands();
    s.put_to_sleep();
    s.space(fd);
    s.create(fd, 4096, BO_NOEXEC);
    s.close(first);
    s.commands();
}

/// Nobody says that it is no code, so it is mapped executable, and aligned to its size.
#[scenario]
fn counters_live_in_an_executable_buffer_without_a_handle(s: &mut Session) {
    let fd = s.open();
    s.perfcnt(fd, true, 2);
    s.perfcnt(fd, true, 1);
    s.va_space(fd);
    s.page_table(fd);
    s.figures(fd);
    s.memory();
    s.perfcnt_dump(fd, 4096);
    s.perfcnt_dump(fd, 4096);
    s.heading("not enough room in user space");
    s.perfcnt_dump(fd, 16);
    s.perfcnt(fd, true, 0);
    s.perfcnt(fd, false, 0);
    s.va_space(fd);
    s.perfcnt(fd, false, 0);
    s.memory();
}

#[scenario]
fn counters_have_one_user(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    s.perfcnt(a, true, 0);
    s.perfcnt(b, true, 0);
    s.perfcnt(b, false, 0);
    s.perfcnt_dump(b, 4096);
    s.close_file(a);
    s.heading("the end of the file ends its use");
    s.perfcnt(b, true, 0);
    s.perfcnt(b, false, 0);
}
