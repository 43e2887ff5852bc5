//! Groups: the objects of the kernel's that they have, what their jobs see, and what a fault ends.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_panthor::uapi::*;

use super::session::{Session, Stream, map, unmap};

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_GROUP_HAS_OBJECTS_IN_ITS_SPACE_AND_IN_THE_FIRMWARES,
    A_GROUP_IS_CHECKED_BEFORE_ANYTHING_IS_MADE,
    A_JOB_SEES_WHAT_IS_BOUND_WHEN_IT_RUNS,
    A_FAULT_ENDS_THE_GROUP_BUT_NOT_THE_SPACE,
    A_QUEUE_WAITS_FOR_MEMORY_OF_USER_SPACE,
    SPACES_TAKE_TURNS_IN_THE_SLOTS_OF_THE_DEVICE,
    AN_INSTRUCTION_THAT_THERE_IS_NOT_ENDS_THE_GROUP,
    A_BIND_TELLS_THE_DEVICE_WHICH_ADDRESSES_CHANGED,
    THE_FLUSH_ID_IS_ONE_PAGE_TO_READ,
];

/// A file, a space with an object at 1 MiB, a group, a sync object.
fn group(s: &mut Session) -> (usize, u32, u32, u32, u32) {
    let (file, vm) = s.vm();
    let (object, done) = (s.bo(file, 0x4000), s.syncobj(file));
    s.bind(file, vm, &[map(object, 0x10_0000, 0x4000)]);
    let group = s.group(file, vm);
    (file, vm, object, group, done)
}

#[scenario]
fn a_group_has_objects_in_its_space_and_in_the_firmwares(s: &mut Session) {
    let (file, vm) = s.vm();
    let firmware = |s: &mut Session| {
        let mapped = s.gpu.fw_vm().map(|vm| vm.mappings());
        s.record(
            "mappings in the firmware's space",
            format_args!("{mapped:?}"),
        );
    };
    firmware(s);
    let group = s.group(file, vm);
    s.show(file, vm);
    firmware(s);
    s.objects_left();
    s.group_destroy(file, group);
    s.show(file, vm);
    firmware(s);
    s.objects_left();
    s.group_destroy(file, group);
    s.group_state(file, group);
}

#[scenario]
fn a_group_is_checked_before_anything_is_made(s: &mut Session) {
    let (file, vm_id) = s.vm();
    let queue = QueueCreate {
        ringbuf_size: 4096,
        ..QueueCreate::default()
    };
    let good = GroupCreate {
        max_compute_cores: 1,
        max_fragment_cores: 1,
        max_tiler_cores: 1,
        compute_core_mask: 1,
        fragment_core_mask: 1,
        tiler_core_mask: 1,
        vm_id,
        ..GroupCreate::default()
    };
    let size = |ringbuf_size| QueueCreate {
        ringbuf_size,
        ..queue
    };
    let cases: [(&str, GroupCreate, Vec<QueueCreate>); 12] = [
        ("no queue", good, vec![]),
        ("nine queues", good, vec![queue; 9]),
        ("a pad", GroupCreate { pad: 1, ..good }, vec![queue]),
        (
            "a high priority",
            GroupCreate {
                priority: 2,
                ..good
            },
            vec![queue],
        ),
        (
            "no priority",
            GroupCreate {
                priority: 3,
                ..good
            },
            vec![queue],
        ),
        (
            "cores that are not there",
            GroupCreate {
                compute_core_mask: 2,
                ..good
            },
            vec![queue],
        ),
        (
            "more cores than it names",
            GroupCreate {
                max_compute_cores: 2,
                ..good
            },
            vec![queue],
        ),
        (
            "another space",
            GroupCreate { vm_id: 9, ..good },
            vec![queue],
        ),
        ("a small ring buffer", good, vec![size(2048)]),
        ("an odd ring buffer", good, vec![size(0x3000)]),
        (
            "a second queue that does not fit",
            good,
            vec![queue, size(128 << 10)],
        ),
        (
            "a queue's pad",
            good,
            vec![QueueCreate {
                pad: [0, 0, 1],
                ..queue
            }],
        ),
    ];
    for (what, args, queues) in cases {
        let made = s.group_create(file, args, &queues);
        s.record(what, format_args!("{made:?}"));
    }
    s.show(file, vm_id);
    s.part("jobs");
    let group = s.group(file, vm_id);
    for (what, va, size) in [
        ("a stream without bytes", 0x1000, 0),
        ("bytes without a stream", 0, 64),
        ("a stream in the middle of a cache line", 0x1020, 64),
        ("half an instruction", 0x1000, 60),
    ] {
        let result = s.submit_raw(file, group, va, size, 1);
        s.record(what, format_args!("{result:?}"));
    }
    let done = s.syncobj(file);
    let result = s.submit_raw(file, group + 1, 0x1000, 64, done);
    s.record("another group", format_args!("{result:?}"));
    s.part("no stream at all: done when all before are");
    let result = s.submit_raw(file, group, 0, 0, done);
    s.record("an empty job", format_args!("{result:?}"));
    s.fence(file, done);
}

#[scenario]
fn a_job_sees_what_is_bound_when_it_runs(s: &mut Session) {
    let (file, vm, object, group, done) = group(s);
    let at = s.mmap(file, object, 0x4000);
    s.poke(at, 0x1000, 0x77);
    s.submit(
        file,
        vm,
        group,
        0x10_0000,
        &Stream::default().copy(0x10_1000, 0x10_2000),
        done,
    );
    s.fence(file, done);
    s.peek(at, 0x2000);
    s.slot(file, vm);
    s.part("after a bind");
    let other = s.bo(file, 0x1000);
    s.bind(file, vm, &[map(other, 0x10_1000, 0x1000)]);
    s.submit(
        file,
        vm,
        group,
        0x10_0000,
        &Stream::default().copy(0x10_1000, 0x10_2000),
        done,
    );
    s.fence(file, done);
    s.peek(at, 0x2000);
    s.group_state(file, group);
}

#[scenario]
fn a_fault_ends_the_group_but_not_the_space(s: &mut Session) {
    let (file, vm, _, group, done) = group(s);
    let pages = s.machine.frames().stats().used;
    s.submit(
        file,
        vm,
        group,
        0x10_0000,
        &Stream::default().store(0x50_0000, 1),
        done,
    );
    s.fence(file, done);
    s.group_state(file, group);
    s.vm_state(file, vm);
    s.slot(file, vm);
    let grown = s.machine.frames().stats().used - pages;
    s.record("pages that the fault brought", grown);
    s.part("the group is done for");
    let result = s.submit_raw(file, group, 0x10_0000, 64, done);
    s.record("submit", format_args!("{result:?}"));
    s.part("another of the same space unmasks the slot");
    let second = s.group(file, vm);
    s.submit(
        file,
        vm,
        second,
        0x10_0000,
        &Stream::default().store(0x10_3000, 1),
        done,
    );
    s.fence(file, done);
    s.slot(file, vm);
    s.gpu_reads(file, vm, 0x10_3000);
    s.part("a store to what is read-only is a fault, too");
    let object = s.bo(file, 0x1000);
    s.bind(
        file,
        vm,
        &[map(object, 0x50_0000, 0x1000).flags(VM_BIND_OP_MAP_READONLY)],
    );
    s.submit(
        file,
        vm,
        second,
        0x10_0000,
        &Stream::default().store(0x50_0000, 1),
        done,
    );
    s.fence(file, done);
}

#[scenario]
fn a_queue_waits_for_memory_of_user_space(s: &mut Session) {
    let (file, vm, object, group, done) = group(s);
    let at = s.mmap(file, object, 0x4000);
    let stream = Stream::default()
        .wait_above(0x10_3000, 4)
        .store(0x10_2000, 0x99);
    s.submit(file, vm, group, 0x10_0000, &stream, done);
    s.fence(file, done);
    s.slot(file, vm);
    s.part("the kernel maps the object to look, and keeps the mapping while it waits");
    s.bind(file, vm, &[unmap(0x10_0000, 0x4000)]);
    s.close(file, object);
    s.munmap(at, 0x4000);
    s.objects_left();
    s.group_destroy(file, group);
    s.fence(file, done);
    s.objects_left();
    s.part("a wait that ends");
    let (object, vm) = (s.bo(file, 0x4000), vm);
    s.bind(file, vm, &[map(object, 0x10_0000, 0x4000)]);
    let (waits, adds, other) = (s.group(file, vm), s.group(file, vm), s.syncobj(file));
    s.submit(file, vm, waits, 0x10_0000, &stream, done);
    s.submit(
        file,
        vm,
        adds,
        0x10_1000,
        &Stream::default().add(0x10_3000, 5),
        other,
    );
    s.fence(file, other);
    s.fence(file, done);
    s.gpu_reads(file, vm, 0x10_2000);
}

#[scenario]
fn spaces_take_turns_in_the_slots_of_the_device(s: &mut Session) {
    let file = s.open();
    let (object, done) = (s.bo(file, 0x4000), s.syncobj(file));
    let mut spaces = Vec::new();
    for _ in 0..8 {
        let vm = s.vm_create(file, 0, 0);
        s.bind(file, vm, &[map(object, 0x10_0000, 0x4000)]);
        let group = s.group(file, vm);
        spaces.push((vm, group));
    }
    s.part("seven slots are left for spaces of user space");
    for (vm, group) in spaces.clone() {
        s.submit(
            file,
            vm,
            group,
            0x10_0000,
            &Stream::default().store(0x10_3000, vm),
            done,
        );
        s.fence(file, done);
        s.slot(file, vm);
    }
    s.part("the longest idle gave its slot up");
    for (vm, _) in spaces.clone() {
        s.slot(file, vm);
    }
    s.part("a space that ends frees its slot");
    let (last, group) = spaces[7];
    s.group_destroy(file, group);
    s.vm_destroy(file, last);
    let (first, group) = spaces[0];
    s.submit(
        file,
        first,
        group,
        0x10_0000,
        &Stream::default().store(0x10_3000, 0x55),
        done,
    );
    s.slot(file, first);
}

#[scenario]
fn an_instruction_that_there_is_not_ends_the_group(s: &mut Session) {
    let (file, vm, _, group, done) = group(s);
    s.submit(
        file,
        vm,
        group,
        0x10_0000,
        &Stream::default().nonsense(),
        done,
    );
    s.fence(file, done);
    s.group_state(file, group);
    s.vm_state(file, vm);
}

#[scenario]
fn a_bind_tells_the_device_which_addresses_changed(s: &mut Session) {
    let (file, vm, object, group, done) = group(s);
    let commands = |s: &mut Session, what: &str| {
        for done in s.gpu.hw().take_commands() {
            let (start, bits) = (done.lockaddr & !0x3f, (done.lockaddr & 0x3f) + 1);
            let (slot, command) = (done.slot, done.command);
            s.trace.line(format_args!(
                "  {what}: slot {slot} {command:?} {start:#x}, {bits} bits"
            ));
        }
    };
    commands(s, "before");
    s.bind(file, vm, &[map(object, 0x20_0000, 0x4000)]);
    commands(s, "not in a slot");
    s.submit(
        file,
        vm,
        group,
        0x10_0000,
        &Stream::default().store(0x10_3000, 1),
        done,
    );
    commands(s, "the job");
    s.bind(file, vm, &[map(object, 0x20_2000, 0x2000)]);
    commands(s, "a map over half of another");
    s.bind(file, vm, &[unmap(0x20_0000, 0x4000)]);
    commands(s, "an unmap of both");
}

#[scenario]
fn the_flush_id_is_one_page_to_read(s: &mut Session) {
    use drm_core::mmap::{Prot, Sharing};
    let file = s.open();
    for (len, prot, sharing, offset) in [
        (4096, Prot::Read, Sharing::Shared, USER_FLUSH_ID_MMIO_OFFSET),
        (
            4096,
            Prot::ReadWrite,
            Sharing::Shared,
            USER_FLUSH_ID_MMIO_OFFSET,
        ),
        (8192, Prot::Read, Sharing::Shared, USER_FLUSH_ID_MMIO_OFFSET),
        (
            4096,
            Prot::Read,
            Sharing::Private,
            USER_FLUSH_ID_MMIO_OFFSET,
        ),
        (
            4096,
            Prot::Read,
            Sharing::Shared,
            USER_FLUSH_ID_MMIO_OFFSET + 0x1000,
        ),
    ] {
        let mapped = s.process.mmap(&s.files[file], len, prot, sharing, offset);
        let read = mapped.map(|at| s.process.read_byte(at));
        s.record(
            format_args!("mmap {len} {prot:?} {sharing:?} {offset:#x}"),
            format_args!("{read:?}"),
        );
    }
}
