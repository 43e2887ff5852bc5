//! PREP and FINI: waiting for jobs, and the caches between CPU and NPU.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_rocket::Params;

use super::session::{Job, Session, copy};

pub(crate) const ALL: &[Scenario<Session>] = &[
    PREP_OF_AN_IDLE_BUFFER_TELLS_THE_TIME_THAT_IS_LEFT,
    PREP_OF_A_BUSY_BUFFER_DOES_ITS_CACHES_NEVERTHELESS,
    BAD_WAITS_ARE_REFUSED,
    INPUTS_OF_A_JOB_ARE_NOT_FENCED,
    NEITHER_SIDE_SEES_WHAT_IS_NOT_HANDED_OVER,
];

const SECOND: i64 = 1_000_000_000;

#[scenario]
fn prep_of_an_idle_buffer_tells_the_time_that_is_left(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 8192);
    s.prep(bo, 0);
    s.prep(bo, SECOND);
    s.fini(bo, 0);
}

#[scenario]
fn prep_of_a_busy_buffer_does_its_caches_nevertheless(s: &mut Session) {
    let fd = s.open();
    let (commands, _) = s.commands(fd, &copy(0x1000, 0x2000, 16));
    s.create(fd, 4096);
    let output = s.create(fd, 4096);
    s.slow(true);
    s.submit(fd, &Job::new(commands.va, &[commands], &[output]));
    s.prep(output, 0);
    s.prep(output, SECOND / 100);
    s.slow(false);
    s.prep(output, SECOND);
}

#[scenario]
fn bad_waits_are_refused(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    let unknown = s.guess(fd, 99);
    s.prep_with(bo, 1, 0);
    s.prep(unknown, 0);
    s.fini(bo, 1);
    s.fini(unknown, 0);
}

#[scenario]
fn inputs_of_a_job_are_not_fenced(s: &mut Session) {
    let fd = s.open();
    let (commands, _) = s.commands(fd, &copy(0x1000, 0x2000, 16));
    let input = s.create(fd, 4096);
    let output = s.create(fd, 4096);
    s.slow(true);
    s.submit(fd, &Job::new(commands.va, &[commands, input], &[output]));
    s.run(1);
    s.prep(input, SECOND / 100);
    s.prep(output, SECOND / 100);
    s.heading("nothing keeps the input as it is");
    let map = s.map(input, 1);
    s.write(map, 0, 0x77);
    s.slow(false);
    s.prep(output, SECOND);
    let map = s.map(output, 1);
    s.read(map, 0);
}

#[scenario]
fn neither_side_sees_what_is_not_handed_over(s: &mut Session) {
    s.device_with(Params {
        cache_model: true,
        ..Params::default()
    });
    let fd = s.open();
    let (commands, _) = s.commands(fd, &copy(0x1000, 0x2000, 16));
    let input = s.create(fd, 4096);
    let output = s.create(fd, 4096);
    let (from, to) = (s.map(input, 1), s.map(output, 1));
    let job = Job::new(commands.va, &[commands, input], &[output]);
    s.heading("without FINI the NPU reads what was there before");
    s.write(from, 3, 0x5a);
    s.submit(fd, &job);
    s.prep(output, SECOND);
    s.read(to, 3);
    s.heading(
        "with FINI it reads what the CPU wrote; without PREP the CPU does not see the answer",
    );
    s.fini(input, 0);
    s.submit(fd, &job);
    s.run(10);
    s.read(to, 3);
    s.prep(output, 0);
    s.read(to, 3);
}
