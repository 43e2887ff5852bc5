//! Firmware objects: the heap they are in, resets, failures.

use drm_core::machine::Fail;
use migrate_macros::scenario;
use port_imagination::fwif::fwccb;
use port_imagination::uapi::{BoFlags, CREATE_VM_CONTEXT, VmContextArg};
use port_imagination::{Params, Processor};

use super::session::{GENERAL, Session};

fn show_heap(s: &mut Session) {
    for object in s.pvr.control.fw_objects() {
        let kept = if object.kept { " kept" } else { "" };
        s.trace.line(format_args!(
            "{:#09x}+{:#x} at {:#010x}{kept}",
            object.offset, object.size, object.addr
        ));
    }
}

#[scenario]
fn the_heap_of_the_firmware(s: &mut Session) {
    show_heap(s);
    s.note("an address space has an object of its own, in the lowest hole");
    let vm = s.vm();
    let last = s.pvr.control.fw_objects().pop().expect("objects");
    s.trace
        .line(format_args!("{:#x}+{:#x}", last.offset, last.size));
    let root = s.root(0, vm);
    let found = s.pvr.gpu.fw_read64(last.addr) == root;
    s.trace.line(format_args!(
        "the firmware finds the page catalogue: {found}"
    ));
    s.note("entries of the flat table: the last of the code, none, the space's");
    for (what, offset) in [
        ("code", 0xf000),
        ("hole", 0xff_0000 - 0x10_0000),
        ("space", last.offset),
    ] {
        let entry = s.pvr.control.mips_entries(offset, 1)[0];
        s.trace
            .line(format_args!("{what}: low bits {:#x}", entry & 0x3f));
    }
    s.destroy_vm(vm);
    let entry = s.pvr.control.mips_entries(last.offset, 1)[0];
    s.trace.line(format_args!("space: {entry:#x}"));
}

#[scenario]
fn the_heap_of_a_meta_firmware(s: &mut Session) {
    s.probe_as(Params {
        processor: Processor::Meta,
        ..Params::default()
    });
    show_heap(s);
    let vm = s.vm();
    let bo = s.bo("bo", 1, BoFlags::empty());
    let _mapped = s.map(vm, GENERAL, bo, 0, 1);
    let context = s.compute_context(vm);
    let _submitted = s.submit(context, GENERAL);
    s.show_commands();
}

#[scenario]
fn a_hard_reset_makes_firmware_objects_anew(s: &mut Session) {
    let vm = s.vm();
    let bo = s.bo("bo", 1, BoFlags::empty());
    s.write(bo, 0, &[0x77]);
    let _mapped = s.map(vm, GENERAL, bo, 0, 1);
    let objects = s.pvr.control.fw_objects();
    let find = |kept: bool| {
        let object = objects.iter().rfind(|object| object.kept == kept);
        object.expect("both kinds").addr
    };
    let (space, trace) = (find(false), find(true));
    let code = objects[0].addr;
    let show = |s: &mut Session| {
        let words = [space, space + 8, trace + 856, code].map(|addr| s.pvr.gpu.fw_read32(addr));
        let catalogue = u64::from(words[0]) == s.root(0, vm) & 0xffff_ffff;
        s.trace.line(format_args!(
            "catalogue there: {catalogue}, register {:#x}, trace size {}, code {:#x}",
            words[1], words[2], words[3]
        ));
    };
    show(s);
    s.note("the firmware scribbles over all of it");
    for addr in [space, space + 8, trace + 856, code] {
        s.pvr.gpu.fw_write32(addr.into(), 0x1234);
    }
    show(s);
    let result = s.pvr.control.hard_reset();
    s.answer("hard reset", &result);
    show(s);
    s.note("user objects are not touched");
    s.gpu_reads(vm, GENERAL);
    let context = s.compute_context(vm);
    let _submitted = s.submit(context, GENERAL + 4096);
    s.show_commands();
}

#[scenario]
fn a_soft_reset_keeps_firmware_objects(s: &mut Session) {
    let vm = s.vm();
    let bo = s.bo("bo", 1, BoFlags::empty());
    let _mapped = s.map(vm, GENERAL, bo, 0, 1);
    s.pvr.gpu.request(fwccb::REQUEST_GPU_RESTART, &[]);
    s.settle();
    s.trace.log(&s.machine);
    s.show_commands();
    let context = s.compute_context(vm);
    let _submitted = s.submit(context, GENERAL);
    s.show_commands();
    s.note("a command that the driver does not know");
    s.pvr.gpu.request(0x2abc_0066, &[]);
    s.trace.log(&s.machine);
}

/// The error path of a firmware object asks the buffer object that is not there for its device.
#[scenario]
fn no_memory_for_a_firmware_object(s: &mut Session) {
    s.machine.failpoints().fail_nth(Fail::PageAlloc, 2);
    let mut args = VmContextArg::default();
    let result = s.raw(0, CREATE_VM_CONTEXT, &mut args);
    s.answer("create_vm_context", &result);
    s.note("no memory for the page catalogue, for the struct: no crash");
    for kind in [Fail::TableAlloc, Fail::Alloc] {
        s.machine.failpoints().fail_nth(kind, 1);
        let result = s.raw(0, CREATE_VM_CONTEXT, &mut args);
        s.answer("create_vm_context", &result);
    }
}

#[scenario]
fn a_full_firmware_heap(s: &mut Session) {
    let mut made = 0;
    let result = loop {
        let mut args = VmContextArg::default();
        match s.raw(0, CREATE_VM_CONTEXT, &mut args) {
            Ok(()) => made += 1,
            Err(error) => break Err::<(), _>(error),
        }
    };
    s.trace.line(format_args!("{made} address spaces"));
    s.answer("one more", &result);
    let commands = s.pvr.gpu.take_commands().len();
    s.trace.line(format_args!("{commands} commands"));
}
