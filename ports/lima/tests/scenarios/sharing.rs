//! Sharing: one object in several spaces, foreign buffers.

use migrate_macros::scenario;
use port_kit::Scenario;

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    EACH_FILE_HAS_AN_ADDRESS_OF_ITS_OWN,
    A_FOREIGN_BUFFER_IS_ANOTHER_OBJECT_IN_EVERY_FILE,
    A_FULL_SPACE_REFUSES_AN_IMPORT_AND_LEAVES_THE_EXPORTER_ALONE,
    AN_EXPORTED_OBJECT_SURVIVES_ITS_FILE,
];

#[scenario]
fn each_file_has_an_address_of_its_own(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let bo = s.create(a, 4096);
    s.create(b, 0x3000);
    let buf = s.export(bo);
    let other = s.import(b, buf).expect("it is imported");
    s.entries_name_the_pages(bo, 1);
    s.entries_name_the_pages(other, 1);
    s.close(bo);
    s.entries(a);
    s.entries(b);
    s.object(other);
    s.heading("imported where it is: the same handle, one user");
    let again = s.import(b, buf).expect("it is imported");
    s.object(again);
    s.close(other);
    s.close(again);
    s.close_buffer(buf);
    s.entries(b);
}

#[scenario]
fn a_foreign_buffer_is_another_object_in_every_file(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let buf = s.kept_foreign_buffer(4);
    let mine = s.import(a, buf).expect("it is imported");
    let other = s.import(b, buf).expect("it is imported");
    s.entries(a);
    s.object(mine);
    let map = s.map(mine, 4);
    let seen = s.map(other, 4);
    s.write(map, 5, 0x42);
    s.read(seen, 5);
    s.unmap(map);
    s.unmap(seen);
    s.close_buffer(buf);
    s.detach(buf);
    s.close(mine);
    s.close(other);
    s.entries(a);
}

#[scenario]
fn a_full_space_refuses_an_import_and_leaves_the_exporter_alone(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    s.create_heap(a, 0xffff_ffff);
    let foreign = s.kept_foreign_buffer(2);
    let _ = s.import(a, foreign);
    let bo = s.create(b, 0x2000);
    let own = s.export(bo);
    let _ = s.import(a, own);
    s.object(bo);
    s.entries(a);
    s.close_buffer(foreign);
    s.detach(foreign);
}

#[scenario]
fn an_exported_object_survives_its_file(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let bo = s.create(a, 0x2000);
    s.create_heap(a, 1 << 20);
    let buf = s.export(bo);
    s.close_file(a);
    let other = s.import(b, buf).expect("it is imported");
    s.object(other);
    s.entries(b);
    s.close_buffer(buf);
    s.close(other);
    s.entries(b);
}
