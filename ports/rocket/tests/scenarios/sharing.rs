//! Export, import, and objects that outlive the file that created them.

use migrate_macros::scenario;
use port_kit::Scenario;

use super::session::{Job, Session, copy};

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_SECOND_FILE_HAS_THE_BUFFER_BUT_NOT_THE_ADDRESS,
    A_FOREIGN_BUFFER_IS_REFUSED,
    AN_EXPORT_OUTLIVES_THE_FILE_OF_ITS_CREATOR,
    A_HANDLE_OF_ANOTHER_FILE_OUTLIVES_THE_CREATOR,
    A_MAPPING_OUTLIVES_HANDLE_AND_FILE,
    THE_KERNEL_MAPS_A_BUFFER,
];

#[scenario]
fn a_second_file_has_the_buffer_but_not_the_address(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let own = s.create(b, 4096);
    let shared = s.create(a, 4096);
    let buf = s.export(shared);
    let other = s.import(b, buf).expect("it is the same object");
    s.look(other);
    s.page_table(a);
    s.page_table(b);
    s.heading("a job of the second file that uses the first one's address hits what is there");
    let (commands, _) = s.commands(b, &copy(0x1000, shared.va, 16));
    let map = s.map(own, 1);
    s.read(map, 0);
    s.submit(b, &Job::new(commands.va, &[commands], &[other]));
    s.prep(other, 1_000_000_000);
    s.read(map, 0);
    s.close(other);
    s.close_buffer(buf);
    s.close(shared);
}

#[scenario]
fn a_foreign_buffer_is_refused(s: &mut Session) {
    let fd = s.open();
    let buf = s.foreign_buffer(2);
    s.import(fd, buf).expect_err("there is no import");
    s.va_space(fd);
}

#[scenario(differs = "D6")]
fn an_export_outlives_the_file_of_its_creator(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 8192);
    let buf = s.export(bo);
    s.close_file(fd);
    s.memory();
    s.close_buffer(buf);
    s.memory();
}

#[scenario(differs = "D6")]
fn a_handle_of_another_file_outlives_the_creator(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let bo = s.create(a, 8192);
    let buf = s.export(bo);
    let other = s.import(b, buf).expect("it is the same object");
    s.close_buffer(buf);
    s.close_file(a);
    s.look(other);
    s.prep(other, 0);
    s.close(other);
    s.memory();
}

#[scenario(differs = "D6")]
fn a_mapping_outlives_handle_and_file(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let bo = s.create(a, 4096);
    let buf = s.export(bo);
    let other = s.import(b, buf).expect("it is the same object");
    s.close_buffer(buf);
    let other = at(other, bo.offset);
    let map = s.map(other, 1);
    s.write(map, 0, 7);
    s.close(other);
    s.close(bo);
    s.close_file(a);
    s.memory();
    s.read(map, 0);
    s.unmap(map);
    s.memory();
}

/// The same handle, and where to map it.
fn at(bo: super::session::Bo, offset: u64) -> super::session::Bo {
    super::session::Bo { offset, ..bo }
}

#[scenario]
fn the_kernel_maps_a_buffer(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 8192);
    let buf = s.export(bo);
    s.vmap(buf, |s| s.look(bo));
    s.look(bo);
    s.close_buffer(buf);
    s.close(bo);
    s.memory();
}
