//! Export, import, and handles.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_panfrost::uapi::{BO_NOEXEC, MADV_DONTNEED};

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    AN_EXPORT_COMES_BACK_AS_THE_SAME_HANDLE,
    A_SECOND_FILE_SHARES_THE_PAGES_UNDER_ITS_OWN_VA,
    A_FOREIGN_DEVICE_PINS_THE_PAGES,
    A_FOREIGN_BUFFER_IS_MAPPED_AND_NEVER_PURGED,
    A_HANDLE_IS_CLOSED_ONCE,
];

#[scenario]
fn an_export_comes_back_as_the_same_handle(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096, BO_NOEXEC);
    let first = s.export(bo);
    s.export(bo);
    s.import(fd, first).expect("it is imported");
    s.figures(fd);
    s.close(bo);
    s.heading("one close ends it");
    s.offset(bo);
    s.va_space(fd);
}

#[scenario]
fn a_second_file_shares_the_pages_under_its_own_va(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    s.create(b, 4096, BO_NOEXEC);
    let bo = s.create(a, 2 * 4096, BO_NOEXEC);
    s.memory();
    let buf = s.export(bo);
    let other = s.import(b, buf).expect("it is imported");
    s.memory();
    s.page_table(b);
    s.figures(a);
    s.figures(b);
    s.gpu_write(a, bo.va + 4, 0x77);
    s.gpu_read(b, other.va + 4);
    s.close(bo);
    s.va_space(a);
    s.gpu_read(b, other.va + 4);
}

#[scenario]
fn a_foreign_device_pins_the_pages(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 2 * 4096, BO_NOEXEC);
    let buf = s.export(bo);
    s.attach(buf);
    s.madvise(bo, MADV_DONTNEED);
    s.shrink(100);
    s.close(bo);
    s.memory();
    s.close_buffer(buf);
    s.detach(buf);
    s.memory();
}

#[scenario]
fn a_foreign_buffer_is_mapped_and_never_purged(s: &mut Session) {
    let fd = s.open();
    let buf = s.foreign_buffer(4);
    let bo = s.import(fd, buf).expect("it is imported");
    s.page_table(fd);
    s.figures(fd);
    let map = s.map(bo, 4).expect("it is mapped");
    s.write(map, 5, 9);
    let direct = s.map_buffer(buf, 4).expect("it is mapped");
    s.read(direct, 5);
    s.gpu_read(fd, bo.va + 4);
    s.madvise(bo, MADV_DONTNEED);
    s.shrink(100);
    s.heading("imported again, exported again: the same");
    s.import(fd, buf).expect("it is imported");
    s.export(bo);
    s.unmap(map);
    s.unmap(direct);
    s.close(bo);
    s.va_space(fd);
}

#[scenario]
fn a_handle_is_closed_once(s: &mut Session) {
    let fd = s.open();
    let first = s.create(fd, 4096, BO_NOEXEC);
    let second = s.create(fd, 4096, BO_NOEXEC);
    s.close(first);
    s.close(first);
    s.create(fd, 2 * 4096, BO_NOEXEC);
    s.create(fd, 4096, BO_NOEXEC);
    s.close(second);
    s.va_space(fd);
}
