//! Jobs: references, waits, faults, stale translations.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_lima::Config;

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_JOB_KEEPS_MAPPINGS_OF_CLOSED_HANDLES,
    AN_OP_OF_0_WAITS_FOR_NOBODY,
    A_DEADLINE_THAT_IS_PAST_IS_BUSY_AND_ONE_THAT_COMES_IS_TIMED_OUT,
    A_PAGE_FAULT_WITHOUT_A_HEAP_ENDS_THE_JOB,
    A_HANG_ENDS_WITH_A_HARD_RESET,
    THE_SPACE_OUTLIVES_ITS_FILE,
    OLD_TRANSLATIONS_LIVE_UNTIL_A_JOB_STARTS,
];

#[scenario]
fn a_job_keeps_mappings_of_closed_handles(s: &mut Session) {
    let fd = s.open();
    let context = s.context(fd);
    let bo = s.create(fd, 4096);
    s.submit(fd, context, &[bo.handle]);
    s.sleep(1);
    s.object(bo);
    s.close(bo);
    s.entries(fd);
    s.address(bo);
    s.create(fd, 4096);
    s.job_done();
    s.entries(fd);
    s.create(fd, 4096);
}

#[scenario]
fn an_op_of_0_waits_for_nobody(s: &mut Session) {
    let fd = s.open();
    s.wait(fd, 999, 0, None);
    s.wait(fd, 999, 1, None);
    s.wait(fd, 999, 4, None);
    let bo = s.create(fd, 4096);
    for op in 0..=4 {
        s.wait(fd, bo.handle, op, None);
    }
}

#[scenario]
fn a_deadline_that_is_past_is_busy_and_one_that_comes_is_timed_out(s: &mut Session) {
    let fd = s.open();
    let context = s.context(fd);
    let bo = s.create(fd, 4096);
    s.submit(fd, context, &[bo.handle]);
    s.sleep(1);
    s.wait(fd, bo.handle, 1, None);
    s.wait(fd, bo.handle, 1, Some(1));
    s.wait(fd, bo.handle, 1, Some(20_000_000));
    s.wait(fd, bo.handle, 2, Some(20_000_000));
    s.job_done();
    s.wait(fd, bo.handle, 3, None);
}

#[scenario]
fn a_page_fault_without_a_heap_ends_the_job(s: &mut Session) {
    let fd = s.open();
    let context = s.context(fd);
    let bo = s.create(fd, 0x2000);
    s.submit(fd, context, &[bo.handle]);
    s.sleep(1);
    s.space_references(fd);
    s.page_fault(0x500_0000);
    s.registers();
    s.wait(fd, bo.handle, 1, None);
    s.object(bo);
    s.space_references(fd);
    s.heading("the next job runs");
    s.submit(fd, context, &[bo.handle]);
    s.sleep(1);
    s.job_done();
    s.wait(fd, bo.handle, 1, None);
}

#[scenario]
fn a_hang_ends_with_a_hard_reset(s: &mut Session) {
    s.rebuild(Config {
        sched_timeout_ms: 500,
        ..Config::default()
    });
    let fd = s.open();
    let context = s.context(fd);
    let bo = s.create(fd, 4096);
    s.submit(fd, context, &[bo.handle]);
    s.submit(fd, context, &[bo.handle]);
    s.sleep(499);
    s.registers();
    s.sleep(2);
    s.heading("the second one has been started");
    s.registers();
    s.job_done();
    s.wait(fd, bo.handle, 1, None);
    s.entries(fd);
}

/// A pipe keeps its current space until another job comes: so the tables of a closed file stay.
#[scenario]
fn the_space_outlives_its_file(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let (mine, other) = (s.context(a), s.context(b));
    let bo = s.create(a, 4096);
    s.create(b, 4096);
    s.submit(a, mine, &[bo.handle]);
    s.sleep(1);
    s.space_references(a);
    s.job_done();
    s.space_references(a);
    s.frames();
    s.close_file(a);
    s.frames();
    s.submit(b, other, &[1]);
    s.sleep(1);
    s.job_done();
    s.frames();
}

/// Nothing is flushed when an object is unmapped: an idle processor reads what was there.
#[scenario]
fn old_translations_live_until_a_job_starts(s: &mut Session) {
    let fd = s.open();
    let context = s.context(fd);
    let keep = s.create(fd, 4096);
    let old = s.create(fd, 4096);
    let map = s.map(old, 1);
    s.write(map, 0, 0x11);
    s.submit(fd, context, &[keep.handle, old.handle]);
    s.sleep(1);
    s.gpu_read(old.va);
    s.job_done();
    s.close(old);
    let new = s.create(fd, 4096);
    let other = s.map(new, 1);
    s.write(other, 0, 0x22);
    s.heading("the old page, which the process still has mapped");
    s.gpu_read(new.va);
    s.submit(fd, context, &[keep.handle]);
    s.sleep(1);
    s.gpu_read(new.va);
    s.job_done();
}
