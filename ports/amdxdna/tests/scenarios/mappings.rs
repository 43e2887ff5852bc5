//! What the process does with its mappings.

use drm_core::machine::Fail;
use migrate_macros::scenario;
use port_amdxdna::CHUNK;
use port_amdxdna::uapi::{DEV_HEAP, SHARE};
use port_kit::Scenario;

use super::session::{Session, add};

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_BUFFER_IS_MAPPED_TWICE,
    A_BUFFER_IS_MAPPED_TWICE_WITH_IOVAS,
    A_JOB_USES_A_BUFFER_THAT_IS_NOT_MAPPED,
    A_CHANGE_OF_A_MAPPING_WAITS_FOR_THE_JOB,
    A_CHANGE_OF_A_MAPPING_WAITS_FOR_A_DEVICE_THAT_IS_STUCK,
    MAPPINGS_THAT_GO_ON_CHANGING,
    A_PART_OF_A_BUFFER_IS_MAPPED,
    A_MAPPING_WITHOUT_A_PAGE_TABLE,
    PAGES_THAT_THE_PROCESS_DOES_NOT_NEED,
    A_PROCESS_THAT_IS_GONE,
    A_CHILD_HAS_THE_MAPPINGS,
];

#[scenario]
fn a_buffer_is_mapped_twice(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, SHARE, 4096);
    let first = s.map(bo, 4096);
    let second = s.map(bo, 4096);
    s.info(bo);
    s.look(bo);
    s.unmap(first, 4096);
    s.info(bo);
    s.look(bo);
    s.unmap(second, 4096);
    s.info(bo);
    s.look(bo);
}

#[scenario]
fn a_buffer_is_mapped_twice_with_iovas(s: &mut Session) {
    s.with_iova();
    let fd = s.open();
    let bo = s.create(fd, SHARE, 4096);
    let first = s.map(bo, 4096);
    let second = s.map(bo, 4096);
    s.info(bo);
    s.unmap(second, 4096);
    s.unmap(first, 4096);
    s.heading("nobody looks");
    s.info(bo);
}

#[scenario]
fn a_job_uses_a_buffer_that_is_not_mapped(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let bo = s.create(fd, SHARE, 4096);
    let at = s.map(bo, 4096);
    let command = s.command(fd, &[add(at, 1)]);
    s.run(hwctx, command, &[bo]);
    s.read(at, 1);
    s.unmap(at, 4096);
    s.look(bo);
    s.info(bo);
    s.heading("the command goes on, and finds nothing");
    s.run(hwctx, command, &[bo]);
    s.look(bo);
    s.faults();
}

#[scenario]
fn a_change_of_a_mapping_waits_for_the_job(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let bo = s.create(fd, SHARE, 4096);
    let at = s.map(bo, 4096);
    s.protect(at, 4096);
    s.look(bo);
    let command = s.command(fd, &[add(at, 1)]);
    s.exec(hwctx, command, &[bo]);
    s.look(bo);
    s.protect(at, 4096);
    s.state(command);
    s.read(at, 1);
    s.look(bo);
    s.heading("the next one looks the mapping up again");
    s.run(hwctx, command, &[bo]);
    s.look(bo);
    s.read(at, 1);
}

#[scenario]
fn a_change_of_a_mapping_waits_for_a_device_that_is_stuck(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let bo = s.create(fd, SHARE, 4096);
    let at = s.map(bo, 4096);
    let command = s.command(fd, &[add(at, 1)]);
    s.pause(true);
    s.exec(hwctx, command, &[bo]);
    s.heading("nothing ends the wait but the job");
    s.unmap(at, 4096);
    s.pause(false);
    s.sleep(10);
    s.heading("the device comes too late");
    s.state(command);
    s.faults();
}

#[scenario]
fn mappings_that_go_on_changing(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let bo = s.create(fd, SHARE, 4096);
    let at = s.map(bo, 4096);
    let command = s.command(fd, &[add(at, 1)]);
    s.protect(at, 4096);
    s.task().set_churning(true);
    s.heading("another thread never stops changing protections");
    let before = s.machine.clock().now();
    s.exec(hwctx, command, &[bo]);
    let waited = (s.machine.clock().now() - before) / 1_000_000;
    s.heading(&format!("that took {waited} ms"));
    s.task().set_churning(false);
    s.look(bo);
    s.run(hwctx, command, &[bo]);
}

#[scenario]
fn a_part_of_a_buffer_is_mapped(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, SHARE, 16384);
    let at = s.map(bo, 4096);
    s.entries(at);
    s.look(bo);
    s.read(at, 1);
    s.read(at + 4096, 1);
    s.try_map_at(bo, 4096, 8192);
    s.try_map(bo, 32768);
}

#[scenario]
fn a_mapping_without_a_page_table(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, SHARE, 8192);
    s.no_page_table();
    s.try_map(bo, 8192);
    s.look(bo);
    s.sleep(1);
    s.look(bo);
    s.watchers();
    s.heading("nor is there any page");
    let other = s.create(fd, SHARE, 8192);
    s.fail(Fail::PageAlloc, 2);
    s.try_map(other, 8192);
    s.sleep(1);
    s.look(other);
    let at = s.map(bo, 8192);
    s.entries(at);
}

#[scenario(differs = "D2")]
fn pages_that_the_process_does_not_need(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, SHARE, 8192);
    let at = s.map(bo, 8192);
    s.write(at, &[5]);
    s.dontneed(at, 4096);
    s.look(bo);
    s.entries(at);
    s.read(at, 1);
    s.read(at + 4096, 1);
    s.look(bo);
}

#[scenario]
fn a_process_that_is_gone(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let bo = s.create(fd, SHARE, 4096);
    let at = s.map(bo, 4096);
    let command = s.command(fd, &[add(at, 1)]);
    s.exit();
    s.heading("the process exits, its file was handed on");
    s.look(bo);
    s.exec(hwctx, command, &[bo]);
}

#[scenario]
fn a_child_has_the_mappings(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, SHARE, 4096);
    let at = s.map(bo, 4096);
    s.fork(|child| {
        let _ = child.munmap(at, 4096);
    });
    s.heading("what the child did is not seen");
    s.look(bo);
    s.info(bo);
}
