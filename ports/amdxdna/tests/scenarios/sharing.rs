//! Imports, exports, and memory of the process.

use migrate_macros::scenario;
use port_amdxdna::CHUNK;
use port_amdxdna::uapi::{DEV_HEAP, SHARE, TO_DEVICE};
use port_kit::Scenario;

use super::session::{Session, add, copy};

pub(crate) const ALL: &[Scenario<Session>] = &[
    AN_IMPORT_IS_MAPPED_AT_ONCE,
    AN_IMPORT_LOOKS_NATIVE,
    AN_IMPORT_IS_MAPPED_BY_ITS_EXPORTER,
    AN_OWN_BUFFER_IS_IMPORTED_LIKE_ANY_OTHER,
    A_MAPPING_OF_THE_BUFFER_ITSELF,
    MEMORY_OF_THE_PROCESS_IS_PINNED,
    MEMORY_OF_THE_PROCESS_THAT_CANNOT_BE_PINNED,
    A_DESCRIPTOR_IN_A_TABLE,
    ANOTHER_DEVICE_ATTACHES,
];

#[scenario]
fn an_import_is_mapped_at_once(s: &mut Session) {
    let fd = s.open();
    let foreign = s.foreign(2);
    s.memory();
    s.attached();
    let bo = s.import(fd, foreign).expect("it can be imported");
    s.attached();
    s.memory();
    s.look(bo);
    s.info(bo);
    let again = s.import(fd, foreign);
    assert_eq!(again, Some(bo), "the core knows the buffer");
    s.export(bo);
    s.kernel_bytes(bo, 2);
    s.sync(bo, TO_DEVICE, 0, 16);
    s.close(bo);
    s.attached();
    s.memory();
}

#[scenario(differs = "D3")]
fn an_import_looks_native(s: &mut Session) {
    let fd = s.open();
    let foreign = s.foreign(2);
    let bo = s.import(fd, foreign).expect("it can be imported");
    s.look_from_the_core(bo);
}

#[scenario]
fn an_import_is_mapped_by_its_exporter(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let foreign = s.foreign(2);
    let bo = s.import(fd, foreign).expect("it can be imported");
    let at = s.map(bo, 8192);
    s.entries(at);
    s.info(bo);
    s.write(at, &[1, 2]);
    let command = s.command(fd, &[add(at, 2)]);
    s.run(hwctx, command, &[bo]);
    s.read(at, 2);
    s.look(bo);
    s.unmap(at, 8192);
    s.info(bo);
    s.attached();
}

#[scenario]
fn an_own_buffer_is_imported_like_any_other(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let bo = s.create(a, SHARE, 8192);
    let buf = s.export(bo).expect("it can be exported");
    s.look(bo);
    let other = s.import(b, buf).expect("it can be imported");
    s.look(bo);
    s.look(other);
    let own = s.import(a, buf);
    assert_eq!(own, Some(bo), "the core knows the buffer");
    let (at, there) = (s.map(bo, 8192), s.map(other, 8192));
    s.write(at, &[3, 4]);
    s.read(there, 2);
    s.heading("the first one goes first");
    s.unmap(at, 8192);
    s.close(bo);
    s.forget_buffer(buf);
    s.read(there, 2);
    s.unmap(there, 8192);
    s.close(other);
    s.memory();
}

#[scenario(differs = "D4")]
fn a_mapping_of_the_buffer_itself(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, SHARE, 8192);
    let buf = s.export(bo).expect("it can be exported");
    let at = s.map_buffer(buf, 8192).expect("it can be mapped");
    s.entries(at);
    s.write(at, &[6]);
    s.info(bo);
    s.look(bo);
    s.watchers();
    s.unmap(at, 8192);
    s.look(bo);
    s.heading("an import of it is mapped by it, too");
    let other = s.open();
    let import = s.import(other, buf).expect("it can be imported");
    let at = s.map(import, 8192);
    s.look(import);
    s.look(bo);
    s.watchers();
    s.unmap(at, 8192);
}

#[scenario]
fn memory_of_the_process_is_pinned(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let (first, second) = (s.anonymous(4096), s.anonymous(8192));
    s.write(second, &[1, 2, 3]);
    let table = s.table(&[(first, 4096), (second, 8192)]);
    let bo = s.create_from(fd, table).expect("it can be made");
    s.pinned();
    s.look(bo);
    s.info(bo);
    s.export(bo);
    s.kernel_bytes(bo, 3);
    s.heading("mapped, the device reaches it in one piece");
    let at = s.map(bo, 12288);
    s.read(at + 4096, 3);
    let command = s.command(fd, &[copy(at, at + 4096, 3), add(at, 3)]);
    s.run(hwctx, command, &[bo]);
    s.read(first, 3);
    s.heading("the process's own mapping goes, the pages stay");
    s.unmap(second, 8192);
    s.read(at + 4096, 3);
    s.unmap(at, 12288);
    s.close(bo);
    s.pinned();
    s.read(first, 3);
}

#[scenario]
fn memory_of_the_process_that_cannot_be_pinned(s: &mut Session) {
    let fd = s.open();
    let at = s.anonymous(8192);
    s.heading("ranges that are not whole pages, or none");
    for entry in [(at + 1, 4096), (at, 4095), (at, 0)] {
        let table = s.table(&[entry]);
        s.create_from(fd, table);
    }
    s.heading("a second range where nothing is mapped, or not all of it");
    for entry in [(0x1000, 4096), (at, 12288)] {
        let table = s.table(&[(at, 4096), entry]);
        s.create_from(fd, table);
        s.pinned();
    }
    s.heading("ranges that no size can hold, and one beyond the last address");
    for entries in [[(at, 1 << 63), (at, 1 << 63)], [(at, 4096), (!4095, 8192)]] {
        let table = s.table(&entries);
        s.create_from(fd, table);
        s.pinned();
    }
    s.heading("a mapping of a BO is no memory that can be pinned");
    let bo = s.create(fd, SHARE, 4096);
    let mapped = s.map(bo, 4096);
    let table = s.table(&[(mapped, 4096)]);
    s.create_from(fd, table);
    let table = s.table(&[(at, 8192)]);
    for (limit, ipc_lock) in [(0, false), (4096, false), (0, true)] {
        s.task().set_memlock(limit, ipc_lock);
        s.heading(&format!("RLIMIT_MEMLOCK {limit}, CAP_IPC_LOCK {ipc_lock}"));
        s.create_from(fd, table);
        s.pinned();
    }
    s.memory();
}

#[scenario]
fn a_descriptor_in_a_table(s: &mut Session) {
    let fd = s.open();
    let foreign = s.foreign(2);
    let table = s.table_of(99);
    s.create_from(fd, table);
    let descriptor = s.descriptor(foreign);
    let table = s.table_of(descriptor);
    let bo = s.create_from(fd, table).expect("it can be made");
    s.look(bo);
    s.export(bo);
    s.attached();
    s.task().close(descriptor);
    s.close(bo);
    s.attached();
}

#[scenario]
fn another_device_attaches(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, SHARE, 8192);
    let buf = s.export(bo).expect("it can be exported");
    s.look(bo);
    s.attach(buf);
    s.look(bo);
    s.detach(buf);
    s.look(bo);
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.export(heap);
}
