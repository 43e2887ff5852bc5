//! User mappings.

use drm_core::mmap::Sharing;
use migrate_macros::scenario;
use port_kit::Scenario;
use port_panfrost::Params;
use port_panfrost::uapi::BO_NOEXEC;

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    CPU_AND_GPU_SEE_THE_SAME_BYTES,
    A_COHERENT_DEVICE_BEHAVES_THE_SAME,
    A_MAPPING_OUTLIVES_HANDLE_AND_FILE,
    A_MAPPING_LONGER_THAN_THE_BUFFER_IS_REFUSED,
    A_MAPPING_NEEDS_A_HANDLE_IN_ITS_FILE,
    A_PRIVATE_MAPPING_IS_REFUSED,
];

fn both_see_the_same(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 3 * 4096, BO_NOEXEC);
    let map = s.map(bo, 3).expect("it is mapped");
    s.read(map, 0);
    s.write(map, 2 * 4096, 0xa2);
    s.gpu_read(fd, bo.va + 2 * 4096);
    s.gpu_write(fd, bo.va + 4096, 0x1234_5678);
    s.read(map, 4096);
    s.read(map, 4099);
    let part = s.map(bo, 1).expect("it is mapped");
    s.read(part, 0);
    s.unmap(part);
    s.unmap(map);
    s.gpu_read(fd, bo.va + 4096);
}

#[scenario]
fn cpu_and_gpu_see_the_same_bytes(s: &mut Session) {
    both_see_the_same(s);
}

#[scenario]
fn a_coherent_device_behaves_the_same(s: &mut Session) {
    s.device_with(Params {
        coherent: true,
        unstable_ioctls: false,
    });
    both_see_the_same(s);
    let fd = s.open();
    s.heading("without the module parameter there are no counters");
    s.perfcnt(fd, true, 0);
    s.perfcnt_dump(fd, 4096);
}

#[scenario]
fn a_mapping_outlives_handle_and_file(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096, BO_NOEXEC);
    let map = s.map(bo, 1).expect("it is mapped");
    s.write(map, 7, 0x5a);
    s.close(bo);
    s.va_space(fd);
    s.read(map, 7);
    s.close_file(fd);
    s.read(map, 7);
    s.memory();
    s.unmap(map);
    s.memory();
}

#[scenario]
fn a_mapping_longer_than_the_buffer_is_refused(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 3 * 4096, BO_NOEXEC);
    s.map(bo, 4).expect_err("it is too long");
    let offset = s.mmap_bo(bo, 0).expect("it has an offset");
    s.heading("only the whole offset names the buffer");
    s.map_offset(fd, offset + 4096, 1, Sharing::Shared)
        .expect_err("in the middle");
    s.map_offset(fd, offset, 1, Sharing::Shared)
        .expect("it is mapped");
}

#[scenario]
fn a_mapping_needs_a_handle_in_its_file(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let bo = s.create(a, 4096, BO_NOEXEC);
    let offset = s.mmap_bo(bo, 0).expect("it has an offset");
    s.map_offset(b, offset, 1, Sharing::Shared)
        .expect_err("no handle");
    let buf = s.export(bo);
    let other = s.import(b, buf).expect("it is imported");
    s.map_offset(b, offset, 1, Sharing::Shared)
        .expect("it is mapped");
    s.close(other);
    s.map_offset(b, offset, 1, Sharing::Shared)
        .expect_err("no handle any more");
}

#[scenario]
fn a_private_mapping_is_refused(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096, BO_NOEXEC);
    let offset = s.mmap_bo(bo, 0).expect("it has an offset");
    s.map_offset(fd, offset, 1, Sharing::Private)
        .expect_err("it would copy on write");
    s.memory();
}
