//! SUBMIT: refusals, job chains that run, fences, time-outs, files that close meanwhile.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_panfrost::hw::{JobType, job};
use port_panfrost::uapi::{BO_HEAP, BO_NOEXEC, JD_REQ_FS, Submit};

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    BAD_SUBMISSIONS_ARE_REFUSED,
    A_CHAIN_OF_JOBS_WRITES_AND_COPIES,
    A_JOB_FILLS_A_HEAP,
    A_JOB_THAT_FAULTS_FAILS,
    JOBS_OF_ONE_BUFFER_RUN_IN_ORDER,
    CLOSING_A_BUFFER_IN_FLIGHT_KEEPS_ITS_VA,
    A_JOB_THAT_RUNS_TOO_LONG_IS_DROPPED_AND_DUMPED,
    CLOSING_A_FILE_DOES_NOT_STOP_ITS_JOB,
    A_JOB_WITHOUT_BUFFERS_OUTLIVES_ITS_VM,
    SYNC_OBJECTS_ARE_WAITED_FOR_AND_SIGNALLED,
];

/// An address that no job has to look at.
const ANYWHERE: u64 = 0x200_0000;

#[scenario]
fn bad_submissions_are_refused(s: &mut Session) {
    let fd = s.open();
    let (a, b) = (s.create(fd, 4096, BO_NOEXEC), s.create(fd, 4096, BO_NOEXEC));
    s.submit(fd, 0, &[]).expect_err("no job");
    for requirements in [2, 3] {
        let args = Submit {
            jc: ANYWHERE,
            requirements,
            ..Submit::default()
        };
        s.submit_raw(fd, args, &[])
            .expect_err("unknown requirements");
    }
    s.submit_raw(
        fd,
        Submit {
            jc: ANYWHERE,
            ..Submit::default()
        },
        &[88],
    )
    .expect_err("unknown handle");
    s.submit(fd, ANYWHERE, &[a, b, a])
        .expect_err("one of them twice");
    s.submit_raw(
        fd,
        Submit {
            jc: ANYWHERE,
            out_sync: 5,
            ..Submit::default()
        },
        &[],
    )
    .expect_err("unknown sync object");
    let args = Submit {
        jc: ANYWHERE,
        in_sync_count: 1,
        in_syncs: 0x1000,
        ..Submit::default()
    };
    s.submit_raw(fd, args, &[]).expect_err("bad pointer");
    s.heading("nothing holds the buffers");
    s.wait(a, 0);
    s.madvise(a, 1);
    s.shrink(1);
}

#[scenario]
fn a_chain_of_jobs_writes_and_copies(s: &mut Session) {
    let fd = s.open();
    let jobs = s.create(fd, 4096, BO_NOEXEC);
    let data = s.create(fd, 8192, BO_NOEXEC);
    let map = s.map(jobs, 1).expect("it is mapped");
    s.write_all(
        map,
        0,
        &job(JobType::WriteValue, jobs.va + 64, [data.va, 6, 0xcafe]),
    );
    s.write_all(
        map,
        64,
        &job(
            JobType::Compute,
            jobs.va + 128,
            [data.va, data.va + 4096, 8],
        ),
    );
    s.write_all(map, 128, &job(JobType::Null, 0, [0; 3]));
    s.run_jobs();
    s.submit(fd, jobs.va, &[jobs, data])
        .expect("the job is taken");
    s.figures(fd);
    s.wait(data, 0);
    s.wait(data, 100);
    let seen = s.map(data, 2).expect("it is mapped");
    s.read(seen, 0);
    s.read(seen, 4097);
    s.heading("each descriptor says that it is done");
    s.read(map, 0);
    s.read(map, 64);
    s.read(map, 128);
    s.figures(fd);
}

#[scenario]
fn a_job_fills_a_heap(s: &mut Session) {
    let fd = s.open();
    let jobs = s.create(fd, 4096, BO_NOEXEC);
    let heap = s.create(fd, 8 << 20, BO_NOEXEC | BO_HEAP);
    let map = s.map(jobs, 1).expect("it is mapped");
    s.write_all(
        map,
        0,
        &job(
            JobType::WriteValue,
            jobs.va + 64,
            [heap.va + (1 << 20), 6, 1],
        ),
    );
    s.write_all(
        map,
        64,
        &job(
            JobType::WriteValue,
            jobs.va + 128,
            [heap.va + (7 << 20), 6, 2],
        ),
    );
    s.write_all(
        map,
        128,
        &job(
            JobType::Compute,
            0,
            [heap.va + (7 << 20), heap.va + (3 << 20), 4],
        ),
    );
    s.run_jobs();
    s.submit(fd, jobs.va, &[jobs, heap])
        .expect("the job is taken");
    s.wait(heap, 100);
    s.page_table(fd);
    s.figures(fd);
}

#[scenario]
fn a_job_that_faults_fails(s: &mut Session) {
    let fd = s.open();
    let jobs = s.create(fd, 4096, BO_NOEXEC);
    let map = s.map(jobs, 1).expect("it is mapped");
    s.write_all(map, 0, &job(JobType::WriteValue, 0, [0x1000, 6, 1]));
    s.run_jobs();
    s.submit(fd, jobs.va, &[jobs]).expect("the job is taken");
    s.wait(jobs, 100);
    s.interrupts();
    s.heading("a descriptor that makes no sense");
    s.write_all(map, 0, &[0; 32]);
    s.submit(fd, jobs.va, &[jobs]).expect("the job is taken");
    s.wait(jobs, 100);
}

#[scenario]
fn jobs_of_one_buffer_run_in_order(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096, BO_NOEXEC);
    s.submit(fd, bo.va, &[bo]).expect("the job is taken");
    s.submit(fd, bo.va, &[bo]).expect("the job is taken");
    s.heading("a fragment job waits for both");
    let fragment = Submit {
        jc: bo.va,
        requirements: JD_REQ_FS,
        ..Submit::default()
    };
    s.submit_raw(fd, fragment, &[bo.handle])
        .expect("the job is taken");
    s.finish_slot(0, 1);
    s.finish_job();
    s.finish_slot(0, 1);
    s.finish_job();
    s.wait(bo, 0);
    s.finish_slot(0, 1);
    s.wait(bo, 0);
}

#[scenario]
fn closing_a_buffer_in_flight_keeps_its_va(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 2 * 4096, BO_NOEXEC);
    s.submit(fd, bo.va, &[bo]).expect("the job is taken");
    s.close(bo);
    s.va_space(fd);
    s.page_table(fd);
    s.create(fd, 2 * 4096, BO_NOEXEC);
    s.finish_job();
    s.va_space(fd);
    s.page_table(fd);
    s.memory();
}

#[scenario]
fn a_job_that_runs_too_long_is_dropped_and_dumped(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096, BO_NOEXEC);
    let heap = s.create(fd, 2 << 20, BO_NOEXEC | BO_HEAP);
    s.gpu_write(fd, bo.va, 0xfeed);
    s.submit(fd, bo.va, &[bo, heap]).expect("the job is taken");
    s.wait(bo, 499);
    s.wait(bo, 3000);
    s.space(fd);
    let dump = s
        .panfrost
        .pfdev()
        .take_core_dump()
        .expect("there is a dump");
    let shown: Vec<_> = dump
        .bos
        .iter()
        .map(|bo| {
            (
                bo.valid,
                bo.iova,
                bo.pages.len(),
                bo.bytes.first_chunk::<4>().copied().map(u32::from_le_bytes),
            )
        })
        .collect();
    s.heading(&format!("dump of the job at {:#x}: {shown:x?}", dump.jc));
    s.gpu_read(fd, bo.va);
}

/// The scheduler forgot whose job it is when it took it (`panfrost_job_close`).
#[scenario]
fn closing_a_file_does_not_stop_its_job(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let bo = s.create(a, 4096, BO_NOEXEC);
    s.create(b, 4096, BO_NOEXEC);
    s.submit(a, bo.va, &[bo]).expect("the job is taken");
    s.close_file(a);
    s.memory();
    s.heading("it still writes");
    s.access(bo.va, port_panfrost::hw::AccessKind::Write(1));
    s.finish_job();
    s.memory();
}

/// Only the mappings of a job keep its VM: without any, the VM is freed under it.
#[scenario]
fn a_job_without_buffers_outlives_its_vm(s: &mut Session) {
    let fd = s.open();
    s.submit(fd, ANYWHERE, &[]).expect("the job is taken");
    s.close_file(fd);
    s.finish_job();
}

#[scenario]
fn sync_objects_are_waited_for_and_signalled(s: &mut Session) {
    let fd = s.open();
    let (first, second) = (s.create(fd, 4096, BO_NOEXEC), s.create(fd, 4096, BO_NOEXEC));
    let done = s.sync_object(fd);
    s.sync_object_state(fd, done);
    s.submit_with_sync(fd, first, None, Some(done));
    s.sync_object_state(fd, done);
    s.heading("a job of another slot waits for it");
    s.submit_with_sync(fd, second, Some(done), None);
    s.finish_slot(0, 1);
    s.finish_job();
    s.sync_object_state(fd, done);
    s.finish_slot(0, 1);
    s.wait(second, 0);
}
