//! SUBMIT and BO_WAIT: refusals, fences, faults, queues.

use migrate_macros::scenario;
use port_ivpu::hw::{COPY, command};
use port_ivpu::uapi::{BO_MAPPABLE, BO_WC};
use port_kit::Scenario;

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    ONLY_THE_COMMAND_BUFFER_IS_WAITED_FOR,
    BAD_SUBMISSIONS_LEAVE_BUFFERS_BOUND,
    A_FAULT_ENDS_THE_CONTEXT_AND_NOT_THE_FILE,
    A_QUEUE_OF_ONE_PAGE_IS_FULL,
    BUFFERS_OF_THE_KERNEL_ARE_BOUND_AND_MAPPED_FROM_THE_START,
    A_COMMAND_QUEUE_COMES_WITH_THE_FIRST_JOB,
];

#[scenario]
fn only_the_command_buffer_is_waited_for(s: &mut Session) {
    let fd = s.open();
    let unknown = s.guess(fd, 99);
    s.wait(unknown, 0);
    let commands = s.create(fd, 4096, 0);
    let data = s.create(fd, 4096, 0);
    s.wait(commands, 0);
    s.slow(true);
    s.submit(fd, &[commands, data]).expect("it is submitted");
    s.wait(commands, 0);
    s.wait(commands, 10);
    s.wait(data, 0);
    s.slow(false);
    s.wait(commands, 10);
}

#[scenario]
fn bad_submissions_leave_buffers_bound(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096, 0);
    let other = s.create(fd, 4096, 0);
    let unknown = s.guess(fd, 99);
    s.submit(fd, &[]).expect_err("no buffers");
    s.submit_with(fd, &[bo], |args| args.engine = 1)
        .expect_err("no such engine");
    s.submit_with(fd, &[bo], |args| args.priority = 5)
        .expect_err("no such priority");
    s.submit_with(fd, &[bo], |args| args.commands_offset = 4)
        .expect_err("not aligned");
    s.submit_with(fd, &[bo], |args| args.buffers_ptr = 0)
        .expect_err("no such memory");
    s.look(bo);
    s.heading("from here on the first buffer is bound");
    s.submit_with(fd, &[bo], |args| args.commands_offset = 4096)
        .expect_err("beyond the buffer");
    s.look(bo);
    s.submit(fd, &[other, unknown]).expect_err("no such buffer");
    s.look(other);
    s.submit(fd, &[bo, bo]).expect_err("twice");
    s.slow(true);
    s.submit(fd, &[bo, other]).expect("it is submitted");
    s.submit(fd, &[bo]).expect_err("it is busy");
    s.submit(fd, &[other])
        .expect("only memory management waits for it");
}

#[scenario]
fn a_fault_ends_the_context_and_not_the_file(s: &mut Session) {
    let fd = s.open();
    let commands = s.create(fd, 4096, 0);
    let code = s.map(commands, 1);
    s.write_command(code, command(COPY, 0xdead_0000, commands.va, 16));
    s.submit(fd, &[commands]).expect("it is submitted");
    s.wait(commands, 1000);
    s.submit(fd, &[commands]).expect_err("the context is over");
    s.heading("everything else goes on");
    let other = s.create(fd, 4096, 0);
    let map = s.map(other, 1);
    s.write(map, 0, 1);
    let next = s.open();
    let fresh = s.create(next, 4096, 0);
    s.run(next, &[fresh]);
}

#[scenario]
fn a_queue_of_one_page_is_full(s: &mut Session) {
    let fd = s.open();
    s.slow(true);
    let mut queued = 0;
    let refused = loop {
        let bo = s.create_quietly(fd);
        match s.submit_quietly(fd, bo) {
            Ok(()) => queued += 1,
            Err(error) => break error,
        }
    };
    s.note(
        "jobs until one is refused",
        format_args!("{queued} then {refused}"),
    );
    s.slow(false);
}

#[scenario]
fn buffers_of_the_kernel_are_bound_and_mapped_from_the_start(s: &mut Session) {
    let bo = s.kernel_bo(16 << 10, BO_WC | BO_MAPPABLE);
    s.look_at("the kernel's", &bo.object());
    s.kernel_entries(&bo, bo.vpu_addr(), 5);
    s.memory();
    let at = bo.vpu_addr();
    drop(bo);
    s.memory();
    let plain = s.kernel_bo(4096, 0);
    s.look_at("one that is not mappable", &plain.object());
    s.kernel_entries(&plain, at, 4);
}

#[scenario]
fn a_command_queue_comes_with_the_first_job(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096, 0);
    s.queues(fd);
    s.run(fd, &[bo]);
    s.queues(fd);
    s.submit_with(fd, &[bo], |args| args.priority = 4)
        .expect("it is submitted");
    s.wait(bo, 1000);
    s.queues(fd);
    s.close_file(fd);
    s.memory();
}
