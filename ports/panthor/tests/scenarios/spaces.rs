//! Address spaces: how they are split, how many there may be, and what their end takes with it.

use migrate_macros::scenario;
use port_kit::Scenario;

use super::session::{Session, map};

pub(crate) const ALL: &[Scenario<Session>] = &[
    USER_SPACE_ENDS_WHERE_A_POWER_OF_TWO_FOR_THE_KERNEL_BEGINS,
    A_FILE_HAS_THIRTY_TWO_SPACES_AND_REUSES_IDS,
    THE_END_OF_A_SPACE_TAKES_ITS_MAPPINGS_AND_HEAPS,
    CLOSING_THE_FILE_ENDS_ITS_SPACES,
];

#[scenario]
fn user_space_ends_where_a_power_of_two_for_the_kernel_begins(s: &mut Session) {
    let file = s.open();
    s.vm_create(file, 0, 0);
    s.vm_create(file, 1 << 40, 0);
    s.vm_create(file, 1, 0);
    s.vm_create(file, (1 << 47) + 1, 0);
    s.part("all but the least that the kernel needs");
    s.vm_create(file, (1 << 48) - (256 << 20), 0);
    s.vm_create(file, (1 << 48) - (128 << 20), 0);
    s.vm_create(file, u64::MAX, 0);
    s.part("no flag is known");
    s.vm_create(file, 0, 1);
}

#[scenario]
fn a_file_has_thirty_two_spaces_and_reuses_ids(s: &mut Session) {
    let file = s.open();
    for _ in 0..31 {
        let mut args = port_panthor::uapi::VmCreate::default();
        s.call(file, port_panthor::uapi::VM_CREATE, &mut args)
            .expect("a space is made");
    }
    let last = s.vm_create(file, 0, 0);
    s.vm_create(file, 0, 0);
    s.part("the lowest free id comes next");
    s.vm_destroy(file, 5);
    s.vm_create(file, 0, 0);
    s.part("ids are those of the file");
    let other = s.open();
    s.vm_create(other, 0, 0);
    s.vm_destroy(other, last);
    s.vm_state(other, last);
    s.vm_state(file, last);
}

#[scenario]
fn the_end_of_a_space_takes_its_mappings_and_heaps(s: &mut Session) {
    let (file, vm) = s.vm();
    let (shared, other) = (s.bo(file, 0x4000), s.vm_create(file, 0, 0));
    let exclusive = s.bo_create(
        file,
        port_panthor::uapi::BoCreate {
            size: 0x4000,
            exclusive_vm_id: vm,
            ..Default::default()
        },
    );
    s.bind(
        file,
        vm,
        &[
            map(shared, 0x10_0000, 0x4000),
            map(exclusive, 0x20_0000, 0x4000),
        ],
    );
    s.bind(file, other, &[map(shared, 0x10_0000, 0x4000)]);
    let heap = s.heap_create(file, vm, (2, 4), 0x4_0000, 1);
    s.show(file, vm);
    s.objects_left();
    s.vm_destroy(file, vm);
    s.objects_left();
    s.show_bo(file, shared);
    s.show_bo(file, exclusive);
    s.part("the id means nothing any more");
    s.bind(file, vm, &[map(shared, 0x10_0000, 0x4000)]);
    s.heap_destroy(file, heap);
    s.vm_state(file, vm);
    s.vm_destroy(file, vm);
    s.part("until it is given out again; an exclusive object of before is not the new space's");
    s.vm_create(file, 0, 0);
    s.bind(file, vm, &[map(exclusive, 0x20_0000, 0x4000)]);
    s.bind(file, vm, &[map(shared, 0x20_0000, 0x4000)]);
    s.show(file, vm);
}

#[scenario]
fn closing_the_file_ends_its_spaces(s: &mut Session) {
    let (file, vm) = s.vm();
    let other = s.open();
    let object = s.bo(file, 0x4000);
    s.bind(file, vm, &[map(object, 0x10_0000, 0x4000)]);
    s.heap_create(file, vm, (1, 1), 0x2_0000, 1);
    let buffer = s.export(file, object).expect("exports");
    let shared = s.import(other, buffer);
    s.show_bo(other, shared);
    s.objects_left();
    s.close_file(file);
    s.show_bo(other, shared);
    s.objects_left();
}
