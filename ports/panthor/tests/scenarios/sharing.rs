//! Objects of one space, and objects of others.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_panthor::uapi::{BO_NO_MMAP, BoCreate};

use super::session::{Session, map, unmap};

pub(crate) const ALL: &[Scenario<Session>] = &[
    AN_EXCLUSIVE_OBJECT_IS_OF_ONE_SPACE_AND_IS_NOT_SHARED,
    EXCLUSIVE_OBJECTS_SHARE_THE_LOCK_OF_THEIR_SPACE,
    AN_IMPORT_IS_BOUND_AS_IT_IS,
    AN_OWN_BUFFER_COMES_BACK_AS_THE_SAME_OBJECT,
    A_BUFFER_OF_AN_OBJECT_THAT_MAY_NOT_BE_MAPPED_IS_NO_WAY_IN,
];

#[scenario]
fn an_exclusive_object_is_of_one_space_and_is_not_shared(s: &mut Session) {
    let (file, vm) = s.vm();
    let other = s.vm_create(file, 0, 0);
    let object = s.bo_create(
        file,
        BoCreate {
            size: 0x4000,
            exclusive_vm_id: vm,
            ..BoCreate::default()
        },
    );
    s.bind(file, other, &[map(object, 0x10_0000, 0x4000)]);
    s.bind(file, vm, &[map(object, 0x10_0000, 0x4000)]);
    s.export(file, object);
    s.show(file, vm);
    s.show(file, other);
}

#[scenario]
fn exclusive_objects_share_the_lock_of_their_space(s: &mut Session) {
    let (file, vm) = s.vm();
    let exclusive = BoCreate {
        size: 0x1000,
        exclusive_vm_id: vm,
        ..BoCreate::default()
    };
    let (a, b, own) = (
        s.bo_create(file, exclusive),
        s.bo_create(file, exclusive),
        s.bo(file, 0x1000),
    );
    let object = |s: &Session, handle| s.files[file].lookup(handle).expect("the handle is known");
    let (a, b, own) = (object(s, a), object(s, b), object(s, own));
    let shared = a.gem().resv().is(b.gem().resv());
    let apart = !a.gem().resv().is(own.gem().resv());
    s.record(
        "two exclusive objects of a space are under one lock",
        shared,
    );
    s.record("one that is not is under its own", apart);
}

#[scenario]
fn an_import_is_bound_as_it_is(s: &mut Session) {
    let (file, vm) = s.vm();
    let buffer = s.foreign(16);
    let object = s.import(file, buffer);
    s.bind(
        file,
        vm,
        &[
            map(object, 0x10_0000, 0x1_0000),
            map(object, 0x20_0000, 0x2000).at(0x1000),
        ],
    );
    s.show(file, vm);
    s.show_bo(file, object);
    s.part("the CPU sees it through its exporter");
    let at = s.mmap(file, object, 0x1_0000);
    s.poke(at, 0x1000, 9);
    s.gpu_reads(file, vm, 0x20_0000);
    s.part("a second import is the same object, and one close ends both");
    let again = s.import(file, buffer);
    s.close(file, object);
    s.close(file, again);
    s.gpu_reads(file, vm, 0x20_0000);
    s.bind(file, vm, &[unmap(0, 1 << 40)]);
    s.munmap(at, 0x1_0000);
}

#[scenario]
fn an_own_buffer_comes_back_as_the_same_object(s: &mut Session) {
    let (file, vm) = s.vm();
    let (other, other_vm) = s.vm();
    let object = s.bo(file, 0x4000);
    let buffer = s.export(file, object).expect("exports");
    s.import(file, buffer);
    let theirs = s.import(other, buffer);
    s.bind(file, vm, &[map(object, 0x10_0000, 0x4000)]);
    s.bind(other, other_vm, &[map(theirs, 0x30_0000, 0x4000)]);
    s.gpu_writes(file, vm, 0x10_0000, 0x1234);
    s.gpu_reads(other, other_vm, 0x30_0000);
    s.show_bo(file, object);
}

#[scenario]
fn a_buffer_of_an_object_that_may_not_be_mapped_is_no_way_in(s: &mut Session) {
    let file = s.open();
    let object = s.bo_create(
        file,
        BoCreate {
            size: 0x4000,
            flags: BO_NO_MMAP,
            ..BoCreate::default()
        },
    );
    let buffer = s.export(file, object).expect("exports");
    let attached = s.vgem.import(&s.buffers[buffer]);
    s.record("another device attaches", format_args!("{attached:?}"));
    let mapped = s.process.mmap_dma_buf(
        &s.buffers[buffer],
        0x4000,
        drm_core::mmap::Prot::ReadWrite,
        drm_core::mmap::Sharing::Shared,
        0,
    );
    s.record("mmap of the buffer", format_args!("{mapped:?}"));
    let detached = attached.and_then(|handle| s.vgem.close(handle));
    s.record("it detaches", format_args!("{detached:?}"));
}
