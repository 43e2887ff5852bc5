//! Contexts of the renderer, what is attached to them, submissions, capabilities.

use bytemuck::cast_slice;
use migrate_macros::scenario;
use port_kit::Scenario;
use port_virtgpu::Params;
use port_virtgpu::host::{Capset, fill};
use port_virtgpu::uapi::{
    CONTEXT_PARAM_CAPSET_ID, CONTEXT_PARAM_NUM_RINGS, CONTEXT_PARAM_POLL_RINGS_MASK,
    EXECBUF_FENCE_FD_IN, EXECBUF_FENCE_FD_OUT, EXECBUF_RING_IDX, EXECBUF_SYNCOBJ_RESET, Execbuffer,
    ExecbufferSyncobj, WAIT_NOWAIT,
};

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    THE_FIRST_OBJECT_MAKES_THE_CONTEXT,
    A_CLOSED_HANDLE_WAITS_FOR_TWO_ANSWERS,
    A_FILE_THAT_CLOSES_GIVES_ITS_CONTEXT_UP,
    AN_OBJECT_OF_TWO_FILES_IS_IN_TWO_CONTEXTS,
    A_CONTEXT_CAN_BE_SET_UP_ONCE_AND_BEFORE_ANYTHING_ELSE,
    BAD_CONTEXTS_ARE_REFUSED,
    BAD_SUBMISSIONS_ARE_REFUSED,
    A_SUBMISSION_FENCES_ITS_OBJECTS,
    SYNC_OBJECTS_AND_DESCRIPTORS_CARRY_FENCES,
    RINGS_HAVE_FENCES_OF_THEIR_OWN,
    CAPABILITIES_ARE_ASKED_FOR_ONCE,
    A_HOST_THAT_NEVER_TELLS_ITS_CAPABILITIES,
    PARAMETERS_TELL_WHAT_THE_HOST_OFFERS,
    A_2D_HOST_HAS_NO_CONTEXTS,
];

fn capset() -> Capset {
    Capset {
        id: 1,
        max_version: 2,
        bytes: vec![1, 2, 3, 4],
    }
}

fn with_contexts() -> Params {
    Params {
        virgl: true,
        context_init: true,
        capsets: vec![capset()],
        ..Params::default()
    }
}

#[scenario]
fn the_first_object_makes_the_context(s: &mut Session) {
    s.renderer();
    let fd = s.open();
    let bo = s.dumb(fd, 32, 32);
    s.dumb(fd, 32, 32);
    s.answer();
    s.contexts_of(2);
    s.close(bo);
    s.answer();
}

#[scenario(differs = "D1")]
fn a_closed_handle_waits_for_two_answers(s: &mut Session) {
    s.renderer();
    let fd = s.open();
    let bo = s.dumb(fd, 32, 32);
    s.answer();
    s.close(bo);
    s.memory();
    s.heading("the context lets go: the last reference");
    s.answer_next();
    s.memory();
    s.heading("the host lets go: the memory");
    s.answer_next();
    s.memory();
}

#[scenario]
fn a_file_that_closes_gives_its_context_up(s: &mut Session) {
    s.renderer();
    let (first, second) = (s.open(), s.open());
    s.dumb(second, 32, 32);
    s.dumb(first, 32, 32);
    s.close_file(first);
    s.answer();
    s.heading("its number is used again");
    let third = s.open();
    s.dumb(third, 32, 32);
    s.heading("a file that never had a context has none to give up");
    let fourth = s.open();
    s.close_file(fourth);
}

#[scenario]
fn an_object_of_two_files_is_in_two_contexts(s: &mut Session) {
    s.renderer();
    let (a, b) = (s.open(), s.open());
    let (bo, id) = s.create(a, 32, 32);
    let buf = s.export(bo);
    let other = s.try_import(b, buf).expect("it is the same object");
    s.info(other);
    s.answer();
    s.contexts_of(id);
    s.close(bo);
    s.answer();
    s.contexts_of(id);
    let draw = fill(id, 0, 4, 1);
    s.exec(b, &[other.handle], &draw).expect("it is taken");
    s.answer();
}

#[scenario]
fn a_context_can_be_set_up_once_and_before_anything_else(s: &mut Session) {
    s.host(with_contexts());
    let fd = s.open();
    s.context_init(
        fd,
        &[(CONTEXT_PARAM_CAPSET_ID, 1), (CONTEXT_PARAM_NUM_RINGS, 2)],
    );
    s.context_init(fd, &[]);
    s.heading("a buffer makes a context, too");
    let fd = s.open();
    s.dumb(fd, 32, 32);
    s.context_init(fd, &[(CONTEXT_PARAM_CAPSET_ID, 1)]);
}

#[scenario]
fn bad_contexts_are_refused(s: &mut Session) {
    s.host(with_contexts());
    let bad: [&[(u64, u64)]; 7] = [
        &[(CONTEXT_PARAM_CAPSET_ID, 64)],
        &[(CONTEXT_PARAM_CAPSET_ID, 2)],
        &[(CONTEXT_PARAM_CAPSET_ID, 1), (CONTEXT_PARAM_CAPSET_ID, 1)],
        &[(CONTEXT_PARAM_NUM_RINGS, 65)],
        &[(CONTEXT_PARAM_POLL_RINGS_MASK, 1)],
        &[(9, 0)],
        &[(9, 0), (9, 0), (9, 0), (9, 0), (9, 0)],
    ];
    for params in bad {
        let fd = s.open();
        s.context_init(fd, params);
    }
    s.heading("what was set before the error stays set");
    let fd = s.open();
    s.context_init(fd, &[(CONTEXT_PARAM_NUM_RINGS, 2), (9, 0)]);
    s.context_init(fd, &[(CONTEXT_PARAM_NUM_RINGS, 2)]);
}

#[scenario]
fn bad_submissions_are_refused(s: &mut Session) {
    s.renderer();
    let fd = s.open();
    let (bo, _) = s.create(fd, 32, 32);
    let h = bo.handle;
    for handles in [&[h, 99][..], &[h, h]] {
        s.exec(fd, handles, &[]).expect_err("it is refused");
    }
    let flags = |flags| Execbuffer {
        flags,
        ..Execbuffer::default()
    };
    for args in [
        flags(8),
        flags(EXECBUF_RING_IDX),
        Execbuffer {
            fence_fd: 77,
            ..flags(EXECBUF_FENCE_FD_IN)
        },
        Execbuffer {
            num_in_syncobjs: 1,
            syncobj_stride: 16,
            in_syncobjs: 0x1000,
            ..flags(0)
        },
        Execbuffer {
            num_out_syncobjs: 1,
            syncobj_stride: 16,
            out_syncobjs: 0x1000,
            ..flags(0)
        },
    ] {
        s.exec_with(fd, &[], &[], args).expect_err("it is refused");
    }
    s.heading("commands that are nowhere");
    let object = s.machine.user().put(&h.to_ne_bytes());
    let mut args = Execbuffer {
        size: 64,
        command: 0x1000,
        bo_handles: object,
        num_bo_handles: 1,
        ..Execbuffer::default()
    };
    s.raw_exec(fd, &mut args);
    s.wait(bo, 0);
}

#[scenario]
fn a_submission_fences_its_objects(s: &mut Session) {
    s.renderer();
    let fd = s.open();
    let ((a, id), (b, _)) = (s.create(fd, 32, 32), s.create(fd, 32, 32));
    s.answer();
    s.exec(fd, &[a.handle, b.handle], &fill(id, 0, 4, 7))
        .expect("it is taken");
    s.wait(a, WAIT_NOWAIT);
    s.wait(b, WAIT_NOWAIT);
    s.heading("a closed object stays until the submission is answered");
    s.close(a);
    s.answer();
    s.wait(b, WAIT_NOWAIT);
    s.heading("without objects nobody can wait");
    s.exec(fd, &[], &[]).expect("it is taken");
    s.heading("one that is not the context's");
    s.exec(fd, &[], &fill(99, 0, 4, 7)).expect("it is taken");
    s.answer();
}

#[scenario]
fn sync_objects_and_descriptors_carry_fences(s: &mut Session) {
    s.renderer();
    let fd = s.open();
    let sync = s.new_syncobj(fd);
    let entry = |flags, point| ExecbufferSyncobj {
        handle: sync,
        flags,
        point,
    };
    let out = s.machine.user().put(cast_slice(&[entry(0, 0)]));
    let args = Execbuffer {
        num_out_syncobjs: 1,
        out_syncobjs: out,
        syncobj_stride: 16,
        flags: EXECBUF_FENCE_FD_OUT,
        ..Execbuffer::default()
    };
    let done = s.exec_with(fd, &[], &[], args).expect("it is taken");
    s.note("descriptor", done.fence_fd);
    s.syncobj(fd, sync);
    s.heading("a fence of the same sequence is not waited for");
    let wait = s
        .machine
        .user()
        .put(cast_slice(&[entry(EXECBUF_SYNCOBJ_RESET, 0)]));
    let args = Execbuffer {
        num_in_syncobjs: 1,
        in_syncobjs: wait,
        syncobj_stride: 16,
        flags: EXECBUF_FENCE_FD_IN,
        fence_fd: done.fence_fd,
        ..Execbuffer::default()
    };
    s.exec_with(fd, &[], &[], args).expect("it is taken");
    s.syncobj(fd, sync);
    s.heading("one that was reset has nothing to wait for");
    s.exec_with(fd, &[], &[], args).expect_err("it is refused");
    s.heading("a point of a timeline");
    let out = s.machine.user().put(cast_slice(&[entry(0, 5)]));
    let args = Execbuffer {
        num_out_syncobjs: 1,
        out_syncobjs: out,
        syncobj_stride: 16,
        ..Execbuffer::default()
    };
    s.exec_with(fd, &[], &[], args).expect("it is taken");
    s.answer();
    s.syncobj(fd, sync);
}

#[scenario]
fn rings_have_fences_of_their_own(s: &mut Session) {
    s.host(with_contexts());
    let fd = s.open();
    s.context_init(
        fd,
        &[
            (CONTEXT_PARAM_NUM_RINGS, 2),
            (CONTEXT_PARAM_POLL_RINGS_MASK, 2),
        ],
    );
    let ring = |ring_idx| Execbuffer {
        flags: EXECBUF_RING_IDX,
        ring_idx,
        ..Execbuffer::default()
    };
    s.exec_with(fd, &[], &[], ring(0)).expect("it is taken");
    s.exec_with(fd, &[], &[], ring(1)).expect("it is taken");
    s.exec_with(fd, &[], &[], ring(2))
        .expect_err("there are two");
    s.heading("another ring's fence is waited for");
    let first = Execbuffer {
        flags: EXECBUF_RING_IDX | EXECBUF_FENCE_FD_OUT,
        ..ring(0)
    };
    let done = s.exec_with(fd, &[], &[], first).expect("it is taken");
    let second = Execbuffer {
        flags: EXECBUF_RING_IDX | EXECBUF_FENCE_FD_IN,
        fence_fd: done.fence_fd,
        ..ring(1)
    };
    s.exec_with(fd, &[], &[], second).expect("it is taken");
    s.note("commands that wait", s.gpu.pending());
}

#[scenario]
fn capabilities_are_asked_for_once(s: &mut Session) {
    s.host(with_contexts());
    let fd = s.open();
    s.caps(fd, 1, 1, 8);
    s.caps(fd, 1, 1, 2);
    s.caps(fd, 1, 2, 8);
    s.heading("what there is not");
    s.caps(fd, 1, 3, 8);
    s.caps(fd, 2, 1, 8);
    s.caps(fd, 1, 1, 0);
}

#[scenario]
fn a_host_that_never_tells_its_capabilities(s: &mut Session) {
    s.host(with_contexts());
    let fd = s.open();
    s.host_fails(0x109, port_virtgpu::host::command::ERR_UNSPEC);
    s.caps(fd, 1, 1, 8);
    s.heading("and is not asked again");
    s.caps(fd, 1, 1, 8);
}

#[scenario]
fn parameters_tell_what_the_host_offers(s: &mut Session) {
    s.host(Params {
        blob: true,
        window: Some(16),
        ..with_contexts()
    });
    let fd = s.open();
    for param in 1..=9 {
        s.param(fd, param);
    }
}

#[scenario]
fn a_2d_host_has_no_contexts(s: &mut Session) {
    let fd = s.open();
    s.exec(fd, &[], &[]).expect_err("it is refused");
    s.context_init(fd, &[]);
    s.caps(fd, 1, 1, 8);
    let (a, b) = (s.dumb(fd, 32, 32), s.open());
    let buf = s.export(a);
    s.try_import(b, buf).expect("it is the same object");
}
