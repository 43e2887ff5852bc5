//! Queued binds: what they wait for and signal, and what a failure ends.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_panthor::uapi::VM_BIND_OP_TYPE_SYNC_ONLY;

use super::session::{Session, Stream, map, unmap};

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_QUEUED_BIND_WAITS_FOR_AND_SIGNALS_SYNC_OBJECTS,
    OPERATIONS_OF_ONE_BIND_MAY_WAIT_FOR_EACH_OTHER,
    A_QUEUED_BIND_IS_PREPARED_AS_A_WHOLE_OR_NOT_AT_ALL,
    A_QUEUED_BIND_THAT_FAILS_ENDS_THE_SPACE,
    A_MAP_THAT_THE_DEVICE_DOES_NOT_HEAR_OF_LEAVES_ITS_ENTRIES,
    A_QUEUED_BIND_OF_SIZE_0_LEAVES_AN_EMPTY_MAPPING,
    AN_EMPTY_MAPPING_AT_0_STANDS_IN_THE_WAY_OF_EVERYTHING,
    A_BIND_THAT_WAITS_IS_DONE_AFTER_ITS_SPACE_HAS_ENDED,
];

#[scenario]
fn a_queued_bind_waits_for_and_signals_sync_objects(s: &mut Session) {
    let (file, vm) = s.vm();
    let object = s.bo(file, 0x4000);
    let (go, done) = (s.syncobj(file), s.syncobj(file));
    s.part("a sync object without a fence cannot be waited for");
    s.bind_async(file, vm, &[map(object, 0x10_0000, 0x4000).wait(go)]);
    s.bind_async(file, vm, &[map(object, 0x10_0000, 0x4000).wait(77)]);
    s.bind_async(file, vm, &[map(object, 0x10_0000, 0x4000).signal(77)]);
    s.part("a fence that is pending holds the queue back");
    let pending = drm_core::resv::FenceContext::new().fence();
    s.files[file]
        .syncobj(go)
        .expect("exists")
        .replace_fence(Some(pending.clone()));
    s.bind_async(
        file,
        vm,
        &[map(object, 0x10_0000, 0x4000).wait(go).signal(done)],
    );
    s.bind_async(file, vm, &[unmap(0x10_2000, 0x1000)]);
    s.fence(file, done);
    s.show(file, vm);
    s.part("a bind that is not queued overtakes it");
    s.bind(file, vm, &[map(object, 0x20_0000, 0x1000)]);
    s.show(file, vm);
    pending.signal();
    s.part("the fence signals");
    s.fence(file, done);
    s.show(file, vm);
    s.vm_state(file, vm);
    s.part("a fence of user space's own");
    s.signal(file, go);
    s.bind_async(file, vm, &[unmap(0, 1 << 40).wait(go).signal(done)]);
    s.fence(file, done);
    s.show(file, vm);
}

#[scenario]
fn operations_of_one_bind_may_wait_for_each_other(s: &mut Session) {
    let (file, vm) = s.vm();
    let object = s.bo(file, 0x4000);
    let (first, last) = (s.syncobj(file), s.syncobj(file));
    s.bind_async(
        file,
        vm,
        &[
            map(object, 0x10_0000, 0x4000).signal(first),
            unmap(0x10_0000, 0x1000).wait(first).signal(last),
        ],
    );
    s.fence(file, first);
    s.fence(file, last);
    s.show(file, vm);
    s.part("only to wait and to signal");
    let only = map(0, 0, 0).flags(VM_BIND_OP_TYPE_SYNC_ONLY);
    s.bind_async(file, vm, &[only.clone().wait(last)]);
    s.bind_async(file, vm, &[only]);
}

#[scenario]
fn a_queued_bind_is_prepared_as_a_whole_or_not_at_all(s: &mut Session) {
    let (file, vm) = s.vm();
    let object = s.bo(file, 0x4000);
    s.bind_async(
        file,
        vm,
        &[
            map(object, 0x20_0000, 0x1000),
            map(object, 0x21_0001, 0x1000),
        ],
    );
    s.show(file, vm);
    s.show_bo(file, object);
    s.vm_state(file, vm);
}

#[scenario]
fn a_queued_bind_that_fails_ends_the_space(s: &mut Session) {
    let (file, vm) = s.vm();
    let (object, done) = (s.bo(file, 0x4000), s.syncobj(file));
    s.bind(file, vm, &[map(object, 0x10_0000, 0x4000)]);
    s.part("the space is in a slot, whose commands time out from now on");
    let group = s.group(file, vm);
    s.submit(
        file,
        vm,
        group,
        0x10_0000,
        &Stream::default().store(0x10_3000, 1),
        done,
    );
    s.slot(file, vm);
    s.gpu.hw().set_stuck(true);
    s.bind_async(file, vm, &[map(object, 0x20_0000, 0x4000).signal(done)]);
    s.gpu.hw().set_stuck(false);
    s.fence(file, done);
    s.vm_state(file, vm);
    s.show(file, vm);
    s.part("nothing can be mapped any more; unmapping is allowed, but not queued");
    s.bind(file, vm, &[map(object, 0x30_0000, 0x4000)]);
    s.bind_async(file, vm, &[map(object, 0x30_0000, 0x4000)]);
    s.bind_async(file, vm, &[unmap(0x10_0000, 0x4000)]);
    s.bind(file, vm, &[unmap(0x10_0000, 0x1000)]);
    s.show(file, vm);
    s.part("a failure that the caller is told of ends nothing");
    let fresh = s.vm_create(file, 0, 0);
    s.bind(file, fresh, &[map(object, 0x123, 0x1000)]);
    s.vm_state(file, fresh);
    s.part("a new space with the same id is usable");
    s.group_destroy(file, group);
    s.vm_destroy(file, vm);
    let again = s.vm_create(file, 0, 0);
    s.vm_state(file, again);
}

#[scenario]
fn a_map_that_the_device_does_not_hear_of_leaves_its_entries(s: &mut Session) {
    let (file, vm) = s.vm();
    let (stream, object, done) = (s.bo(file, 0x1000), s.bo(file, 0x1000), s.syncobj(file));
    s.bind(file, vm, &[map(stream, 0x10_0000, 0x1000)]);
    let group = s.group(file, vm);
    s.submit(
        file,
        vm,
        group,
        0x10_0000,
        &Stream::default().store(0x10_0800, 1),
        done,
    );
    s.gpu.hw().set_stuck(true);
    s.bind(file, vm, &[map(object, 0x20_0000, 0x1000)]);
    s.gpu.hw().set_stuck(false);
    s.vm_state(file, vm);
    s.part("nothing is mapped there, as the driver sees it");
    s.show_bo(file, object);
    s.bind(file, vm, &[unmap(0x20_0000, 0x1000)]);
    s.close(file, object);
    s.part("the memory is free, and the GPU still reaches it: it is the next object's");
    let next = s.bo(file, 0x1000);
    let at = s.mmap(file, next, 0x1000);
    s.gpu_writes(file, vm, 0x20_0000, 0xbad);
    s.peek(at, 0);
}

#[scenario]
fn a_queued_bind_of_size_0_leaves_an_empty_mapping(s: &mut Session) {
    let (file, vm) = s.vm();
    let (object, done) = (s.bo(file, 0x1_0000), s.syncobj(file));
    s.bind_async(file, vm, &[map(object, 0x20_0000, 0).signal(done)]);
    s.fence(file, done);
    s.bind_async(file, vm, &[map(object, 0x20_0000, 0)]);
    s.show(file, vm);
    s.part("what unmaps it, and what does not");
    s.bind_async(file, vm, &[unmap(0x20_0000, 0)]);
    s.bind(file, vm, &[unmap(0x1f_0000, 0x1_0000)]);
    s.show(file, vm);
    s.bind(file, vm, &[unmap(0x1f_0000, 0x2_0000)]);
    s.show(file, vm);
    s.part("in the middle of another it splits that");
    s.bind(file, vm, &[map(object, 0x30_0000, 0x1_0000)]);
    s.bind_async(file, vm, &[map(object, 0x30_4000, 0)]);
    s.show(file, vm);
    s.vm_state(file, vm);
}

#[scenario]
fn an_empty_mapping_at_0_stands_in_the_way_of_everything(s: &mut Session) {
    let (file, vm) = s.vm();
    let (object, done) = (s.bo(file, 0x4000), s.syncobj(file));
    s.bind_async(file, vm, &[map(object, 0, 0)]);
    s.show(file, vm);
    s.part("a bind elsewhere fails, where nothing is mapped");
    s.bind(file, vm, &[map(object, 0x10_0000, 0x4000)]);
    s.show(file, vm);
    s.vm_state(file, vm);
    s.part("and queued, it ends the space");
    s.bind_async(file, vm, &[map(object, 0x10_0000, 0x4000).signal(done)]);
    s.fence(file, done);
    s.vm_state(file, vm);
    s.part("the end of the space takes it");
    s.vm_destroy(file, vm);
    s.show_bo(file, object);
    s.close(file, object);
    s.objects_left();
}

#[scenario]
fn a_bind_that_waits_is_done_after_its_space_has_ended(s: &mut Session) {
    let (file, vm) = s.vm();
    let (object, go) = (s.bo(file, 0x4000), s.syncobj(file));
    let pending = drm_core::resv::FenceContext::new().fence();
    s.files[file]
        .syncobj(go)
        .expect("exists")
        .replace_fence(Some(pending.clone()));
    s.bind_async(file, vm, &[map(object, 0x10_0000, 0x4000).wait(go)]);
    s.vm_destroy(file, vm);
    s.show_bo(file, object);
    s.part("what it waited for signals: it maps into a space that nobody can reach, nor end");
    pending.signal();
    s.show_bo(file, object);
    s.close(file, object);
    s.objects_left();
}
