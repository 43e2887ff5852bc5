//! Jobs: what is told and what is not, faults, cores.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_rocket::uapi;

use super::session::{Job, Session, copy};

pub(crate) const ALL: &[Scenario<Session>] = &[
    WHAT_IS_WRONG_WITH_A_JOB_IS_NOT_TOLD,
    A_JOB_OF_TWO_TASKS_DOES_BOTH,
    A_FAULT_HANGS_THE_CORE_UNTIL_ITS_TIME_IS_OVER,
    TWO_FILES_TAKE_TURNS_ON_A_CORE,
    A_JOB_WRITES_WHERE_ITS_BUFFER_WAS,
];

const SECOND: i64 = 1_000_000_000;

#[scenario]
fn what_is_wrong_with_a_job_is_not_told(s: &mut Session) {
    let fd = s.open();
    let (commands, _) = s.commands(fd, &copy(0, 0, 16));
    let good = Job::new(commands.va, &[commands], &[]);
    s.submit(
        fd,
        &Job {
            writes: vec![99],
            ..good.clone()
        },
    );
    s.submit(
        fd,
        &Job {
            tasks: vec![],
            ..good.clone()
        },
    );
    s.submit(
        fd,
        &Job {
            commands: 0,
            ..good.clone()
        },
    );
    s.submit(
        fd,
        &Job {
            task_size: 4,
            ..good.clone()
        },
    );
    s.submit(
        fd,
        &Job {
            writes: vec![commands.handle],
            ..good
        },
    );
    s.heading("no job was made");
    s.prep(commands, SECOND);
    s.attached();
    s.heading("what is wrong with the list of jobs is told");
    let submit = uapi::Submit {
        jobs: 0,
        job_count: 0,
        job_struct_size: 40,
        reserved: 0,
    };
    s.submit_raw(fd, "submit no jobs", submit);
    s.submit_raw(
        fd,
        "submit jobs of 4 bytes",
        uapi::Submit {
            job_struct_size: 4,
            ..submit
        },
    );
    s.submit_raw(
        fd,
        "submit with reserved 1",
        uapi::Submit {
            reserved: 1,
            ..submit
        },
    );
    s.submit_raw(
        fd,
        "submit from nowhere",
        uapi::Submit {
            job_count: 1,
            ..submit
        },
    );
}

#[scenario]
fn a_job_of_two_tasks_does_both(s: &mut Session) {
    let fd = s.open();
    let commands = s.create(fd, 4096);
    let map = s.map(commands, 1);
    let output = s.create(fd, 4096);
    let both = [
        copy(output.va, output.va + 64, 16),
        copy(output.va + 64, output.va + 128, 16),
    ];
    s.write_commands(map, both.as_flattened());
    let bytes = s.map(output, 1);
    s.write(bytes, 5, 0x42);
    let job = Job {
        tasks: vec![commands.va, commands.va + 32],
        ..Job::new(0, &[commands], &[output])
    };
    s.submit(fd, &job);
    s.prep(output, SECOND);
    s.read(bytes, 64 + 5);
    s.read(bytes, 128 + 5);
    s.attached();
}

#[scenario]
fn a_fault_hangs_the_core_until_its_time_is_over(s: &mut Session) {
    let fd = s.open();
    let (bad, _) = s.commands(fd, &copy(0x20_0000, 0x1000, 16));
    let output = s.create(fd, 4096);
    s.submit(fd, &Job::new(bad.va, &[bad], &[output]));
    s.prep(output, SECOND / 10);
    s.prep(output, SECOND);
    s.heading("the next job finds a working core");
    let (good, _) = s.commands(fd, &copy(output.va, output.va + 64, 16));
    s.submit(fd, &Job::new(good.va, &[good], &[output]));
    s.prep(output, SECOND);
}

#[scenario]
fn two_files_take_turns_on_a_core(s: &mut Session) {
    let files = [s.open(), s.open()];
    let jobs = files.map(|fd| {
        let (commands, _) = s.commands(fd, &copy(0, 64, 16));
        (commands, Job::new(commands.va, &[], &[commands]))
    });
    for _ in 0..2 {
        for (fd, (commands, job)) in files.iter().zip(&jobs) {
            s.submit(*fd, job);
            s.prep(*commands, SECOND);
        }
    }
    s.attached();
    s.heading("jobs of two files at a time are on two cores");
    s.slow(true);
    for (fd, (_, job)) in files.iter().zip(&jobs) {
        s.submit(*fd, job);
    }
    s.run(1);
    s.slow(false);
    s.run(1);
    s.attached();
}

#[scenario]
fn a_job_writes_where_its_buffer_was(s: &mut Session) {
    let fd = s.open();
    let (commands, map) = s.commands(fd, &copy(0, 0x1000, 16));
    let output = s.create(fd, 4096);
    s.slow(true);
    s.submit(fd, &Job::new(commands.va, &[commands], &[output]));
    s.run(1);
    s.heading("a job keeps its buffers");
    s.close(output);
    s.page_table(fd);
    s.slow(false);
    s.prep(commands, SECOND);
    s.run(10);
    s.page_table(fd);
    s.heading("a buffer that no job names is not kept");
    let lost = s.create(fd, 4096);
    s.write_commands(map, &copy(0, lost.va, 16));
    s.slow(true);
    s.submit(fd, &Job::new(commands.va, &[commands], &[]));
    s.run(1);
    s.close(lost);
    s.slow(false);
    s.run(10);
}
