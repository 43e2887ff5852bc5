//! Creation: arguments, addresses, figures.

use migrate_macros::scenario;
use port_amdxdna::uapi::{CMD, CreateBo, DEV, DEV_HEAP, GetBoInfo, SHARE};
use port_amdxdna::{CHUNK, Params};
use port_kit::Scenario;

use super::session::{Bo, Session};

pub(crate) const ALL: &[Scenario<Session>] = &[
    ARGUMENTS_THAT_ARE_REFUSED,
    A_DEVICE_WITHOUT_ANY_WAY_TO_MEMORY_DOES_NOT_OPEN,
    SHARED_MEMORY_HAS_ITS_ADDRESS_FROM_THE_PROCESS,
    SHARED_MEMORY_HAS_AN_IOVA_BEFORE_IT_IS_MAPPED,
    A_SECOND_HANDLE_MAPS_NOTHING_MORE,
    A_HANDLE_THAT_CANNOT_BE_MAPPED_FOR_THE_DEVICE,
    A_CHUNK_THAT_CANNOT_BE_MAPPED_STAYS_IN_THE_HEAP,
    CARVE_OUT_MEMORY_IS_IN_ONE_PIECE,
    FIGURES_OF_A_FILE,
    A_COMMAND_HAS_ANY_SIZE_UNTIL_IT_RUNS,
];

#[scenario]
fn arguments_that_are_refused(s: &mut Session) {
    let fd = s.open();
    s.create_with(
        fd,
        CreateBo {
            flags: 1,
            kind: SHARE,
            size: 4096,
            ..CreateBo::default()
        },
    );
    s.try_create(fd, 0, 4096);
    s.try_create(fd, 9, 4096);
    s.try_create(fd, SHARE, 0);
    s.try_create(fd, DEV, 0);
    s.try_create(fd, DEV_HEAP, 0);
    s.try_create(fd, DEV_HEAP, 4096);
    s.try_create(fd, DEV_HEAP, CHUNK + 4096);
    s.create_from(fd, 0x1000);
    let bo = s.create(fd, SHARE, 4096);
    s.info(Bo { fd, handle: 999 });
    for (ext, ext_flags, pad) in [(1, 0, 0), (0, 1, 0), (0, 0, 1)] {
        let mut args = GetBoInfo {
            ext,
            ext_flags,
            pad,
            handle: bo.handle,
            ..GetBoInfo::default()
        };
        s.info_with(fd, &mut args);
    }
}

#[scenario]
fn a_device_without_any_way_to_memory_does_not_open(s: &mut Session) {
    s.device_with(Params {
        sva: false,
        ..Params::default()
    });
    s.try_open();
    s.carve_out(4 << 20);
    s.try_open();
    s.carve_out(4 << 20);
}

#[scenario]
fn shared_memory_has_its_address_from_the_process(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, SHARE, 8192);
    s.info(bo);
    s.look(bo);
    let at = s.map(bo, 8192);
    s.entries(at);
    s.info(bo);
    s.look(bo);
    s.watchers();
    s.write(at, &[1, 2]);
    s.close(bo);
    s.read(at, 2);
}

#[scenario]
fn shared_memory_has_an_iova_before_it_is_mapped(s: &mut Session) {
    s.with_iova();
    let fd = s.open();
    let bo = s.create(fd, SHARE, 8192);
    s.info(bo);
    s.look(bo);
    s.iovas();
    let at = s.map(bo, 8192);
    s.info(bo);
    s.watchers();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.iovas();
    s.close(bo);
    s.unmap(at, 8192);
    s.iovas();
    s.close(heap);
    s.iovas();
}

#[scenario]
fn a_second_handle_maps_nothing_more(s: &mut Session) {
    s.with_iova();
    let (a, b) = (s.open(), s.open());
    let bo = s.create(a, SHARE, 8192);
    let second = s.second_handle(bo, b).expect("it can be made");
    s.look(second);
    s.iovas();
    s.usage(a);
    s.usage(b);
    s.heading("the first handle goes: what is used stays with the first file");
    s.close(bo);
    s.look(second);
    s.usage(a);
    s.close(second);
    s.usage(a);
    s.iovas();
}

#[scenario]
fn a_handle_that_cannot_be_mapped_for_the_device(s: &mut Session) {
    s.with_iova();
    let fd = s.open();
    s.no_tables();
    s.try_create(fd, SHARE, 8192);
    s.memory();
    s.iovas();
    s.usage(fd);
    let foreign = s.foreign(2);
    s.no_tables();
    s.import(fd, foreign);
    s.attached();
    s.import(fd, foreign);
    s.attached();
}

#[scenario(differs = "D1")]
fn a_chunk_that_cannot_be_mapped_stays_in_the_heap(s: &mut Session) {
    s.with_iova();
    let fd = s.open();
    s.no_tables();
    s.try_create(fd, DEV_HEAP, CHUNK);
    s.look_at_heap(fd);
    s.usage(fd);
    s.memory();
    s.heading("the next chunk, mapped, and a piece of the heap");
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.info(heap);
    s.map(heap, CHUNK);
    s.try_create(fd, DEV, 4096);
}

#[scenario]
fn carve_out_memory_is_in_one_piece(s: &mut Session) {
    s.device_with(Params {
        sva: false,
        ..Params::default()
    });
    s.carve_out(CHUNK + (4 << 20));
    let fd = s.open();
    let bo = s.create(fd, SHARE, 8192);
    s.info(bo);
    s.look(bo);
    let at = s.map(bo, 8192);
    s.read(at, 4);
    s.write(at, &[1, 2, 3, 4]);
    s.info(bo);
    s.kernel_bytes(bo, 4);
    s.try_create(fd, SHARE, 0);
    s.try_create(fd, DEV_HEAP, CHUNK);
    s.heading("another aligned piece is not left, once this one is gone a heap fits");
    s.unmap(at, 8192);
    s.close(bo);
    s.memory();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.info(heap);
    s.try_create(fd, SHARE, 8 << 20);
    s.heading("what comes back is zero");
    let bo = s.create(fd, SHARE, 8192);
    let at = s.map(bo, 8192);
    s.read(at, 4);
    s.fail(drm_core::machine::Fail::Vmap, 1);
    s.try_create(fd, SHARE, 4096);
}

#[scenario]
fn figures_of_a_file(s: &mut Session) {
    let fd = s.open();
    let share = s.create(fd, SHARE, 1 << 20);
    let command = s.create(fd, CMD, 4096);
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let dev = s.create(fd, DEV, 64 << 10);
    s.usage(fd);
    s.close(dev);
    s.close(command);
    s.usage(fd);
    s.close(heap);
    s.close(share);
    s.usage(fd);
}

#[scenario]
fn a_command_has_any_size_until_it_runs(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let large = s.create(fd, CMD, (32 << 10) + 1);
    s.look(large);
    s.exec(hwctx, large, &[]);
    s.heading("an empty command has no header");
    let empty = s.create(fd, CMD, 2);
    s.exec(hwctx, empty, &[]);
    s.look(empty);
    s.heading("one that says to be longer than it is");
    let long = s.create(fd, CMD, 4096);
    s.fill(long, &(0x7ffu32 << 12).to_le_bytes());
    s.exec(hwctx, long, &[]);
}
