//! Submission: what is wrong with it.

use migrate_macros::scenario;
use port_kit::Scenario;

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    BAD_SUBMISSIONS_LEAVE_NO_USERS,
    A_JOB_WAITS_FOR_AND_SIGNALS_SYNC_OBJECTS,
];

#[scenario]
fn bad_submissions_leave_no_users(s: &mut Session) {
    let (fd, other) = (s.open(), s.open());
    let context = s.context(fd);
    let bo = s.create(fd, 4096);
    let handle = bo.handle;
    s.submit(fd, context, &[]);
    s.submit(fd, context, &[handle, 77]);
    s.submit(fd, context, &[handle, handle]);
    s.submit(fd, 99, &[handle]);
    s.submit(other, context, &[handle]);
    s.submit_with(fd, context, &[handle], "an unknown pipe", |args, _| {
        args.pipe = 2
    });
    s.submit_with(fd, context, &[handle], "an unknown flag", |args, _| {
        args.flags = 2
    });
    s.submit_with(fd, context, &[handle], "a short frame", |args, _| {
        args.frame_size = 20
    });
    s.submit_with(fd, context, &[handle], "a bad pointer", |args, _| {
        args.bos = 0x1000
    });
    s.submit_with(fd, context, &[handle], "an unknown out fence", |args, _| {
        args.out_sync = 5
    });
    s.submit_with(fd, context, &[handle], "an unknown in fence", |args, _| {
        args.in_sync = [5, 0]
    });
    s.submit_with(
        fd,
        context,
        &[handle],
        "a list that ends first",
        |_, frame| {
            frame.vs_start = 0x20;
        },
    );
    s.submit_with(
        fd,
        context,
        &[handle],
        "a heap that ends first",
        |_, frame| {
            frame.alloc_start = 0x20;
        },
    );
    s.submit_with(fd, context, &[handle], "nothing to do", |_, frame| {
        (frame.vs_end, frame.plbu_end) = (0, 0x10);
    });
    s.object(bo);
    s.entries(fd);
}

#[scenario]
fn a_job_waits_for_and_signals_sync_objects(s: &mut Session) {
    let fd = s.open();
    let (first, second) = (s.context(fd), s.context(fd));
    let (a, b) = (s.create(fd, 4096), s.create(fd, 4096));
    let sync = s.sync_object(fd);
    s.submit_with(fd, first, &[a.handle], "a job that signals", |args, _| {
        args.out_sync = sync
    });
    s.submit_with(fd, second, &[b.handle], "a job that waits", |args, _| {
        args.in_sync[0] = sync
    });
    s.sleep(1);
    s.registers();
    s.job_done();
    s.registers();
    s.job_done();
    s.wait(fd, b.handle, 1, None);
}
