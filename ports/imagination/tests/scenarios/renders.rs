//! Renders: datasets, free lists that grow under a job.

use drm_core::errno::Result;
use drm_core::machine::Fail;
use migrate_macros::scenario;
use port_imagination::hw::{Op, ops};
use port_imagination::stream::client;
use port_imagination::uapi::*;

use super::session::{GENERAL, Session};

const PAGE: u64 = 4096;

/// A space with a local and a global free list; the space, the handles of the lists.
fn setup(s: &mut Session) -> (u32, [u32; 2]) {
    let vm = s.vm();
    let lists = [0u64, 1].map(|at| {
        let list = s.bo(&format!("list{at}"), 1, BoFlags::PM_FW_PROTECT);
        let _mapped = s.map(vm, GENERAL + at * PAGE, list, 0, 1);
        let mut args = CreateFreeList {
            free_list_gpu_addr: GENERAL + at * PAGE,
            initial_num_pages: 32,
            max_num_pages: 64,
            grow_num_pages: 16,
            grow_threshold: 0,
            vm_context_handle: vm,
            handle: 0,
        };
        s.raw(0, CREATE_FREE_LIST, &mut args).expect("memory");
        args.handle
    });
    s.pvr.gpu.take_commands();
    (vm, lists)
}

fn dataset(free_list_handles: [u32; 2]) -> CreateHwrtDataset {
    CreateHwrtDataset {
        free_list_handles,
        width: 1920,
        height: 1080,
        samples: 1,
        layers: 1,
        ..CreateHwrtDataset::default()
    }
}

fn create(s: &mut Session, what: &str, args: CreateHwrtDataset) -> Result<u32> {
    let mut args = args;
    let result = s.raw(0, CREATE_HWRT_DATASET, &mut args);
    s.answer(&format!("create_hwrt_dataset {what}"), &result);
    result.map(|()| args.handle)
}

#[scenario]
fn a_render_out_of_memory_grows_its_list(s: &mut Session) {
    let (vm, lists) = setup(s);
    let set = create(s, "", dataset(lists)).expect("a dataset");
    let code = s.bo("code", 1, BoFlags::empty());
    let _mapped = s.map(vm, 0xe0_0000_0000, code, 0, 1);
    let out_of_memory = Op {
        code: ops::OUT_OF_MEMORY,
        ..Op::default()
    };
    s.write(
        code,
        0,
        bytemuck::cast_slice(&[out_of_memory, Op::default()]),
    );
    let state = client::render_state();
    let mut context = CreateContext {
        kind: ctx_type::RENDER,
        vm_context_handle: vm,
        static_context_state: s.machine.user().put(&state),
        static_context_state_len: state.len() as u32,
        callstack_addr: GENERAL,
        ..CreateContext::default()
    };
    let result = s.raw(0, CREATE_CONTEXT, &mut context);
    s.answer("create_context", &result);
    let job = |s: &Session, kind, stream: Vec<u8>| JobArgs {
        kind,
        context_handle: context.handle,
        cmd_stream_len: stream.len() as u32,
        cmd_stream: s.machine.user().put(&stream),
        sync_ops: s.array::<SyncOp>(&[]),
        hwrt: HwrtDataRef {
            set_handle: set,
            data_index: 1,
        },
        ..JobArgs::default()
    };
    let geometry = job(s, job_type::GEOMETRY, client::geometry(0xe0_0000_0000));
    let fragment = job(s, job_type::FRAGMENT, client::fragment(0xe0_0000_0020));
    let (_, result) = s.submit_jobs(&[geometry, fragment]);
    s.answer("submit geometry and fragment", &result);
    s.settle();
    s.show_commands();
    for handle in lists {
        let info = s.pvr.control.free_list(&s.files[0], handle);
        s.trace.line(format_args!("{info:?}"));
    }
    s.note("a list lives as long as its dataset");
    for handle in lists {
        let mut args = HandleArg {
            handle,
            ..HandleArg::default()
        };
        let result = s.raw(0, DESTROY_FREE_LIST, &mut args);
        s.answer("destroy_free_list", &result);
    }
    s.show_commands();
    let mut args = HandleArg {
        handle: set,
        ..HandleArg::default()
    };
    let result = s.raw(0, DESTROY_HWRT_DATASET, &mut args);
    s.answer("destroy_hwrt_dataset", &result);
    s.show_commands();
}

#[scenario]
fn bad_datasets_are_refused(s: &mut Session) {
    let (vm, lists) = setup(s);
    let small = s.bo("small", 1, BoFlags::PM_FW_PROTECT);
    let _mapped = s.map(vm, GENERAL + 2 * PAGE, small, 0, 1);
    let mut args = CreateFreeList {
        free_list_gpu_addr: GENERAL + 2 * PAGE,
        initial_num_pages: 24,
        max_num_pages: 24,
        vm_context_handle: vm,
        ..CreateFreeList::default()
    };
    s.raw(0, CREATE_FREE_LIST, &mut args).expect("memory");
    let good = dataset(lists);
    let objects = s.pvr.control.fw_objects().len();
    let cases = [
        (
            "without a local list",
            CreateHwrtDataset {
                free_list_handles: [9, lists[1]],
                ..good
            },
        ),
        (
            "without a global list",
            CreateHwrtDataset {
                free_list_handles: [lists[0], 0],
                ..good
            },
        ),
        (
            "with too small a local list",
            CreateHwrtDataset {
                free_list_handles: [args.handle, lists[1]],
                ..good
            },
        ),
        ("of no samples", CreateHwrtDataset { samples: 0, ..good }),
        (
            "of 16 samples",
            CreateHwrtDataset {
                samples: 16,
                ..good
            },
        ),
    ];
    for (what, args) in cases {
        let _refused = create(s, what, args);
    }
    let left = s.pvr.control.fw_objects().len() - objects;
    s.trace.line(format_args!("firmware objects left: {left}"));
    for (what, args) in [
        (
            "with a small global list",
            CreateHwrtDataset {
                free_list_handles: [lists[0], args.handle],
                ..good
            },
        ),
        (
            "with one list twice",
            CreateHwrtDataset {
                free_list_handles: [lists[0]; 2],
                ..good
            },
        ),
        (
            "of 4 layers and 8 samples",
            CreateHwrtDataset {
                layers: 4,
                samples: 8,
                ..good
            },
        ),
    ] {
        let _created = create(s, what, args);
        let made = s.pvr.control.fw_objects().len() - objects;
        s.trace.line(format_args!("{made} firmware objects"));
    }
}

/// The error path frees everything but the object that both render targets share.
#[scenario]
fn a_failed_dataset_leaves_a_firmware_object(s: &mut Session) {
    let (_vm, lists) = setup(s);
    let objects = s.pvr.control.fw_objects().len();
    s.machine.failpoints().fail_nth(Fail::Alloc, 6);
    let _failed = create(s, "", dataset(lists));
    s.machine.failpoints().disarm();
    let left = s.pvr.control.fw_objects().len() - objects;
    s.trace.line(format_args!("firmware objects left: {left}"));
    s.note("the next hard reset makes it anew");
    let result = s.pvr.control.hard_reset();
    s.answer("hard reset", &result);
}

/// The arrays by layer are as long as user space says; when there is no memory for them, the error path crashes.
#[scenario]
fn too_many_layers_crash_the_kernel(s: &mut Session) {
    let (_vm, lists) = setup(s);
    s.note("more than the heap of the firmware has room for");
    let _refused = create(
        s,
        "of 6 Mi layers",
        CreateHwrtDataset {
            layers: 6 << 20,
            ..dataset(lists)
        },
    );
    s.note("more than there is memory");
    let _crashed = create(
        s,
        "of 256 Mi layers",
        CreateHwrtDataset {
            layers: 256 << 20,
            ..dataset(lists)
        },
    );
}
