//! Flushes of the MMU's caches, and what happens without them; the device that does not answer, or is gone.

use drm_core::device::Driver;
use migrate_macros::scenario;
use port_imagination::hw::Health;
use port_imagination::uapi::*;

use super::session::{GENERAL, Session};

const PAGE: u64 = 4096;

#[scenario]
fn a_map_is_flushed_by_the_next_job(s: &mut Session) {
    let vm = s.vm();
    let context = s.compute_context(vm);
    let bo = s.bo("bo", 2, BoFlags::empty());
    s.show_commands();
    let _mapped = s.map(vm, GENERAL, bo, 0, 1);
    s.show_commands();
    let _mapped = s.map(vm, GENERAL + PAGE, bo, 1, 1);
    s.show_commands();
    let _flushed = s.submit(context, GENERAL);
    s.show_commands();
    s.note("nothing to flush, nothing flushed");
    let _submitted = s.submit(context, GENERAL);
    s.show_commands();
    s.note("an unmap that leaves the page table is flushed at once");
    let _unmapped = s.unmap(vm, GENERAL + PAGE, PAGE);
    s.show_commands();
}

/// The entry in the directory is cleared and the table freed, but the only sync that is asked for is that of the table,
/// which is not there any more.
#[scenario]
fn an_emptied_page_table_is_not_flushed(s: &mut Session) {
    let vm = s.vm();
    let context = s.compute_context(vm);
    let bo = s.bo("bo", 1, BoFlags::empty());
    let page = s.bo("program", 1, BoFlags::empty());
    s.write(bo, 0, &[0x11]);
    let _mapped = s.map(vm, GENERAL, bo, 0, 1);
    let _mapped = s.map(vm, 0xe0_0000_0000, page, 0, 1);
    let _flushed = s.submit(context, 0xe0_0000_0000);
    s.show_commands();
    s.gpu_reads(vm, GENERAL);
    let _unmapped = s.unmap(vm, GENERAL, PAGE);
    s.show_commands();
    s.show_space(vm);
    s.close(bo);
    s.forget("bo");
    s.note("the page is somebody else's by now");
    let other = s.bo("other", 1, BoFlags::empty());
    s.write(other, 0, &[0x22]);
    s.gpu_reads(vm, GENERAL);
    s.note("any later flush helps");
    let third = s.bo("third", 1, BoFlags::empty());
    let _mapped = s.map(vm, 0xe0_0000_1000, third, 0, 1);
    let _flushed = s.submit(context, 0xe0_0000_0000);
    s.gpu_reads(vm, GENERAL);
}

#[scenario]
fn a_displaced_page_stays_reachable_until_a_flush(s: &mut Session) {
    let vm = s.vm();
    let context = s.compute_context(vm);
    let old = s.bo("old", 1, BoFlags::empty());
    let new = s.bo("new", 1, BoFlags::empty());
    let code = s.bo("code", 1, BoFlags::empty());
    let _mapped = s.map(vm, 0xe0_0000_0000, code, 0, 1);
    s.write(old, 0, &[0x01]);
    s.write(new, 0, &[0x02]);
    let _mapped = s.map(vm, GENERAL, old, 0, 1);
    let _flushed = s.submit(context, 0xe0_0000_0000);
    s.gpu_reads(vm, GENERAL);
    s.pvr.gpu.take_commands();
    let frames = s.machine.frames().stats().used;
    s.close(old);
    let _mapped = s.map(vm, GENERAL, new, 0, 1);
    let freed = frames - s.machine.frames().stats().used;
    s.trace
        .line(format_args!("frames freed by the map: {freed}"));
    s.show_space(vm);
    s.show_commands();
    s.gpu_reads(vm, GENERAL);
    let _flushed = s.submit(context, 0xe0_0000_0000);
    s.gpu_reads(vm, GENERAL);
}

#[scenario]
fn without_firmware_nothing_is_flushed(s: &mut Session) {
    let vm = s.vm();
    let bo = s.bo("bo", 3, BoFlags::empty());
    s.pvr.control.set_booted(false);
    let _mapped = s.map(vm, GENERAL, bo, 0, 2);
    let _mapped = s.map(vm, GENERAL + 2 * PAGE, bo, 2, 1);
    let _unmapped = s.unmap(vm, GENERAL, 2 * PAGE);
    s.show_space(vm);
    s.show_commands();
    s.pvr.control.set_booted(true);
    let _mapped = s.map(vm, GENERAL, bo, 0, 2);
    let _unmapped = s.unmap(vm, GENERAL, 2 * PAGE);
    s.show_commands();
}

#[scenario]
fn a_stuck_firmware_is_reset_for_a_flush(s: &mut Session) {
    let vm = s.vm();
    let bo = s.bo("bo", 2, BoFlags::empty());
    let _mapped = s.map(vm, GENERAL, bo, 0, 2);
    let _mapped = s.map(vm, GENERAL + 2 * PAGE, bo, 0, 1);
    s.pvr.gpu.set_health(Health::Hung);
    let started = s.machine.clock().now();
    let _unmapped = s.unmap(vm, GENERAL, 2 * PAGE);
    let took = (s.machine.clock().now() - started) / 1_000_000;
    s.trace.line(format_args!("after {took} ms"));
    s.show_commands();
    s.show_space(vm);
}

#[scenario]
fn a_dead_firmware_loses_the_device(s: &mut Session) {
    let vm = s.vm();
    let bo = s.bo("bo", 2, BoFlags::empty());
    let _mapped = s.map(vm, GENERAL, bo, 0, 1);
    let _mapped = s.map(vm, GENERAL + PAGE, bo, 0, 1);
    s.pvr.gpu.set_health(Health::Dead);
    let _unmapped = s.unmap(vm, GENERAL, PAGE);
    s.show_space(vm);
    let _refused = s.map(vm, GENERAL, bo, 0, 1);
    let unplugged = s.pvr.device.is_unplugged();
    s.trace.line(format_args!("unplugged: {unplugged}"));
}

/// The core refuses everything with `ENODEV`. An ioctl that was on its way when the device went gets the driver's answers.
#[scenario]
fn an_unplugged_device(s: &mut Session) {
    let vm = s.vm();
    let bo = s.bo("bo", 2, BoFlags::ALLOW_CPU_USERSPACE_ACCESS);
    let list = s.bo("list", 1, BoFlags::PM_FW_PROTECT);
    let _mapped = s.map(vm, GENERAL, bo, 0, 2);
    let _mapped = s.map(vm, GENERAL + 2 * PAGE, list, 0, 1);
    let mut free_list = CreateFreeList {
        free_list_gpu_addr: GENERAL + 2 * PAGE,
        initial_num_pages: 32,
        max_num_pages: 32,
        vm_context_handle: vm,
        ..CreateFreeList::default()
    };
    s.raw(0, CREATE_FREE_LIST, &mut free_list).expect("memory");
    let _mapping = s.mmap(bo);
    s.show_commands();
    s.pvr.device.unplug();
    s.note("after the device is gone");
    let _refused = s.map(vm, GENERAL, bo, 0, 1);
    let _refused = s.unmap(vm, GENERAL, 2 * PAGE);
    s.note("on their way meanwhile");
    let driver = s.pvr.device.driver().clone();
    let mut driver_ioctl = |what: &str, nr: u32, arg: &mut [u8]| {
        let result = Driver::ioctl(&*driver, &s.files[0], nr, arg);
        s.trace
            .record(&s.machine, what, port_kit::trace::outcome(&result));
    };
    let mut create = CreateBo {
        size: PAGE,
        ..CreateBo::default()
    };
    driver_ioctl("create_bo", 1, bytemuck::bytes_of_mut(&mut create));
    let mut offset = GetBoMmapOffset {
        handle: bo,
        ..GetBoMmapOffset::default()
    };
    driver_ioctl("get_bo_mmap_offset", 2, bytemuck::bytes_of_mut(&mut offset));
    driver_ioctl("create_vm_context", 3, &mut [0; 8]);
    driver_ioctl("vm_map", 5, &mut [0; 40]);
    driver_ioctl("create_context", 7, &mut [0; 40]);
    driver_ioctl("create_free_list", 9, &mut [0; 32]);
    driver_ioctl("create_hwrt_dataset", 11, &mut [0; 136]);
    driver_ioctl("submit_jobs", 13, &mut [0; 16]);
    let mut unmap = VmUnmap {
        vm_context_handle: vm,
        device_addr: GENERAL,
        size: 2 * PAGE,
        ..VmUnmap::default()
    };
    driver_ioctl("vm_unmap", 6, bytemuck::bytes_of_mut(&mut unmap));
    s.show_space(vm);
    s.show_commands();
}
