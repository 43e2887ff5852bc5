//! Binds done at once: what the flags mean, and what is refused.

use drm_core::machine::Fail;
use migrate_macros::scenario;
use port_kit::Scenario;
use port_panthor::uapi::*;

use super::session::{Op, Session, map, unmap};

pub(crate) const ALL: &[Scenario<Session>] = &[
    FLAGS_CHOOSE_THE_ATTRIBUTES_OF_LEAVES,
    THE_SAME_BIND_AGAIN_CHANGES_NOTHING,
    A_BIND_STOPS_AT_THE_FIRST_OPERATION_THAT_FAILS,
    BAD_OPERATIONS_ARE_REFUSED,
    A_SYNCHRONOUS_OPERATION_OF_SIZE_0_IS_NEVER_LOOKED_AT,
    THE_ARRAY_OF_OPERATIONS_MAY_BE_OF_A_LATER_KERNEL,
    TABLE_PAGES_ARE_RESERVED_BEFORE_ANYTHING_CHANGES,
];

#[scenario]
fn flags_choose_the_attributes_of_leaves(s: &mut Session) {
    let (file, vm) = s.vm();
    let object = s.bo(file, 0x2000);
    for flags in 0..8 {
        let va = 0x1_0000 * u64::from(flags + 1);
        s.bind(file, vm, &[map(object, va, 0x2000).flags(flags)]);
    }
    s.show(file, vm);
    s.bind(file, vm, &[map(object, 0x1_0000, 0x2000).flags(8)]);
    s.part("a mapping that is read-only for the GPU");
    s.gpu_writes(file, vm, 0x1_0000, 7);
    s.gpu_writes(file, vm, 0x2_0000, 8);
    s.gpu_reads(file, vm, 0x2_0000);
}

#[scenario]
fn the_same_bind_again_changes_nothing(s: &mut Session) {
    let (file, vm) = s.vm();
    let object = s.bo(file, 0x1_0000);
    s.bind(file, vm, &[map(object, 0x10_0000, 0x1_0000)]);
    s.gpu_writes(file, vm, 0x10_3000, 0x33);
    s.bind(file, vm, &[map(object, 0x10_0000, 0x1_0000)]);
    s.gpu_reads(file, vm, 0x10_3000);
    s.show(file, vm);
    s.show_bo(file, object);
    s.part("only the flags may change");
    s.bind(
        file,
        vm,
        &[map(object, 0x10_0000, 0x1_0000).flags(VM_BIND_OP_MAP_READONLY)],
    );
    s.show(file, vm);
}

#[scenario]
fn a_bind_stops_at_the_first_operation_that_fails(s: &mut Session) {
    let (file, vm) = s.vm();
    let object = s.bo(file, 0x4000);
    s.bind(
        file,
        vm,
        &[
            map(object, 0x3_0000, 0x1000),
            map(object, 0x4_0000, 0x1000).at(0x1000),
            map(object, 0x5_0001, 0x1000),
            map(object, 0x6_0000, 0x1000),
        ],
    );
    s.show(file, vm);
    s.part("no operation at all is no failure");
    s.bind(file, vm, &[]);
    s.bind_async(file, vm, &[]);
}

#[scenario]
fn bad_operations_are_refused(s: &mut Session) {
    let (file, vm) = s.vm();
    let object = s.bo(file, 0x8000);
    let end = 1 << 47;
    let bad: [Op; 18] = [
        map(77, 0x2_0000, 0x1000),
        map(0, 0x2_0000, 0x1000),
        map(object, 0x123, 0x1000),
        map(object, 0x2_0000, 0x123),
        map(object, 0x2_0000, 0x1000).at(0x123),
        map(object, 0x2_0000, 0x1000).at(0x8000),
        map(object, 0x2_0000, 0x2000).at(0x7000),
        map(object, 0x2_0000, 0x9000),
        map(object, end, 0x1000),
        map(object, end - 0x1000, 0x2000),
        map(object, u64::MAX - 0xfff, 0x1000),
        map(object, 0x2_0000, 0x1000).wait(1),
        map(object, 0x2_0000, 0x1000).flags(3 << 28),
        unmap(0x2_0000, 0x1000).handle(object),
        unmap(0x2_0000, 0x1000).at(0x1000),
        unmap(0x2_0000, 0x1000).flags(VM_BIND_OP_MAP_READONLY),
        unmap(0x2_0001, 0x1000),
        unmap(end, 0x1000),
    ];
    for op in bad {
        s.bind(file, vm, &[op]);
    }
    s.show(file, vm);
    s.part("what is not mapped can be unmapped");
    s.bind(file, vm, &[unmap(0x2_0000, 0x1000)]);
    s.part("the last page of user space");
    s.bind(file, vm, &[map(object, end - 0x1000, 0x1000)]);
    s.part("another file's space");
    let other = s.open();
    s.bind(other, vm, &[map(object, 0x2_0000, 0x1000)]);
}

#[scenario]
fn a_synchronous_operation_of_size_0_is_never_looked_at(s: &mut Session) {
    let (file, vm) = s.vm();
    s.bind(file, vm, &[map(99, 0x123, 0).flags(0xff)]);
    s.bind(file, vm, &[unmap(0x123, 0).handle(99).at(0x123)]);
    s.bind(file, vm, &[map(0, 0, 0).flags(7 << 28)]);
    s.bind(file, vm, &[map(99, 0x123, 0).wait(1)]);
    s.show(file, vm);
}

#[scenario]
fn the_array_of_operations_may_be_of_a_later_kernel(s: &mut Session) {
    let (file, vm_id) = s.vm();
    let object = s.bo(file, 0x4000);
    let op = VmBindOp {
        bo_handle: object,
        va: 0x10_0000,
        size: 0x4000,
        ..VmBindOp::default()
    };
    for (stride, tail) in [(56u32, 0u8), (56, 1), (40, 0), (0, 0)] {
        let mut bytes = bytemuck::bytes_of(&op).to_vec();
        bytes.resize(56, tail);
        let array = s.machine.user().put(&bytes);
        let mut args = VmBind {
            vm_id,
            flags: 0,
            ops: ObjArray {
                stride,
                count: 1,
                array,
            },
        };
        let result = s.call(file, VM_BIND, &mut args);
        s.record(
            format_args!("bind with a stride of {stride}, what is unknown is {tail}"),
            format_args!("{result:?}"),
        );
    }
    let mut args = VmBind {
        vm_id,
        flags: 0,
        ops: ObjArray {
            stride: 48,
            count: 1,
            array: 0x1000,
        },
    };
    let result = s.call(file, VM_BIND, &mut args);
    s.record(
        "bind with an array that is not there",
        format_args!("{result:?}"),
    );
    s.show(file, vm_id);
}

#[scenario]
fn table_pages_are_reserved_before_anything_changes(s: &mut Session) {
    let (file, vm) = s.vm();
    let object = s.bo(file, 0x2000);
    // One for each of three levels, twice: the range crosses 512 GiB.
    let across = map(object, (1 << 39) - 0x1000, 0x2000);
    for nth in 1..=6 {
        s.machine.failpoints().fail_nth(Fail::TableAlloc, nth);
        s.bind(file, vm, std::slice::from_ref(&across));
        s.machine.failpoints().disarm();
    }
    s.show(file, vm);
    s.tables(file, vm);
    s.vm_state(file, vm);
    s.part("with all of them");
    s.bind(file, vm, &[across]);
    s.show(file, vm);
    s.tables(file, vm);
}
