//! Sharing: own buffers, foreign ones, and what a failed import does.

use migrate_macros::scenario;
use port_kit::Scenario;

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    AN_OWN_BUFFER_HAS_ONE_ADDRESS_IN_EVERY_FILE,
    AN_ATTACHMENT_IS_ONE_MORE_USER_OF_THE_PAGES,
    A_FOREIGN_BUFFER_HAS_ENTRIES_BUT_IS_NOT_RESIDENT,
    A_FOREIGN_BUFFER_IS_ANOTHER_OBJECT_IN_EVERY_FILE,
    A_FAILED_IMPORT_FREES_THE_EXPORTERS_TABLE,
    AN_IMPORT_THAT_CANNOT_BE_MAPPED_LEAVES_THE_EXPORTER_ALONE,
];

#[scenario]
fn an_own_buffer_has_one_address_in_every_file(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let bo = s.create(a, 0x4000);
    let buf = s.export(bo);
    s.stats();
    let other = s.import(b, buf).expect("it is imported");
    s.stats();
    s.entries();
    s.object(other);
    s.fdinfo(b);
    s.close(bo);
    s.entries();
    s.close_buffer(buf);
    s.close(other);
    s.entries();
}

/// The cached table holds one use; the attachment comes and goes on top of it.
#[scenario]
fn an_attachment_is_one_more_user_of_the_pages(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 0x3000);
    let buf = s.export(bo);
    s.swap_out(bo);
    s.attach(buf);
    s.swap_out(bo);
    s.detach(buf);
    s.swap_out(bo);
    s.object(bo);
}

#[scenario]
fn a_foreign_buffer_has_entries_but_is_not_resident(s: &mut Session) {
    let fd = s.open();
    let buf = s.kept_foreign_buffer(4);
    let bo = s.import(fd, buf).expect("it is imported");
    s.entries();
    s.object(bo);
    s.fdinfo(fd);
    let map = s.map(bo, 4);
    s.write(map, 5, 0x42);
    s.gpu_read(bo.va + 5);
    s.close_buffer(buf);
    s.detach(buf);
    s.read(map, 5);
    s.unmap(map);
    s.close(bo);
    s.entries();
}

#[scenario]
fn a_foreign_buffer_is_another_object_in_every_file(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let buf = s.kept_foreign_buffer(2);
    let first = s.import(a, buf).expect("it is imported");
    let again = s.import(a, buf).expect("it is imported");
    let other = s.import(b, buf).expect("it is imported");
    s.entries();
    s.close(first);
    s.close(again);
    s.close(other);
    s.close_buffer(buf);
    s.detach(buf);
}

/// The object does not know yet that it is an import, and is released like one of its own: the table is unmapped, and then the
/// core gives it back once more.
#[scenario(differs = "D1")]
fn a_failed_import_frees_the_exporters_table(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    s.fill_space();
    let buf = s.kept_foreign_buffer(4);
    let _ = s.import(fd, buf);
    s.stats();
    s.entries();
    s.close_buffer(buf);
    s.detach(buf);
    s.close(bo);
}

#[scenario]
fn an_import_that_cannot_be_mapped_leaves_the_exporter_alone(s: &mut Session) {
    let fd = s.open();
    let buf = s.kept_foreign_buffer(2);
    s.fail_from(drm_core::machine::Fail::DmaMap, 1);
    let _ = s.import(fd, buf);
    s.stop_failing();
    let bo = s.import(fd, buf).expect("it is imported");
    s.close(bo);
    s.close_buffer(buf);
    s.detach(buf);
}
