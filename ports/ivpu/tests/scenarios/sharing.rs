//! Names, export, import, mappings, and contexts that close under their objects.

use migrate_macros::scenario;
use port_ivpu::hw::{COPY, command};
use port_kit::Scenario;

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_SECOND_HANDLE_IS_REFUSED,
    THE_OWN_BUFFER_IN_ANOTHER_FILE_IS_AN_IMPORT,
    AN_IMPORT_IS_MAPPED_BY_ITS_FIRST_JOB,
    AN_IMPORT_WHEN_THE_DEVICE_GOES,
    A_TABLE_THAT_IS_TOO_SHORT_IS_MAPPED_AS_IT_IS,
    AN_IMPORT_OF_A_STRICT_EXPORTER_WHEN_THE_DEVICE_GOES,
    AN_EXPORT_OUTLIVES_ITS_CONTEXT,
    A_MAPPING_HAS_PAGES_BEFORE_A_JOB_DOES,
    ANY_BUFFER_CAN_BE_MAPPED,
];

#[scenario]
fn a_second_handle_is_refused(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let bo = s.create(a, 4096, 0);
    s.open_by_name(bo, a);
    s.open_by_name(bo, b);
    s.run(a, &[bo]);
    s.look(bo);
}

#[scenario]
fn the_own_buffer_in_another_file_is_an_import(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let bo = s.create(a, 8192, 0x20000);
    s.run(a, &[bo]);
    let buf = s.export(bo);
    s.import(a, buf);
    let other = s.import(b, buf);
    s.look(bo);
    s.info(other);
    s.look(other);
    s.run(b, &[other]);
    s.look(other);
    s.entries(bo, bo.va, 2);
    s.entries(other, 0xc000_0000, 2);
    s.close(other);
    s.look(bo);
    s.close_buffer(buf);
    s.close(bo);
    s.memory();
}

#[scenario]
fn an_import_is_mapped_by_its_first_job(s: &mut Session) {
    let fd = s.open();
    let buf = s.foreign_buffer(3);
    let bo = s.import(fd, buf);
    s.look(bo);
    s.mapped_segments();
    s.run(fd, &[bo]);
    s.look(bo);
    s.entries(bo, 0xc000_0000, 4);
    s.mapped_segments();
    s.close(bo);
    s.mapped_segments();
    s.close_buffer(buf);
}

#[scenario(differs = "D2")]
fn an_import_when_the_device_goes(s: &mut Session) {
    let fd = s.open();
    let buf = s.foreign_buffer(2);
    let bo = s.import(fd, buf);
    s.run(fd, &[bo]);
    s.unplug();
    s.look(bo);
    s.mapped_segments();
    s.submit(fd, &[bo]).expect_err("there is no device");
    s.close_buffer(buf);
    s.close_file(fd);
    s.mapped_segments();
}

#[scenario]
fn a_table_that_is_too_short_is_mapped_as_it_is(s: &mut Session) {
    let fd = s.open();
    let buf = s.short_buffer(4, 2);
    let bo = s.import(fd, buf);
    s.info(bo);
    s.run(fd, &[bo]);
    s.look(bo);
    s.entries(bo, 0xc000_0000, 4);
    s.access(2, 0xc000_1000, true);
    s.access(2, 0xc000_2000, true);
    s.close(bo);
    s.entries(bo, 0xc000_0000, 4);
    s.close_buffer(buf);
}

/// This exporter keeps no mapping for an attachment that gave it up.
#[scenario(differs = "D2")]
fn an_import_of_a_strict_exporter_when_the_device_goes(s: &mut Session) {
    let fd = s.open();
    let buf = s.short_buffer(2, 2);
    let bo = s.import(fd, buf);
    s.mapped_segments();
    s.run(fd, &[bo]);
    s.mapped_segments();
    s.unplug();
    s.mapped_segments();
    s.close_buffer(buf);
    s.close_file(fd);
    s.mapped_segments();
}

#[scenario(differs = "D1")]
fn an_export_outlives_its_context(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 8192, 0);
    let map = s.map(bo, 2);
    s.write(map, 4097, 0x5a);
    s.unmap(map);
    s.run(fd, &[bo]);
    let object = s.hold(bo);
    let buf = s.export(bo);
    s.close_file(fd);
    s.look_at("the object", &object);
    s.contexts();
    s.memory();
    s.heading("a mapping of the buffer shows what was written");
    s.buffer_byte(buf, 4097);
    drop(object);
    s.close_buffer(buf);
    s.memory();
}

#[scenario]
fn a_mapping_has_pages_before_a_job_does(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4 * 4096, 0);
    let map = s.map(bo, 4);
    s.look(bo);
    s.run(fd, &[bo]);
    s.look(bo);
    s.unmap(map);
    s.look(bo);
    s.close(bo);
    s.memory();
}

#[scenario]
fn any_buffer_can_be_mapped(s: &mut Session) {
    let fd = s.open();
    let commands = s.create(fd, 4096, 0);
    let data = s.create(fd, 4096, 0);
    let code = s.map(commands, 1);
    let bytes = s.map(data, 1);
    s.write(bytes, 7, 0x42);
    s.write_command(code, command(COPY, data.va, data.va + 256, 16));
    s.run(fd, &[commands, data]);
    s.read(bytes, 256 + 7);
}
