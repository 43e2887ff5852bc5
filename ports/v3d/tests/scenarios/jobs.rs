//! Jobs: references, waits, the binner's memory, time-outs and resets.

use drm_core::machine::Fail;
use migrate_macros::scenario;
use port_kit::Scenario;
use port_v3d::uapi::SUBMIT_CL_FLUSH_CACHE;

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_JOB_KEEPS_CLOSED_OBJECTS_UNTIL_IT_IS_DONE,
    A_SUBMISSION_NAMES_EACH_OBJECT_ONCE_AND_AT_LEAST_ONE,
    THE_LAST_JOB_OF_A_FRAME_HOLDS_ITS_OBJECTS,
    A_WAIT_USES_UP_ITS_TIME,
    THE_BINNER_GETS_256_KIB_FOR_EACH_INTERRUPT,
    MEMORY_FOR_A_BINNER_THAT_IS_DONE_IS_DROPPED,
    A_BINNER_WITHOUT_MEMORY_TIMES_OUT,
    A_LIST_THAT_MOVES_GETS_MORE_TIME,
    A_RESET_KEEPS_OBJECTS_AND_INNOCENT_JOBS,
];

#[scenario]
fn a_job_keeps_closed_objects_until_it_is_done(s: &mut Session) {
    let fd = s.open();
    let (a, b) = (s.create(fd, 4096), s.create(fd, 4096));
    s.submit(fd, &[a.handle, b.handle]);
    s.sleep(1);
    s.close(b);
    s.entries();
    s.offset(b);
    s.heading("its address is not free, its handle is");
    s.create(fd, 4096);
    s.bin_done();
    s.entries();
    s.render_done();
    s.entries();
    s.stats();
}

#[scenario]
fn a_submission_names_each_object_once_and_at_least_one(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    s.submit(fd, &[]);
    s.submit(fd, &[bo.handle, 77]);
    s.submit(fd, &[bo.handle, bo.handle]);
    s.submit_with(fd, &[bo.handle], "a pad", |args| args.pad = 1);
    s.submit_with(fd, &[bo.handle], "an unknown flag", |args| args.flags = 4);
    s.submit_with(fd, &[bo.handle], "a bad pointer", |args| {
        args.bo_handles = 0x1000
    });
    s.submit_with(fd, &[bo.handle], "an unknown monitor", |args| {
        args.perfmon_id = 1
    });
    s.object(bo);
}

/// With a cache clean behind it, the render job has none.
#[scenario]
fn the_last_job_of_a_frame_holds_its_objects(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    s.submit_with(fd, &[bo.handle], "a frame without bins", |args| {
        args.bcl_end = args.bcl_start;
        args.flags = SUBMIT_CL_FLUSH_CACHE;
    });
    s.sleep(1);
    s.registers();
    s.object(bo);
    s.render_done();
    s.object(bo);
    s.wait_with(bo, 0, 0);
}

/// The time-out is rounded up to ticks, so nothing of it is ever left: EAGAIN is out of reach.
#[scenario]
fn a_wait_uses_up_its_time(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    s.wait_with(bo, 0, 0);
    s.wait_with(bo, 1_000_000_000, 0);
    s.wait_with(bo, 0, 1);
    let gone = s.create(fd, 4096);
    s.close(gone);
    s.wait_with(gone, 0, 0);
    s.heading("busy");
    s.submit(fd, &[bo.handle]);
    s.sleep(1);
    for timeout in [0, 1, 9_999_999, 20_000_001] {
        s.wait_with(bo, timeout, 0);
    }
    s.bin_done();
    s.render_done();
    s.wait_with(bo, 0, 0);
}

/// Each object stays until the render job is done; only the last is in the registers.
#[scenario]
fn the_binner_gets_256_kib_for_each_interrupt(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    s.submit(fd, &[bo.handle]);
    s.sleep(1);
    s.stats();
    for _ in 0..3 {
        s.binner_out_of_memory();
        s.registers();
    }
    s.stats();
    s.entries();
    s.bin_done();
    s.entries();
    s.render_done();
    s.entries();
    s.stats();
    s.holes();
}

#[scenario]
fn memory_for_a_binner_that_is_done_is_dropped(s: &mut Session) {
    let fd = s.open();
    s.create(fd, 4096);
    s.stats();
    s.binner_out_of_memory();
    s.stats();
    s.registers();
    s.entries();
}

#[scenario]
fn a_binner_without_memory_times_out(s: &mut Session) {
    let fd = s.open();
    let (bo, other) = (s.create(fd, 4096), s.create(fd, 0x2000));
    s.submit(fd, &[bo.handle]);
    s.sleep(1);
    s.fail_from(Fail::PageAlloc, 1);
    s.binner_out_of_memory();
    s.stop_failing();
    s.registers();
    s.sleep(499);
    s.registers();
    s.entries();
    s.heading("the render job of the same frame runs, and hangs, too");
    s.sleep(500);
    s.registers();
    s.wait_with(bo, 0, 0);
    s.entries_name_the_pages(other, 2);
}

#[scenario]
fn a_list_that_moves_gets_more_time(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    s.submit(fd, &[bo.handle]);
    s.sleep(1);
    s.bin_progress(0x2_0008);
    s.sleep(500);
    s.registers();
    s.sleep(500);
    s.registers();
}

#[scenario]
fn a_reset_keeps_objects_and_innocent_jobs(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let (mine, other) = (s.create(a, 4096), s.create(b, 4096));
    let map = s.map(mine, 1);
    s.write(map, 0, 0x77);
    s.submit(a, &[mine.handle]);
    s.sleep(300);
    s.heading("a render job that is not to blame");
    s.submit_with(b, &[other.handle], "a frame without bins", |args| {
        args.bcl_end = args.bcl_start
    });
    s.sleep(1);
    s.stats();
    s.registers();
    s.sleep(250);
    s.registers();
    s.stats();
    s.entries();
    s.gpu_read(mine.va);
    s.heading("it is started again, and finishes");
    s.render_done();
    s.wait_with(other, 0, 0);
    s.sleep(1);
    s.render_done();
    s.wait_with(mine, 0, 0);
}
