//! Export: what importers get, and what stays when the handle goes.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_virtgpu::Params;
use port_virtgpu::uapi::{BLOB_FLAG_USE_MAPPABLE, BLOB_MEM_HOST3D};

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    AN_IMPORTER_PINS_AND_MAPS,
    AN_EXPORT_OUTLIVES_ITS_HANDLE,
    A_BUFFER_IS_MAPPED_BY_ITS_DESCRIPTOR,
    THE_SAME_DEVICE_IMPORTS_THE_SAME_OBJECT,
    MEMORY_OF_THE_HOST_IS_MAPPED_BY_ITS_DESCRIPTOR,
];

#[scenario]
fn an_importer_pins_and_maps(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    let buf = s.export(bo);
    s.attach(buf);
    s.look(bo);
    s.detach(buf);
    s.look(bo);
}

#[scenario]
fn an_export_outlives_its_handle(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    let map = s.map(bo, 4);
    s.write(map, 0, 0x42);
    s.unmap(map);
    let buf = s.export(bo);
    s.close(bo);
    s.answer();
    s.memory();
    let again = s.try_import(fd, buf).expect("it is the same object");
    let map = s.map(again, 4);
    s.read(map, 0);
    s.unmap(map);
    s.close(again);
    s.close_buffer(buf);
    s.answer();
    s.memory();
}

#[scenario]
fn a_buffer_is_mapped_by_its_descriptor(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    let map = s.map(bo, 4);
    s.write(map, 0x3000, 0x42);
    let buf = s.export(bo);
    let other = s.map_buffer(buf, 4).expect("it is mapped");
    s.read(other, 0x3000);
    s.look(bo);
}

#[scenario]
fn the_same_device_imports_the_same_object(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let bo = s.dumb(a, 64, 64);
    let buf = s.export(bo);
    let other = s.try_import(b, buf).expect("it is the same object");
    s.info(bo);
    s.info(other);
    s.close(bo);
    s.close(other);
    s.close_buffer(buf);
    s.answer();
    s.memory();
}

#[scenario]
fn memory_of_the_host_is_mapped_by_its_descriptor(s: &mut Session) {
    s.host(Params {
        virgl: true,
        blob: true,
        window: Some(16),
        ..Params::default()
    });
    let fd = s.open();
    let (bo, id) = s.blob(fd, BLOB_MEM_HOST3D, BLOB_FLAG_USE_MAPPABLE, 8192);
    let buf = s.export(bo);
    let map = s.map_buffer(buf, 2).expect("it is mapped");
    s.write(map, 0x1000, 0x42);
    s.host_byte(id, 0x1000);
    s.map_buffer(buf, 1);
    s.heading("an importer gets the window");
    s.attach(buf);
    s.detach(buf);
}
