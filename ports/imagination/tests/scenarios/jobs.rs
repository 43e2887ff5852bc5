//! Contexts and jobs: what they do to memory, and how they end.

use drm_core::syncobj::nr;
use migrate_macros::scenario;
use port_imagination::hw::{Op, ops};
use port_imagination::stream::client;
use port_imagination::uapi::*;

use super::session::{GENERAL, Session};

const PAGE: u64 = 4096;

/// Writes a program to a buffer.
fn program(s: &Session, handle: u32, ops: &[Op]) {
    s.write(handle, 0, bytemuck::cast_slice(ops));
}

/// A space with a program page at [`GENERAL`] and data from the next page on; the space, the context, the handles.
fn setup(s: &mut Session) -> (u32, u32, u32, u32) {
    let vm = s.vm();
    let code = s.bo("code", 1, BoFlags::empty());
    let data = s.bo("data", 4, BoFlags::empty());
    let _mapped = s.map(vm, GENERAL, code, 0, 1);
    let _mapped = s.map(vm, GENERAL + PAGE, data, 0, 4);
    let context = s.compute_context(vm);
    (vm, context, code, data)
}

fn show_faults(s: &mut Session) {
    for fault in s.pvr.gpu.take_faults() {
        s.trace.line(format_args!(
            "gpu fault at {:#x}, write {}, protected {}",
            fault.addr, fault.write, fault.protected
        ));
    }
}

const fn op(code: u32, to: u64, from: u64, len: u64) -> Op {
    Op {
        code,
        padding: 0,
        to,
        from,
        len,
    }
}

#[scenario]
fn a_job_reads_and_writes_through_its_space(s: &mut Session) {
    let (_vm, context, code, data) = setup(s);
    let to = GENERAL + PAGE;
    program(
        s,
        code,
        &[
            op(ops::FILL, to + 4000, 0x33, 200),
            op(ops::COPY, to + 2 * PAGE, to + 4000, 200),
            op(ops::END, 0, 0, 0),
        ],
    );
    let _submitted = s.submit(context, GENERAL);
    show_faults(s);
    s.show_commands();
    let filled = s.bytes(data, 2 * PAGE, 201);
    let n = filled.iter().filter(|byte| **byte == 0x33).count();
    s.trace.line(format_args!("{n} bytes copied"));
    s.note("an end");
    let mut args = HandleArg {
        handle: context,
        ..HandleArg::default()
    };
    let destroyed = s.raw(0, DESTROY_CONTEXT, &mut args);
    s.answer("destroy_context", &destroyed);
    let destroyed = s.raw(0, DESTROY_CONTEXT, &mut args);
    s.answer("destroy_context", &destroyed);
    s.show_commands();
}

#[scenario]
fn a_job_that_faults_is_done_all_the_same(s: &mut Session) {
    let (vm, context, code, data) = setup(s);
    let list = s.bo("list", 1, BoFlags::PM_FW_PROTECT);
    let _mapped = s.map(vm, GENERAL + 16 * PAGE, list, 0, 1);
    for to in [GENERAL + 5 * PAGE, GENERAL + 16 * PAGE] {
        program(
            s,
            code,
            &[
                op(ops::FILL, GENERAL + PAGE, 1, 1),
                op(ops::FILL, to, 1, 1),
                op(ops::FILL, GENERAL + PAGE, 2, 1),
            ],
        );
        let _submitted = s.submit(context, GENERAL);
        show_faults(s);
        let byte = s.bytes(data, 0, 1);
        s.trace.line(format_args!("data: {byte:?}"));
    }
    s.note("a program that is not mapped");
    let _submitted = s.submit(context, 0xe0_0000_0000);
    show_faults(s);
}

#[scenario]
fn a_job_that_hangs_is_lost_in_a_reset(s: &mut Session) {
    let (vm, context, code, _data) = setup(s);
    program(s, code, &[op(ops::HANG, 0, 0, 0)]);
    let mut syncobj = [0u32; 2];
    s.raw(0, nr::CREATE, &mut syncobj).expect("memory");
    let signal = SyncOp {
        handle: syncobj[0],
        flags: SYNC_OP_SIGNAL,
        value: 0,
    };
    let stream = client::compute(GENERAL);
    let result = s.submit_stream(job_type::COMPUTE, context, &stream, &[signal]);
    s.answer("submit", &result);
    s.settle();
    s.trace
        .line(format_args!("hung jobs: {}", s.pvr.gpu.hung_jobs()));
    s.note("the driver looks every half second, and does nothing");
    s.machine.sleep(1_200_000_000);
    s.trace.log(&s.machine);
    let fence = s.files[0].syncobj(syncobj[0]).expect("a handle");
    let fence = fence.find_fence(0).expect("a fence");
    s.trace
        .line(format_args!("signalled: {}", fence.is_signaled()));
    let result = s.pvr.control.hard_reset();
    s.answer("hard reset", &result);
    s.settle();
    s.trace.line(format_args!(
        "signalled: {}, error {:?}",
        fence.is_signaled(),
        fence.error()
    ));
    s.note("the context takes no more, another one does");
    let _refused = s.submit(context, GENERAL);
    let other = s.compute_context(vm);
    program(s, code, &[op(ops::END, 0, 0, 0)]);
    let _submitted = s.submit(other, GENERAL);
    show_faults(s);
}

#[scenario]
fn bad_jobs_are_refused_by_their_place(s: &mut Session) {
    let (_vm, context, code, _data) = setup(s);
    program(s, code, &[op(ops::END, 0, 0, 0)]);
    let stream = client::compute(GENERAL);
    let good = JobArgs {
        kind: job_type::COMPUTE,
        context_handle: context,
        cmd_stream_len: stream.len() as u32,
        cmd_stream: s.machine.user().put(&stream),
        sync_ops: s.array::<SyncOp>(&[]),
        ..JobArgs::default()
    };
    let bad_stream = s.machine.user().put(&[0; 8]);
    let hwrt = HwrtDataRef {
        set_handle: 1,
        data_index: 0,
    };
    let sync = |s: &Session, op: SyncOp| s.array(&[op]);
    let wait = SyncOp {
        handle: 9,
        flags: 0,
        value: 0,
    };
    let cases = [
        (
            "no stream",
            JobArgs {
                cmd_stream: 0,
                ..good
            },
        ),
        (
            "an empty stream",
            JobArgs {
                cmd_stream_len: 0,
                ..good
            },
        ),
        (
            "a stream that is not there",
            JobArgs {
                cmd_stream: 0x1000,
                ..good
            },
        ),
        (
            "a stream longer than there is memory at once",
            JobArgs {
                cmd_stream_len: (4 << 20) + 8,
                ..good
            },
        ),
        (
            "a stream with a bad header",
            JobArgs {
                cmd_stream: bad_stream,
                cmd_stream_len: 8,
                ..good
            },
        ),
        (
            "an unknown context",
            JobArgs {
                context_handle: 9,
                ..good
            },
        ),
        (
            "a kind that the context has no queue for",
            JobArgs {
                kind: job_type::TRANSFER_FRAG,
                ..good
            },
        ),
        ("an unknown kind", JobArgs { kind: 4, ..good }),
        ("a flag", JobArgs { flags: 4, ..good }),
        (
            "a render target for what is no render",
            JobArgs { hwrt, ..good },
        ),
        (
            "an unknown render target",
            JobArgs {
                kind: job_type::GEOMETRY,
                hwrt,
                ..good
            },
        ),
        (
            "sync operations that are too short",
            JobArgs {
                sync_ops: ObjArray {
                    stride: 8,
                    count: 1,
                    array: 0,
                },
                ..good
            },
        ),
        (
            "a wait for an unknown sync object",
            JobArgs {
                sync_ops: sync(s, wait),
                ..good
            },
        ),
        (
            "a signal of an unknown sync object",
            JobArgs {
                sync_ops: sync(
                    s,
                    SyncOp {
                        flags: SYNC_OP_SIGNAL,
                        ..wait
                    },
                ),
                ..good
            },
        ),
        (
            "a point of a binary sync object",
            JobArgs {
                sync_ops: sync(s, SyncOp { value: 1, ..wait }),
                ..good
            },
        ),
        (
            "an unknown flag of a sync operation",
            JobArgs {
                sync_ops: sync(s, SyncOp { flags: 16, ..wait }),
                ..good
            },
        ),
    ];
    for (what, job) in cases {
        let (count, result) = s.submit_jobs(&[good, job, good]);
        s.answer(what, &result);
        s.trace.line(format_args!("  at {count}"));
    }
    let mut many = SubmitJobs {
        jobs: ObjArray {
            count: u32::MAX,
            ..s.array(&[good])
        },
    };
    let result = s.raw(0, SUBMIT_JOBS, &mut many);
    s.answer("more jobs than there is memory", &result);
    let (count, result) = s.submit_jobs(&[]);
    s.answer("no jobs", &result);
    s.trace.line(format_args!("  at {count}"));
    s.settle();
    s.show_commands();
}

#[scenario]
fn sync_objects_order_jobs(s: &mut Session) {
    let (_vm, context, code, data) = setup(s);
    program(
        s,
        code,
        &[op(ops::FILL, GENERAL + PAGE, 7, 1), op(ops::END, 0, 0, 0)],
    );
    let create = |s: &Session| {
        let mut args = [0u32; 2];
        s.raw(0, nr::CREATE, &mut args).expect("memory");
        args[0]
    };
    let (gate, done) = (create(s), create(s));
    let stream = client::compute(GENERAL);
    let wait = SyncOp {
        handle: gate,
        flags: 0,
        value: 0,
    };
    let signal = SyncOp {
        handle: done,
        flags: SYNC_OP_SIGNAL | 1,
        value: 3,
    };
    let result = s.submit_stream(job_type::COMPUTE, context, &stream, &[wait, signal]);
    s.answer("submit behind a gate without a fence", &result);
    let fence = drm_core::resv::FenceContext::new().fence();
    let gate = s.files[0].syncobj(gate).expect("a handle");
    gate.replace_fence(Some(fence.clone()));
    let result = s.submit_stream(job_type::COMPUTE, context, &stream, &[wait, signal]);
    s.answer("submit behind a gate", &result);
    let done = s.files[0].syncobj(done).expect("a handle");
    let show = |s: &mut Session| {
        s.settle();
        let byte = s.bytes(data, 0, 1);
        s.trace.line(format_args!(
            "data: {byte:?}, timeline at {}",
            done.reached()
        ));
    };
    show(s);
    fence.signal();
    show(s);
}
