//! Every allocation and mapping of a typical session fails once, each in a session of its own: nothing is left, nothing warns.

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Config, Machine};
use port_kit::Side;
use port_kit::trace::ioctl;
use port_panthor::hw::HwConfig;
use port_panthor::probe_side;
use port_panthor::uapi::*;

/// One `VM_BIND` of `ops`.
fn bind(file: &File, vm_id: u32, flags: u32, ops: &[VmBindOp]) -> Result {
    let array = file.machine().user().put(bytemuck::cast_slice(ops));
    let mut args = VmBind {
        vm_id,
        flags,
        ops: ObjArray {
            stride: size_of::<VmBindOp>() as u32,
            count: ops.len() as u32,
            array,
        },
    };
    ioctl(file, VM_BIND, &mut args)
}

/// Goes on after failures, as far as what failed lets it.
fn session(file: &File) -> Vec<Errno> {
    let mut errors = Vec::new();
    let mut note = |result: Result| {
        errors.extend(result.err());
        result.is_ok()
    };
    let mut vm = VmCreate::default();
    if !note(ioctl(file, VM_CREATE, &mut vm)) {
        return errors;
    }
    let mut object = BoCreate {
        size: 0x2_0000,
        ..BoCreate::default()
    };
    let mut exclusive = BoCreate {
        size: 0x4000,
        exclusive_vm_id: vm.id,
        ..BoCreate::default()
    };
    note(ioctl(file, BO_CREATE, &mut object));
    note(ioctl(file, BO_CREATE, &mut exclusive));
    let map = |bo_handle, va, size| VmBindOp {
        bo_handle,
        va,
        size,
        ..VmBindOp::default()
    };
    note(bind(
        file,
        vm.id,
        0,
        &[map(object.handle, 0x1f_0000, 0x2_0000)],
    ));
    note(bind(
        file,
        vm.id,
        0,
        &[map(exclusive.handle, 0x20_0000, 0x4000)],
    ));
    let queued = [
        map(object.handle, 0x40_0000, 0x2_0000),
        map(exclusive.handle, 0x41_0000, 0x4000),
    ];
    note(bind(file, vm.id, VM_BIND_ASYNC, &queued));
    let unmap = VmBindOp {
        flags: VM_BIND_OP_TYPE_UNMAP,
        va: 0x20_1000,
        size: 0x1000,
        ..VmBindOp::default()
    };
    note(bind(file, vm.id, 0, &[unmap]));
    let mut heap = TilerHeapCreate {
        vm_id: vm.id,
        initial_chunk_count: 2,
        chunk_size: 0x2_0000,
        max_chunks: 4,
        target_in_flight: 1,
        ..TilerHeapCreate::default()
    };
    note(ioctl(file, TILER_HEAP_CREATE, &mut heap));
    let queue = QueueCreate {
        ringbuf_size: 4096,
        ..QueueCreate::default()
    };
    let mut group = GroupCreate {
        queues: ObjArray {
            stride: size_of::<QueueCreate>() as u32,
            count: 1,
            array: file.machine().user().put(bytemuck::bytes_of(&queue)),
        },
        vm_id: vm.id,
        ..GroupCreate::default()
    };
    note(ioctl(file, GROUP_CREATE, &mut group));
    errors
}

/// Pages in use, but for those of page tables that a space keeps.
fn pages(machine: &Machine) -> u64 {
    let counts = machine.counters().snapshot();
    machine.frames().stats().used - (counts.tables_allocated - counts.tables_freed)
}

fn sweep(config: HwConfig) -> u64 {
    let machine = Machine::new(Config::default()).expect("the host has memory");
    let gpu = probe_side(Side::Before, &machine, config).expect("there is a before side");
    let gpu = gpu.expect("the GPU is there");
    let (objects, before) = (gpu.dev().object_count(), pages(&machine));
    for nth in 1.. {
        let file = gpu.dev().open().expect("opens");
        machine.failpoints().fail_any_nth(nth);
        let errors = session(&file);
        let failed = machine.failpoints().disarm();
        drop(file);
        assert_eq!(machine.trace().take(), [], "failure {nth}, {errors:?}");
        assert_eq!(
            gpu.dev().object_count(),
            objects,
            "failure {nth}, {errors:?}"
        );
        assert_eq!(pages(&machine), before, "failure {nth}, {errors:?}");
        if !failed {
            assert_eq!(errors, [], "nothing was told to fail");
            return nth - 1;
        }
        assert!(!errors.is_empty(), "failure {nth} went unnoticed");
    }
    unreachable!("a session ends")
}

#[test]
fn a_failure_anywhere_leaves_nothing_behind() {
    assert!(sweep(HwConfig::default()) > 150);
}

#[test]
fn a_failure_anywhere_leaves_nothing_behind_on_a_coherent_device() {
    assert!(sweep(HwConfig::coherent()) > 150);
}
