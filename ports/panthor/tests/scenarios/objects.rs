//! Buffer objects: when they have pages, who may map them, and when the pages go.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_panthor::hw::HwConfig;
use port_panthor::uapi::{BO_NO_MMAP, BoCreate};

use super::session::{Session, map, unmap};

pub(crate) const ALL: &[Scenario<Session>] = &[
    AN_OBJECT_HAS_PAGES_FROM_THE_START_WHERE_THE_GPU_SEES_NO_CACHES,
    A_COHERENT_GPU_NEEDS_NO_PAGES_BEFORE_A_BIND_OR_A_MAPPING,
    CREATION_REFUSES_WHAT_NO_OBJECT_CAN_BE,
    AN_OBJECT_THAT_MAY_NOT_BE_MAPPED_HAS_AN_OFFSET_ALL_THE_SAME,
    A_CPU_MAPPING_OUTLIVES_THE_HANDLE,
    CLOSING_A_HANDLE_KEEPS_WHAT_IS_BOUND,
    UNBINDING_GIVES_NO_MEMORY_BACK,
    WITHOUT_PAGES_A_CREATION_OR_BIND_FAILS_AND_LEAVES_NOTHING,
];

#[scenario]
fn an_object_has_pages_from_the_start_where_the_gpu_sees_no_caches(s: &mut Session) {
    let file = s.open();
    s.bo(file, 5000);
    s.bo(file, 1);
    s.bo(file, 2 << 20);
}

#[scenario]
fn a_coherent_gpu_needs_no_pages_before_a_bind_or_a_mapping(s: &mut Session) {
    s.boot(HwConfig::coherent());
    let (file, vm) = s.vm();
    let (bound, mapped) = (s.bo(file, 5000), s.bo(file, 0x4000));
    s.bind(file, vm, &[map(bound, 0x1_0000, 0x2000)]);
    s.show(file, vm);
    s.show_bo(file, bound);
    s.bind(file, vm, &[unmap(0x1_0000, 0x2000)]);
    s.show_bo(file, bound);
    s.part("a mapping has all pages at once, before any is touched");
    let at = s.mmap(file, mapped, 0x4000);
    s.show_bo(file, mapped);
    s.munmap(at, 0x4000);
}

#[scenario]
fn creation_refuses_what_no_object_can_be(s: &mut Session) {
    let (file, vm) = s.vm();
    let sizes = [0, u64::MAX, u64::MAX - 0xfff, 1 << 63, 1 << 42];
    for size in sizes {
        s.bo(file, size);
    }
    let base = BoCreate {
        size: 4096,
        ..BoCreate::default()
    };
    s.bo_create(file, BoCreate { flags: 2, ..base });
    s.bo_create(file, BoCreate { pad: 1, ..base });
    s.bo_create(
        file,
        BoCreate {
            exclusive_vm_id: vm + 1,
            ..base
        },
    );
    s.objects_left();
}

#[scenario]
fn an_object_that_may_not_be_mapped_has_an_offset_all_the_same(s: &mut Session) {
    let file = s.open();
    let object = s.bo_create(
        file,
        BoCreate {
            size: 0x4000,
            flags: BO_NO_MMAP,
            ..BoCreate::default()
        },
    );
    s.mmap(file, object, 0x4000);
    let plain = s.bo(file, 0x4000);
    s.mmap(file, plain, 0x5000);
    s.mmap(file, plain + 7, 0x4000);
}

#[scenario]
fn a_cpu_mapping_outlives_the_handle(s: &mut Session) {
    let file = s.open();
    let object = s.bo(file, 0x4000);
    let at = s.mmap(file, object, 0x4000);
    s.poke(at, 0x1388, 0xab);
    s.close(file, object);
    s.peek(at, 0x1388);
    s.objects_left();
    s.munmap(at, 0x4000);
    s.objects_left();
}

#[scenario]
fn closing_a_handle_keeps_what_is_bound(s: &mut Session) {
    let (file, vm) = s.vm();
    let object = s.bo(file, 0x4000);
    s.bind(
        file,
        vm,
        &[
            map(object, 0x10_0000, 0x4000),
            map(object, 0x20_0000, 0x2000).at(0x2000),
        ],
    );
    s.gpu_writes(file, vm, 0x10_2000, 0x42);
    s.close(file, object);
    s.gpu_reads(file, vm, 0x20_0000);
    s.objects_left();
    s.bind(file, vm, &[unmap(0x10_0000, 0x4000)]);
    s.objects_left();
    s.bind(file, vm, &[unmap(0x20_0000, 0x2000)]);
    s.objects_left();
}

#[scenario]
fn unbinding_gives_no_memory_back(s: &mut Session) {
    let (file, vm) = s.vm();
    let object = s.bo(file, 0x8000);
    s.bind(file, vm, &[map(object, 0x10_0000, 0x8000)]);
    s.show_bo(file, object);
    s.bind(file, vm, &[unmap(0x10_0000, 0x8000)]);
    s.show(file, vm);
    s.show_bo(file, object);
    s.close(file, object);
}

#[scenario]
fn without_pages_a_creation_or_bind_fails_and_leaves_nothing(s: &mut Session) {
    let (file, _) = s.vm();
    s.machine.limit_commit(Some(4));
    s.bo(file, 0x10_0000);
    s.bo(file, 0x4000);
    s.machine.limit_commit(None);
    s.part("where pages come later, so does the failure");
    s.boot(HwConfig::coherent());
    let (file, vm) = s.vm();
    let object = s.bo(file, 0x10_0000);
    s.machine.limit_commit(Some(4));
    s.bind(file, vm, &[map(object, 0x10_0000, 0x10_0000)]);
    s.mmap(file, object, 0x10_0000);
    s.show(file, vm);
    s.show_bo(file, object);
    s.vm_state(file, vm);
    s.machine.limit_commit(None);
    s.bind(file, vm, &[map(object, 0x10_0000, 0x10_0000)]);
}
