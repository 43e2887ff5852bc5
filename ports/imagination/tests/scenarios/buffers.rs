//! Buffer objects: creation, zero, who may map, how long they live.

use drm_core::machine::Fail;
use migrate_macros::scenario;
use port_imagination::uapi::{BoFlags, CreateBo, GET_BO_MMAP_OFFSET, GetBoMmapOffset};

use super::session::{GENERAL, Session};

const MAPPABLE: BoFlags = BoFlags::ALLOW_CPU_USERSPACE_ACCESS;

fn create(size: u64, flags: BoFlags) -> CreateBo {
    CreateBo {
        size,
        flags: flags.bits(),
        ..CreateBo::default()
    }
}

#[scenario]
fn a_buffer_is_zero_and_stays(s: &mut Session) {
    let frames = s.machine.frames().stats().used;
    let bo = s.create_bo(create(4096, MAPPABLE));
    let held = s.machine.frames().stats().used - frames;
    s.trace.line(format_args!("frames held: {held}"));
    s.print_info(bo);
    let zero = s.bytes(bo, 0, 4096).iter().all(|byte| *byte == 0);
    s.trace.line(format_args!("all zero: {zero}"));
    let addr = s.mmap(bo).expect("a mapping");
    s.process.write(addr + 100, b"rogue").expect("a page");
    let mut bytes = [0; 5];
    s.process.read(addr + 100, &mut bytes).expect("a page");
    s.trace
        .line(format_args!("read back: {}", bytes.escape_ascii()));
    s.print_info(bo);
    s.trace.line(format_args!(
        "kernel sees: {}",
        s.bytes(bo, 100, 5).escape_ascii()
    ));
}

#[scenario]
fn bad_buffers_are_refused(s: &mut Session) {
    let frames = s.machine.frames().stats().used;
    s.create_bo(create(0, BoFlags::empty()));
    s.create_bo(create(4097, BoFlags::empty()));
    s.create_bo(CreateBo {
        flags: 8,
        ..create(4096, BoFlags::empty())
    });
    s.create_bo(create(4096, BoFlags::PM_FW_PROTECT | MAPPABLE));
    s.create_bo(create(4096, BoFlags::CPU_CACHED));
    s.create_bo(create(4096, BoFlags::FW_NO_CLEAR_ON_RESET));
    s.create_bo(CreateBo {
        padding_c: 1,
        ..create(4096, BoFlags::empty())
    });
    let held = s.machine.frames().stats().used - frames;
    s.trace.line(format_args!("frames held: {held}"));
}

#[scenario]
fn flags_say_who_may_map_and_share(s: &mut Session) {
    s.note("no flag: an offset, but no mapping");
    let plain = s.create_bo(create(4096, BoFlags::empty()));
    let _refused = s.mmap(plain);
    let _shared = s.export(plain);
    s.note("protected: no sharing either");
    let protected = s.create_bo(create(4096, BoFlags::PM_FW_PROTECT));
    let _refused = s.mmap(protected);
    let _refused = s.export(protected);
    s.note("open to processes");
    let open = s.create_bo(create(4096, MAPPABLE));
    let _mapped = s.mmap(open);
    s.note("offsets of what is not there");
    let _unknown = s.mmap_offset(99);
    let mut args = GetBoMmapOffset {
        handle: open,
        padding_4: 1,
        ..GetBoMmapOffset::default()
    };
    let result = s.raw(0, GET_BO_MMAP_OFFSET, &mut args);
    s.answer("padding", &result);
}

#[scenario]
fn closing_a_handle_leaves_the_gpu_mapping(s: &mut Session) {
    let vm = s.vm();
    let bo = s.bo("bo", 1, BoFlags::empty());
    s.write(bo, 0, &[0x5a]);
    let _mapped = s.map(vm, GENERAL, bo, 0, 1);
    let frames = s.machine.frames().stats().used;
    s.close(bo);
    s.gpu_reads(vm, GENERAL);
    let _again = s.map(vm, GENERAL, bo, 0, 1);
    let _unmapped = s.unmap(vm, GENERAL, 4096);
    let freed = frames - s.machine.frames().stats().used;
    s.trace
        .line(format_args!("frames freed: {freed}, two of them tables"));
}

#[scenario]
fn no_memory_for_a_buffer(s: &mut Session) {
    let frames = s.machine.frames().stats().used;
    s.note("no page");
    s.machine.failpoints().fail_nth(Fail::PageAlloc, 3);
    s.create_bo(create(4 * 4096, MAPPABLE));
    s.note("no room for the kernel mapping that zeroes it: nobody looks");
    s.machine.failpoints().fail_nth(Fail::Vmap, 1);
    let bo = s.create_bo(create(4096, MAPPABLE));
    let zero = s.bytes(bo, 0, 4096).iter().all(|byte| *byte == 0);
    s.trace.line(format_args!("all zero: {zero}"));
    s.print_info(bo);
    s.note("a signal before the pages");
    s.machine.failpoints().fail_nth(Fail::Signal, 1);
    s.create_bo(create(4096, MAPPABLE));
    s.close(bo);
    let held = s.machine.frames().stats().used - frames;
    s.trace.line(format_args!("frames held: {held}"));
}

#[scenario]
fn caches_are_synced_for_cached_objects_alone(s: &mut Session) {
    for (name, flags) in [
        ("write-combined", BoFlags::PM_FW_PROTECT),
        ("cached", BoFlags::PM_FW_PROTECT | BoFlags::CPU_CACHED),
    ] {
        let bo = s
            .pvr
            .control
            .create_kernel_bo(2 * 4096, flags)
            .expect("memory");
        let synced = |s: &Session| s.machine.counters().snapshot().cache_synced;
        let before = synced(s);
        s.pvr.control.kernel_map(&bo).expect("a mapping");
        let mapped = synced(s);
        s.pvr.control.kernel_unmap(&bo);
        let unmapped = synced(s);
        s.trace.line(format_args!(
            "{name}: vmap syncs {} bytes, vunmap {}",
            mapped - before,
            unmapped - mapped
        ));
    }
}
